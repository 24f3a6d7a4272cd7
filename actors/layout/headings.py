"""Headings over several columns: the white beside a heading belongs to it, if text begins below that white."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from statistics import median

from actors.layout.geometry import Box

_LARGE = 1.15
"""Height of a heading's box over the page's typical line."""

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
    """From where to where a heading reaches, in pixels."""

    left: float
    right: float


def reaches(boxes: Sequence[Box], height: float) -> dict[int, Reach]:
    """The headings that stand over more columns than their own letters cover, by their place in what was given.
    `boxes`: a region's; `height`: of the page's typical line."""
    large = [
        box
        for box in boxes
        if box.height > _LARGE * height and box.width > _LONG * box.height and not box.crossing
    ]
    if not large or len(large) * 2 > len(boxes):
        return {}
    found = {}
    for heading in large:
        reach = _reach(heading, boxes, height)
        if reach.left < heading.left or reach.right > heading.right:
            found[heading.place] = reach
    return found


def larger(one: Box, others: Sequence[Box]) -> bool:
    """Whether a line is set in larger letters than others: by the height of its box, in which a letter with a
    descender counts, and the width of its characters, in which the face does; each alone differs by a third."""
    height = median(box.height for box in others)
    letter = median(box.letter for box in others)
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
        return Reach(heading.left, heading.right)
    first = min(under, key=_DOWN)
    level = [box for box in below if abs(box.top - first.top) < _LEVEL * height]
    if not larger(heading, level):
        return Reach(heading.left, heading.right)
    right = [box.right for box in level if box.left > heading.right and box.right <= limit_right]
    if not right or any(box.left + height < limit_right < box.right for box in below):
        return Reach(heading.left, heading.right)
    left = [box.left for box in level if box.right < heading.left and limit_left <= box.left]
    return Reach(min([heading.left, *left]), max([heading.right, *right]))
