"""Lists that go on in the next column: by their numbers, or by the alphabet, as an index does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from actors.layout.geometry import Box

_NUMBER = re.compile(r"\(?(\d{1,3})[.)\]:]?\s+\S")
"""The number of an item, with more behind it."""

_WORD = re.compile(r"[^\W\d_]{1,4}")
"""The first letters of an entry."""

_FEWEST_ITEMS, _FEWEST_ENTRIES = 2, 6
"""Numbered items, and entries of an alphabet, that a column has at least; two may be in order by chance."""

_MOSTLY = 0.9
"""Share of neighbors in order; a line now and then is misread."""

_DIFFERENT = 0.6
"""Share of the entries that begin differently."""

_EDGE = 1.0
"""Line heights from a column's left edge within which an item or entry begins: others go on."""


def goes_on(left: Sequence[Box], right: Sequence[Box], texts: Sequence[str], height: float) -> bool:
    """Whether the list in one column goes on in the next one. `texts`: of all lines, by their place."""
    if min(len(left), len(right)) < _FEWEST_ITEMS:
        return False
    other = _beginnings(right, texts, height)
    is_numbered = _NUMBER.match(other[0]) is not None
    if not is_numbered and min(len(left), len(other)) < _FEWEST_ENTRIES:
        return False
    one = _beginnings(left, texts, height)
    return _counts_on(_numbers(one), _numbers(other)) if is_numbered else _spells_on(one, other)


def _beginnings(column: Sequence[Box], texts: Sequence[str], height: float) -> list[str]:
    """The lines at a column's left edge, from top to bottom."""
    edge = min(box.left for box in column) + _EDGE * height
    lines = sorted([box for box in column if box.left < edge], key=lambda box: box.middle)
    return [texts[box.place].strip() for box in lines]


def _numbers(lines: Sequence[str]) -> list[int]:
    return [int(found[1]) for line in lines if (found := _NUMBER.match(line))]


def _counts_on(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two columns of numbers rise by one, and from the first to the second."""
    if min(len(one), len(other)) < _FEWEST_ITEMS or other[0] != one[-1] + 1:
        return False
    steps = [after - before == 1 for column in (one, other) for before, after in pairwise(column)]
    return sum(steps) >= _MOSTLY * len(steps)


def _spells_on(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two columns of entries are in alphabetical order, and the second one after the first."""
    if min(len(one), len(other)) < _FEWEST_ENTRIES:
        return False
    first, second = _letters(one), _letters(other)
    if len(first) < _MOSTLY * len(one) or len(second) < _MOSTLY * len(other):
        return False
    if len(set(first)) < _DIFFERENT * len(first) or len(set(second)) < _DIFFERENT * len(second):
        return False
    steps = [before <= after for column in (first, second) for before, after in pairwise(column)]
    return first[-1] <= second[0] and sum(steps) >= _MOSTLY * len(steps)


def _letters(lines: Sequence[str]) -> list[str]:
    return [found[0].casefold() for line in lines if (found := _WORD.match(line))]
