"""What stands above and below a page's text: the row at its head and foot."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from actors.layout.geometry import Box
from actors.layout.rows import rows

_APART = 0.8
"""Line heights of white between the page's text and its head or foot, over the boxes' own margins."""

_ROWS = 2
"""Rows that a head or foot has at most."""


def head_and_foot(groups: Sequence[Sequence[Box]], height: float) -> tuple[int, int]:
    """How many of the groups (rows from top to bottom) are the page's head, and how many its foot."""
    return _edge(groups, height), _edge(groups[::-1], height)


def _edge(groups: Sequence[Sequence[Box]], height: float) -> int:
    """Groups up to the first white that is wide enough, if they are single rows."""
    for count, (one, after) in enumerate(pairwise(groups), start=1):
        if count > _ROWS or len(rows(one)) > 1:
            return 0
        gap = max(
            min(box.top for box in after) - max(box.bottom for box in one),
            min(box.top for box in one) - max(box.bottom for box in after),
        )
        if gap > _APART * height:
            return count
    return 0
