"""Headings over several columns: the white beside a heading is its own if text begins below that white."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from actors.layout.geometry import Box

_FEWEST = 3
"""Lines of a region in which one may be a heading over two columns."""

_LARGE = 1.4
"""Height times width of a heading's letters, over those of the region's typical line."""

_LARGER = 1.6
"""Height times width of a heading's letters, over those of the text below it."""

_ABOVE = 0.5
"""Line heights of white over a heading and what stands beside it."""

_BELOW = 2.5
"""Heights of a heading from its lower edge within which the columns under it begin."""

_LEVEL = 1.0
"""Line heights by which the columns' first lines may differ."""

_LONG = 2.0
"""Width of a heading over its height, at least: signs and numbers of equations are high, too."""

_DOWN = attrgetter("top", "left")


@dataclass(frozen=True, slots=True)
class Reach:
    """From where to where a heading reaches, in pixels; `wide`: farther than its own letters do."""

    left: float
    right: float
    wide: bool = False


def headings(rows: Sequence[Sequence[Box]], height: float) -> dict[int, Reach]:
    """The lines of large letters, by their place in what was given, and from where to where they reach:
    some stand over more columns than their own letters cover. `rows`: a region's boxes, in groups from top
    to bottom that share no y; `height`: of the page's typical line."""
    if max(map(len, rows), default=1) == 1:
        return {}
    sizes = [box.height * box.letter for row in rows for box in row]
    if len(sizes) < _FEWEST:
        return {}
    least = _LARGE * sorted(sizes)[len(sizes) // 2]
    if max(sizes) <= least:
        return {}
    large = [
        (number, box)
        for number, row in enumerate(rows)
        for box in row
        if box.height * box.letter > least and box.width > _LONG * box.height and not box.crossing
    ]
    if len(large) * 2 > len(sizes):
        return {}
    return {
        heading.place: _reach(heading, _near(heading, rows, number, height), height)
        for number, heading in large
    }


def _near(heading: Box, rows: Sequence[Sequence[Box]], number: int, height: float) -> list[Box]:
    """What stands beside and not far below a heading, which is in the row of that number."""
    top, end = heading.top - _ABOVE * height, heading.bottom + _BELOW * heading.height
    first = number
    while first and max(box.bottom for box in rows[first - 1]) > top:
        first -= 1
    last = number + 1
    while last < len(rows) and rows[last][0].upper < end:
        last += 1
    return [box for row in rows[first:last] for box in row]


def larger(one: Box, others: Sequence[Box]) -> bool:
    """Whether a line is set in larger letters than others: by the height of its box, in which a letter
    with a descender counts, and the width of its characters, in which the face does; each alone differs by
    a third."""
    height = sorted([box.height for box in others])[len(others) // 2]
    letter = sorted([box.letter for box in others])[len(others) // 2]
    return one.height * one.letter > _LARGER * height * letter


def _reach(heading: Box, boxes: Sequence[Box], height: float) -> Reach:
    """The heading's edges, or those of the columns that begin below the white beside it, level with the text
    below its own letters. Nothing may stand at the heading's height between the two; white on its left alone
    is none of its own, since headings begin on the left or stand in the middle."""
    limit_left, limit_right = float("-inf"), float("inf")
    below: list[Box] = []
    end = heading.bottom + _BELOW * heading.height
    for box in boxes:
        if box.top < heading.lower and heading.top - _ABOVE * height < box.bottom:
            if box.left >= heading.right:
                limit_right = min(limit_right, box.left)
            elif box.right <= heading.left:
                limit_left = max(limit_left, box.right)
        elif heading.lower <= box.top < end:
            below.append(box)
    under = [box for box in below if box.left < heading.right and heading.left < box.right]
    if not under:
        under = [box for box in below if heading.right < box.left and box.right <= limit_right]
        if not under or max(box.left for box in under) < min(box.right for box in under):
            return Reach(heading.left, heading.right)  # a picture is below it, and no two columns beside that
    first = min(under, key=_DOWN)
    level = [box for box in below if abs(box.top - first.top) < _LEVEL * height]
    if not larger(heading, level):
        return Reach(heading.left, heading.right)
    right = [box.right for box in level if box.left > heading.right and box.right <= limit_right]
    if not right or any(box.left + height < limit_right < box.right for box in below):
        return Reach(heading.left, heading.right)
    left = [box.left for box in level if box.right < heading.left and limit_left <= box.left]
    return Reach(min([heading.left, *left]), max([heading.right, *right]), wide=True)
