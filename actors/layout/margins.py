"""What stands around a page's text: the row at its head and foot, and lines turned up along its sides."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from operator import attrgetter

from actors.layout.geometry import Box
from actors.layout.rows import rows

_APART = 0.8
"""Line heights of white between the page's text and its head or foot, over the boxes' own margins."""

_DOWN = attrgetter("top", "left")

_ROWS = 2
"""Rows that a head or foot has at most."""


def side_lines(boxes: Sequence[Box]) -> tuple[list[Box], list[Box]]:
    """The lines that run across the page's direction on the left and on the right of all others, from top to
    bottom: tabs, side notes. One that stands beside others is the head of a column."""
    across = [box for box in boxes if box.crossing]
    if not across or len(across) == len(boxes):
        return [], []
    left = min(box.left for box in boxes if not box.crossing)
    right = max(box.right for box in boxes if not box.crossing)
    across.sort(key=_DOWN)
    inner = [box for box in across if box.right > left and box.left < right]
    outer = [box for box in across if not any(box.top < one.middle < box.bottom for one in inner)]
    return [box for box in outer if box.right <= left], [box for box in outer if box.left >= right]


def head_and_foot(groups: Sequence[Sequence[Box]], height: float, flowing: Sequence[bool]) -> tuple[int, int]:
    """How many of the groups (rows from top to bottom) are the page's head, and how many its foot.
    `flowing`: by the index of a line, whether it is running text."""
    return _edge(groups, height, flowing), _edge(groups[::-1], height, flowing)


def _edge(groups: Sequence[Sequence[Box]], height: float, flowing: Sequence[bool]) -> int:
    """Groups up to the first white that is wide enough, if they are single rows, and no running text."""
    for count, (one, after) in enumerate(pairwise(groups), start=1):
        if count > _ROWS or any(flowing[box.place] for box in one) or len(rows(one)) > 1:
            return 0
        gap = max(
            min(box.top for box in after) - max(box.bottom for box in one),
            min(box.top for box in one) - max(box.bottom for box in after),
        )
        if gap > _APART * height:
            return count
    return 0
