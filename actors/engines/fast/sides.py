"""The size at which a page is detected: as small as its text allows, since detection costs by the pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from actors.engines.fast.glyphs import Look, look
from actors.engines.fast.small_print import SmallPrint, small_print

if TYPE_CHECKING:
    from actors.contracts import Image

STRIDE = 32
"""Sides are multiples of the network's stride (PaddleX text_detection/processors.py)."""

STOCK_LIMIT = 4000
"""Longest side of stock (PaddleX configs/pipelines/OCR.yaml: max_side_limit)."""


_USUAL = 3600
"""Longest side in pixels of a usual page, A4 at 300 dpi: the first look, reduced, sees letters of 11."""

_SPECKS = 2
"""Specks to a letter in the first look from which a usual page may have small print."""

_JOINED, _SMALL_LOOK = 0.2, 10
"""Joined letters to each letter from which the look is too small to tell, if that sees letters of so many
pixels: what ran together are the lower ones. On scans and photos it is 0.15 at most."""

_LARGE = 100
"""Pixels of height at most that a page's tallest letters get where it goes as a whole for their sake."""

_WORTH_IT = 1.15
"""How much larger letters must become in tiles."""


@dataclass(frozen=True, slots=True)
class Size:
    """Size of a picture in pixels."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class TileRule:
    """When and how a page is detected in tiles: where, as a whole, letters would be lower than `small` of the
    height that is wanted.

    `pixels`: most pixels of a tile at detection; `overlap`: pixels that two tiles share, at least;
    `most_pixels`: of all tiles of a page together; `largest`: pixels of height of the largest letters that
    the model finds whole."""

    small: float
    pixels: int
    overlap: int
    most_pixels: int
    largest: float


@dataclass(frozen=True, slots=True)
class InTiles:
    """How a page is detected in tiles. `step`: pixels of the page for each 32 at detection, a whole number,
    so that a tile is a rectangle of whole pixels; `letters`: what it is for; `whole`: the size at which the
    page is detected as a whole, too, since some of its letters may be too large for the model in tiles;
    `glyph`: pixels of height that letters get; `enough`: pixels of height of letters in the page from which
    it need not go in tiles."""

    step: int
    letters: SmallPrint
    whole: Size | None
    glyph: float
    enough: float
    rule: TileRule

    def with_letters(self, height: float) -> InTiles | None:
        """The same for letters that are so high, at least as high as these; None if they need no tiles."""
        if height >= self.enough:
            return None
        step = max(self.step, round(STRIDE * height / self.glyph))
        return replace(self, step=step, letters=replace(self.letters, height=height))


@dataclass(frozen=True, slots=True)
class Plan:
    """How a page is detected. `whole`: its size as a whole; `ways`: how it would be detected in tiles, the
    finest first; the first one counts whose letters are text, and the page goes as a whole if none are."""

    whole: Size
    ways: tuple[InTiles, ...] = ()


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

    def plan(self, page: Image) -> Plan:
        """How the page is detected: as a whole."""
        return Plan(self.size(page))


@dataclass(frozen=True, slots=True)
class GlyphRule:
    """Our own rule: the page's typical letter becomes `glyph` pixels high.

    As a whole, its long side stays within `least` and `most` pixels, and is `unknown` where no letters are
    seen. A page is enlarged by `enlarge` at most. Its long side is a multiple of `step`, since shapes cost
    time. With `tiles`, the smallest print of a page decides where it would be too small as a whole."""

    glyph: float
    least: int
    most: int
    unknown: int
    enlarge: float
    step: int = STRIDE
    tiles: TileRule | None = None

    def size(self, page: Image) -> Size:
        """Size at which the page is detected as a whole."""
        return self._whole(page, look(page).height)

    def plan(self, page: Image) -> Plan:
        """How the page is detected."""
        seen = look(page)
        size = self._whole(page, seen.height)
        ratio = max(size.width, size.height) / max(page.shape[:2])
        if self.tiles is None or self._is_enough(page, seen, ratio, self.tiles.small * self.glyph):
            return Plan(size)
        ways = (self._in_tiles(page, letters, seen, ratio, self.tiles) for letters in small_print(page))
        return Plan(size, tuple(way for way in ways if way is not None))

    def _is_enough(self, page: Image, seen: Look, ratio: float, least: float) -> bool:
        """Whether the first look saw all there is, or enough of a usual page, which is not too small."""
        if seen.scale == 1.0:
            return True
        if seen.height is None or max(page.shape[:2]) > _USUAL or seen.specks > _SPECKS * seen.letters:
            return False
        joined = seen.joined > _JOINED * seen.letters and seen.height * seen.scale <= _SMALL_LOOK
        return not joined and seen.height * ratio >= least

    def _in_tiles(
        self, page: Image, letters: SmallPrint, seen: Look, ratio: float, rule: TileRule
    ) -> InTiles | None:
        """How letters are detected in tiles, None where they are high enough on the page as a whole."""
        step = max(math.ceil(STRIDE / self.enlarge), round(STRIDE * letters.height / self.glyph))
        enough = rule.small * self.glyph / ratio
        if letters.height >= enough or STRIDE / step < _WORTH_IT * ratio:
            return None
        whole = None
        if seen.tallest * STRIDE / step > rule.largest:
            whole = self._whole(page, max(seen.height or 0.0, seen.tallest * self.glyph / _LARGE))
        return InTiles(step, letters, whole, self.glyph, enough, rule)

    def _whole(self, page: Image, seen: float | None) -> Size:
        height, width = page.shape[:2]
        long = max(height, width)
        wanted = self.unknown if seen is None else long * self.glyph / seen
        wanted = min(max(wanted, self.least), self.most, long * self.enlarge)
        ratio = max(self.step, round(wanted / self.step) * self.step) / long
        return _to_stride(width * ratio, height * ratio)


SideRule = LimitRule | GlyphRule


def _to_stride(width: float, height: float) -> Size:
    if max(width, height) > STOCK_LIMIT:
        ratio = STOCK_LIMIT / max(width, height)
        width, height = int(width * ratio), int(height * ratio)
    return Size(*(max(round(side / STRIDE) * STRIDE, STRIDE) for side in (width, height)))
