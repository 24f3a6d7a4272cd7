"""Whether what looks like small print is text: the model is asked about small windows before a page goes in
tiles, which cost many times what the page as a whole does."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from actors.engines.fast.boxes import BoxRule, find_boxes
from actors.engines.fast.mosaic import height_of, without_haze
from actors.engines.fast.sides import STRIDE, InTiles, Size
from actors.engines.fast.tiles import reduced
from actors.engines.fast.views import Scorer, View

if TYPE_CHECKING:
    from actors.contracts import Image
    from actors.runtimes.contracts import Floats

_WINDOW = Size(512, 512)
"""Size of a window at detection: some twenty lines."""

_HIGHEST, _USUAL = 4.0, 2.2
"""Height of a line's box over that of its letters, at most, and usually: most letters have no ascenders."""


def confirmed(
    pages: Sequence[tuple[Image, Sequence[InTiles]]], scorer: Scorer, rule: BoxRule
) -> list[InTiles | None]:
    """How each page (H×W×3 uint8 BGR) goes in tiles, None if it does not: of its ways the first whose letters
    are text. The model is asked about all pages together, then about the next way of some."""
    chosen: list[InTiles | None] = [None] * len(pages)
    left = {index: list(ways) for index, (_, ways) in enumerate(pages) if ways}
    while left:
        unsure = [index for index, ways in left.items() if not ways[0].letters.sure]
        views = [
            view for index in unsure for view in _questions(index, pages[index][0], left[index][0], rule)
        ]
        lines: dict[int, list[float]] = {index: [] for index in unsure}
        for index, heights in scorer.each(views):
            lines[index] += heights
        for index, (way, *others) in list(left.items()):
            chosen[index] = _decided(way, lines[index]) if index in lines else way
            if chosen[index] is None and others:
                left[index] = others
            else:
                del left[index]
    return chosen


def _decided(way: InTiles, lines: Sequence[float]) -> InTiles | None:
    """The way, if there are lines of its letters, given the heights of lines in the page's pixels; if they
    are of larger letters, the one for these; None if there are none, or none that need tiles."""
    lowest = min(lines, default=None)
    if lowest is None or lowest <= _HIGHEST * way.letters.height:
        return None if lowest is None else way
    return way.with_letters(lowest / _USUAL)


def _questions(index: int, page: Image, way: InTiles, rule: BoxRule) -> list[View[tuple[int, list[float]]]]:
    """Windows around the places where most of the letters are. The answers have the page's index."""
    side = _WINDOW.height // STRIDE * way.step
    views = []
    for x, y in way.letters.places:
        left = max(0, min(x - side // 2, page.shape[1] - side))
        top = max(0, min(y - side // 2, page.shape[0] - side))
        part = page[top : top + side, left : left + side]
        picture = partial(reduced, part, _WINDOW, way.step)
        views.append(View(_WINDOW, picture, partial(_answer, index, way.step, rule)))
    return views


def _answer(index: int, step: int, rule: BoxRule, score_map: Floats) -> tuple[int, list[float]]:
    """The page's index, and the heights of lines in a window, in the page's pixels."""
    boxes = find_boxes(without_haze(score_map, rule), _WINDOW.width, _WINDOW.height, rule)
    return index, [height_of(box) * step / STRIDE for box in boxes]
