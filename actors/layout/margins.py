"""What stands around a page's text: line numbers down its side, and the row at its head and foot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from actors.layout.geometry import Box, Upright
from actors.layout.rows import rows

_DIGITS = 4
"""Digits that a line number has at most."""

_FEWEST = 8
"""Numbers of a sequence from which it is taken for line numbers: a short list may have as many items."""

_STEADY = 0.8
"""Share of neighbours in the sequence that differ by the same step; readers misread a digit now and then."""

_APART = 0.8
"""Line heights of white between the page's text and its head or foot, over the boxes' own margins."""

_ROWS = 2
"""Rows that a head or foot has at most."""


def line_numbers(page: Upright, texts: Sequence[str]) -> list[Box]:
    """The numbers that count the page's lines, from top to bottom; empty if it has none.

    They are whole numbers that rise by one step, edge under edge, with no text on their outer side, as on
    transcripts, pleadings and listings.
    """
    numbers = [box for box in page.boxes if _counts(texts[box.place].strip())]
    if len(numbers) < _FEWEST:
        return []
    edge = median(box.right for box in numbers)
    column = sorted(
        (box for box in numbers if abs(box.right - edge) < page.height), key=lambda box: box.middle
    )
    outermost = min(box.left for box in page.boxes)
    if 2 * len(column) <= len(numbers) or len(column) < _FEWEST:
        return []
    if min(box.left for box in column) > outermost + 2 * page.height:
        return []
    values = [int(texts[box.place]) for box in column]
    steps = [after - before for before, after in pairwise(values)]
    step, times = Counter(steps).most_common(1)[0]
    return column if step >= 1 and times >= _STEADY * len(steps) else []


def _counts(text: str) -> bool:
    return text.isdecimal() and len(text) <= _DIGITS


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
