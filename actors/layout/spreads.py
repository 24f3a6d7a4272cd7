"""Two pages of a book in one picture: parted at the fold before anything else, so each keeps its head."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from actors.layout.bands import overlapping
from actors.layout.geometry import Box

_WIDE = 1.15
"""Width over height of the text on two pages side by side, at least."""

_FOLD = 2.5
"""Line heights of white between the two pages, at least."""

_MIDDLE = 0.12
"""Share of the width by which the fold may lie beside the middle."""

_FEWEST = 5
"""Lines of running text on each page, at least."""


def pages(boxes: Sequence[Box], height: float, flowing: Sequence[bool]) -> list[list[Box]]:
    """The boxes of the left and of the right page, or all if there is one. `height`: of the typical line;
    `flowing`: by the index of a line, whether it is running text."""
    whole = [list(boxes)]
    if sum(flowing[box.place] for box in boxes) < 2 * _FEWEST:
        return whole
    left, right = min(box.left for box in boxes), max(box.right for box in boxes)
    top, bottom = min(box.top for box in boxes), max(box.bottom for box in boxes)
    if right - left < _WIDE * (bottom - top):
        return whole
    middle, reach = (left + right) / 2, _MIDDLE * (right - left)
    near = [
        (box.left, box.right) for box in boxes if box.right > middle - reach and box.left < middle + reach
    ]
    cover = [(float("-inf"), middle - reach), *near, (middle + reach, float("inf"))]
    union = overlapping(cover)
    gaps = [(after[0] - before[1], before[1]) for before, after in pairwise(union)]
    white, fold = max(gaps, default=(0.0, 0.0))
    if white < _FOLD * height:
        return whole
    sides = [[box for box in boxes if (box.left > fold) == side] for side in (False, True)]
    if any(sum(flowing[box.place] for box in side) < _FEWEST for side in sides):
        return whole
    return sides
