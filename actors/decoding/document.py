"""What every decoder of a format gives: a document of pages, and a page's picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from actors.contracts import Image
from actors.errors import PageError
from actors.settings import DecodeConfig

_SANE_DPI = (10.0, 4800.0)
"""A fax has 98 dots an inch, a good film scanner 4800; placeholders such as 0, 1 or 2^31 lie outside."""

_SAME_DPI = 0.1
"""Largest relative difference of both directions that is still one resolution (a fax's 204 x 196)."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded page. `image`: H×W×3 uint8 RGB, C-contiguous, upright.

    `dpi`: of the picture, None where unknown; `rendered_dpi` and `scale`: as in DecodeInfo; `notices`: codes
    of `actors.notices`.
    """

    image: Image
    dpi: float | None = None
    rendered_dpi: float | None = None
    scale: float = 1.0
    notices: tuple[str, ...] = ()


class Document(Protocol):
    """An opened document. Not thread-safe."""

    @property
    def notices(self) -> tuple[str, ...]:
        """Codes of `actors.notices` that hold for the document as a whole."""
        ...

    @property
    def page_count(self) -> int:
        """Number of pages, at least 1."""
        ...

    def page(self, index: int) -> Picture:
        """Decode one page. Raises PageError, or whatever its library raises on bad content."""
        ...

    def close(self) -> None:
        """Give back what the document holds."""
        ...


OpenDocument: TypeAlias = Callable[[memoryview, DecodeConfig], Document]
"""Opens a document of one format; raises PageError, or whatever its library raises on bad content."""


def check_size(width: int, height: int, settings: DecodeConfig) -> None:
    """Raise PageError unless the picture exists and is within `max_megapixels`, before it is allocated."""
    if width <= 0 or height <= 0:
        raise PageError("decode.corrupt", f"the picture is said to be {width} x {height} pixels")
    if width * height > settings.max_megapixels * 1e6:
        raise PageError(
            "decode.too_large",
            f"the picture has {width} x {height} pixels, {width * height / 1e6:.1f} million; "
            f"decode.max_megapixels allows {settings.max_megapixels:g}",
        )


def check_page_count(count: int, settings: DecodeConfig) -> None:
    """Raise PageError if a document has no page, or more than `max_pages`."""
    if count < 1:
        raise PageError("decode.corrupt", "the document has no pages")
    if count > settings.max_pages:
        raise PageError(
            "decode.too_large",
            f"the document has {count} pages or more; decode.max_pages allows {settings.max_pages}",
        )


def sane_dpi(horizontal: object, vertical: object) -> float | None:
    """One resolution in dots an inch from what a file says, or None if it says nothing believable."""
    try:
        across, down = float(horizontal), float(vertical)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    low, high = _SANE_DPI
    if not (low <= across <= high and low <= down <= high):
        return None
    return round(across, 2) if abs(across - down) <= _SAME_DPI * max(across, down) else None
