"""The size at which a page is detected: as small as its text allows, since detection costs by the pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from actors.engines.fast.glyphs import glyph_height

if TYPE_CHECKING:
    from actors.contracts import Image

_STRIDE = 32
"""Sides are multiples of the network's stride (PaddleX text_detection/processors.py)."""

STOCK_LIMIT = 4000
"""Longest side of stock (PaddleX configs/pipelines/OCR.yaml: max_side_limit)."""


@dataclass(frozen=True, slots=True)
class Size:
    """Size of a picture in pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class LimitRule:
    """PaddleOCR's rule: a bound on the short ("min") or the long side ("max")."""

    side: int
    kind: Literal["min", "max"]

    def size(self, page: Image) -> Size:
        """Size at which the page is detected."""
        height, width = page.shape[:2]
        ratio = 1.0
        if self.kind == "min" and min(height, width) < self.side:
            ratio = self.side / min(height, width)
        if self.kind == "max" and max(height, width) > self.side:
            ratio = self.side / max(height, width)
        return _to_stride(int(width * ratio), int(height * ratio))


@dataclass(frozen=True, slots=True)
class GlyphRule:
    """Our own rule: the page's typical letter becomes `glyph` pixels high.

    The long side stays within `least` and `most` pixels, and is `unknown` where no letters are seen. A page
    is enlarged by `enlarge` at most. Its long side is a multiple of `step`, since shapes cost time."""

    glyph: float
    least: int
    most: int
    unknown: int
    enlarge: float
    step: int = _STRIDE

    def size(self, page: Image) -> Size:
        """Size at which the page is detected."""
        height, width = page.shape[:2]
        long = max(height, width)
        seen = glyph_height(page)
        wanted = self.unknown if seen is None else long * self.glyph / seen
        wanted = min(max(wanted, self.least), self.most, long * self.enlarge)
        ratio = max(self.step, round(wanted / self.step) * self.step) / long
        return _to_stride(width * ratio, height * ratio)


SideRule = LimitRule | GlyphRule


def _to_stride(width: float, height: float) -> Size:
    if max(width, height) > STOCK_LIMIT:
        ratio = STOCK_LIMIT / max(width, height)
        width, height = int(width * ratio), int(height * ratio)
    return Size(*(max(round(side / _STRIDE) * _STRIDE, _STRIDE) for side in (width, height)))
