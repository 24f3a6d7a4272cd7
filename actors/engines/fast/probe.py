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

_HIGHEST = 2.8
"""Height of a line's box over that of its letters, at most: it is 1.3 to 2; of larger letters, more."""


def confirmed(
    pages: Sequence[tuple[Image, Sequence[InTiles]]], scorer: Scorer, rule: BoxRule
) -> list[InTiles | None]:
    """Of the ways to detect each page (H×W×3 uint8 BGR) in tiles the first whose letters are text; None if
    none are. The model is asked about all pages together, then about the next way of some."""
    chosen: list[InTiles | None] = [None] * len(pages)
    left = {index: list(ways) for index, (_, ways) in enumerate(pages) if ways}
    while left:
        views = [
            view
            for index, ways in left.items()
            if not ways[0].letters.sure
            for view in _questions(index, pages[index][0], ways[0], rule)
        ]
        text = {index for index, is_text in scorer.each(views) if is_text}
        for index, ways in list(left.items()):
            if ways[0].letters.sure or index in text:
                chosen[index] = left.pop(index)[0]
            elif len(ways) == 1:
                del left[index]
            else:
                left[index] = ways[1:]
    return chosen


def _questions(index: int, page: Image, way: InTiles, rule: BoxRule) -> list[View[tuple[int, bool]]]:
    """Windows around the places where most of the letters are. The answers have the page's index."""
    side = _WINDOW.height // STRIDE * way.step
    views = []
    for x, y in way.letters.places:
        left = max(0, min(x - side // 2, page.shape[1] - side))
        top = max(0, min(y - side // 2, page.shape[0] - side))
        part = page[top : top + side, left : left + side]
        picture = partial(reduced, part, _WINDOW, way.step)
        views.append(View(_WINDOW, picture, partial(_answer, index, way, rule)))
    return views


def _answer(index: int, way: InTiles, rule: BoxRule, score_map: Floats) -> tuple[int, bool]:
    """The page's index, and whether there are lines of such letters in a window."""
    most = _HIGHEST * way.letters.height * STRIDE / way.step
    boxes = find_boxes(without_haze(score_map, rule), _WINDOW.width, _WINDOW.height, rule)
    return index, any(height_of(box) <= most for box in boxes)
