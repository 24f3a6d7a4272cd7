"""Where a page is cut that is too large to be detected at once: overlapping tiles of few shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING

from actors.engines.fast.sides import STRIDE, Size, TileRule
from actors.engines.fast.small_print import is_blank

if TYPE_CHECKING:
    from actors.contracts import Image

_SIDES = (32, 64, 128, 192, 256, 384, 512, 640, 768, 1024, 1280, 1536)
"""Pixels that a tile's side may have at detection: few, since new shapes cost most runtimes something."""

_CANVAS = 1.5
"""Pixels of the canvas over those that may be detected: empty tiles take memory only, one byte a pixel."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where tiles lie along one side, in pixels of the canvas: `start` and `end` of a tile, which reaches
    beyond the canvas where that is shorter; `first` and `last` of what is kept of it."""

    start: int
    end: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of the canvas that is detected by itself."""

    across: Span
    down: Span

    @property
    def size(self) -> Size:
        """Size in pixels at detection."""
        return Size(self.across.end - self.across.start, self.down.end - self.down.start)


@dataclass(frozen=True, slots=True)
class Tiling:
    """A page in tiles. `step`: see InTiles; `canvas`: the page's size at detection, rounded up to 32;
    `tiles`: those that are not blank."""

    step: int
    canvas: Size
    tiles: tuple[Tile, ...]

    def picture(self, page: Image, tile: Tile) -> Image:
        """What a tile shows, at its size."""
        return reduced(_part(page, tile, self.step), tile.size, self.step)


def reduced(part: Image, size: Size, step: int) -> Image:
    """A part of a page (H×W×3 uint8) at its size at detection, `step` pixels of the page for each 32. Where
    the page ends before, its last pixels go on."""
    import cv2

    below = size.height // STRIDE * step - part.shape[0]
    beside = size.width // STRIDE * step - part.shape[1]
    if below or beside:
        part = cv2.copyMakeBorder(part, 0, below, 0, beside, cv2.BORDER_REPLICATE)
    # More than two pixels in one: between two of them thin strokes would fall through.
    way = cv2.INTER_AREA if step > 2 * STRIDE else cv2.INTER_LINEAR
    picture: Image = cv2.resize(part, (size.width, size.height), interpolation=way)
    return picture


def tiling(page: Image, step: int, rule: TileRule) -> Tiling:
    """A page (H×W×3 uint8) in tiles, none of them blank, with `step` pixels for each 32 at detection, or more
    where the tiles would have more pixels together than the rule allows."""
    height, width = page.shape[:2]
    while True:
        canvas = Size(-(-width // step) * STRIDE, -(-height // step) * STRIDE)
        if canvas.pixels <= _CANVAS * rule.most_pixels:
            tiles = tuple(tile for tile in grid(canvas, rule) if not is_blank(_part(page, tile, step)))
            if sum(tile.size.pixels for tile in tiles) <= rule.most_pixels:
                return Tiling(step, canvas, tiles)
        step += max(1, step // 16)


def grid(canvas: Size, rule: TileRule) -> list[Tile]:
    """Tiles of one shape that cover a canvas, row by row: of the shapes with the fewest pixels together, and
    of these the one with the fewest tiles."""
    choices = [
        (across, down)
        for across, down in product(_cuts(canvas.width, rule), _cuts(canvas.height, rule))
        if _length(across) * _length(down) <= rule.pixels
    ]

    def cost(choice: tuple[Sequence[Span], Sequence[Span]]) -> tuple[int, int]:
        across, down = choice
        count = len(across) * len(down)
        return count * _length(across) * _length(down), count

    across, down = min(choices, key=cost)
    return [Tile(x, y) for y in down for x in across]


def _cuts(length: int, rule: TileRule) -> list[list[Span]]:
    """The ways to cut a side: in one piece, or in several of one of the lengths that may be."""
    found: list[list[Span]] = []
    for side in _SIDES:
        if side >= length:
            return [*found, [Span(0, side, 0, length)]]
        if side >= 2 * rule.overlap:
            found.append(_spans(length, side, rule.overlap))
    return found


def _spans(length: int, side: int, overlap: int) -> list[Span]:
    """Pieces of a side that overlap by so much at least; seams lie in the middle of what they share."""
    count = -(-(length - overlap) // (side - overlap))
    room = (length - side) // STRIDE
    starts = [round(index * room / (count - 1)) * STRIDE for index in range(count)]
    seams = [0, *((before + side + after) // 2 for before, after in pairwise(starts)), length]
    return [
        Span(start, start + side, first, last)
        for start, (first, last) in zip(starts, pairwise(seams), strict=True)
    ]


def _length(spans: Sequence[Span]) -> int:
    return spans[0].end - spans[0].start


def _part(page: Image, tile: Tile, step: int) -> Image:
    """The rectangle of the page under a tile, as far as the page reaches."""
    across, down = (
        slice(span.start // STRIDE * step, span.end // STRIDE * step) for span in (tile.across, tile.down)
    )
    return page[down, across]
