"""Line numbers down the side of text, as on transcripts, bills and listings, in each column of a page."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import attrgetter
from statistics import median

from actors.layout.geometry import Box, Upright

_DIGITS = 4
"""Digits that a line number has at most."""

_FEWEST, _FEWEST_IN_STEPS = 8, 4
"""Numbers of a sequence from which it is taken for line numbers: a short list may have as many items.
Fewer where every fifth or tenth line has one."""

_STEADY = 0.8
"""Share of neighbors in the sequence that differ by the same step; readers misread a digit now and then."""

_REGULAR = 0.4
"""Share of the distance of two numbers by which one may be off."""

_EDGE = 1.2
"""Line heights within which the left edges of one column's numbers lie."""

_LEVEL = 0.5
"""Line heights between the middles of a number and its line."""

_MOST_BESIDE = 1.6
"""Lines beside a number, on the average: a table has more cells in a row."""

_WIDE = 4.0
"""Line heights that the line beside a number is wide at least, typically."""

_MERGED = 0.25
"""Share of the page's line numbers that were found in one with their lines from which all are left in
their rows."""

_DOWN = attrgetter("middle", "left")


@dataclass(slots=True)
class Numbering:
    """A column's line numbers, from top to bottom. `beside`: places of the lines that they stand beside."""

    numbers: list[Box]
    beside: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Number:
    """A number at the beginning of a line; `merged`: more follows in the same line."""

    box: Box
    value: int
    merged: bool


def numberings(page: Upright, texts: Sequence[str]) -> list[Numbering]:
    """The line numbers of all columns; none if too many of them were found in one with their lines, since
    numbers of one page are one thing everywhere.

    They are whole numbers that rise by one step at one pitch, edge under edge, with a wide line beside each.
    """
    numbers = list(_numbers(page, texts))
    if sum(not number.merged for number in numbers) < _FEWEST_IN_STEPS:
        return []
    sequences = [one for column in _columns(numbers, page.height) for one in _sequences(column)]
    sequences = [one for one in sequences if _counts(one)]
    merged = sum(number.merged for one in sequences for number in one)
    if not sequences or merged > _MERGED * sum(map(len, sequences)):
        return []
    found = [_beside(one, sequences, numbers, page) for one in sequences]
    return [one for one in found if one]


def _numbers(page: Upright, texts: Sequence[str]) -> Iterator[_Number]:
    for box in page.boxes:
        text = texts[box.place].lstrip()
        if not text or not text[0].isdecimal():
            continue
        first, *rest = text.split(maxsplit=1)
        if first.isdecimal() and len(first) <= _DIGITS:
            yield _Number(box, int(first), bool(rest))


def _columns(numbers: Sequence[_Number], height: float) -> Iterator[list[_Number]]:
    """Numbers with their left edges near each other."""
    column: list[_Number] = []
    for number in sorted(numbers, key=lambda one: one.box.left):
        if column and number.box.left - column[0].box.left > _EDGE * height:
            yield column
            column = []
        column.append(number)
    yield column


def _sequences(column: Sequence[_Number]) -> Iterator[list[_Number]]:
    """Runs of rising numbers, from top to bottom. One that is not between its neighbors, which rise, is
    misread."""
    column = sorted(column, key=lambda one: one.box.middle)
    run: list[_Number] = []
    for place, number in enumerate(column):
        after = column[place + 1].value if place + 1 < len(column) else -1
        if run and run[-1].value < after and not run[-1].value < number.value < after:
            continue
        if run and number.value <= run[-1].value:
            yield run
            run = []
        run.append(number)
    yield run


def _counts(run: Sequence[_Number]) -> bool:
    """Whether numbers rise by one step, and stand at one pitch."""
    if len(run) < _FEWEST_IN_STEPS:
        return False
    steps = [after.value - before.value for before, after in pairwise(run)]
    step, times = Counter(steps).most_common(1)[0]
    if len(run) < (_FEWEST_IN_STEPS if step in (5, 10) else _FEWEST) or times < _STEADY * len(steps):
        return False
    first, last = run[0], run[-1]
    pitch = (last.box.middle - first.box.middle) / (last.value - first.value)
    level = [first.box.middle + (one.value - first.value) * pitch for one in run]
    off = [abs(one.box.middle - middle) for one, middle in zip(run, level, strict=True)]
    return sum(one < _REGULAR * step * pitch for one in off) >= _STEADY * len(run)


def _beside(
    run: Sequence[_Number], runs: Sequence[Sequence[_Number]], numbers: Sequence[_Number], page: Upright
) -> Numbering | None:
    """The numbers of a run, and those misread in it, with the lines beside them; None if they are the
    cells of a table."""
    top, bottom, left = run[0].box.middle, run[-1].box.middle, run[0].box.left
    alone = [
        number.box
        for number in sorted(numbers, key=lambda one: one.box.middle)
        if not number.merged
        and top <= number.box.middle <= bottom
        and abs(number.box.left - left) <= _EDGE * page.height
    ]
    counted = {number.box.place for one in runs for number in one} | {box.place for box in alone}
    boxes = sorted([box for box in page.boxes if box.place not in counted and not box.crossing], key=_DOWN)
    middles = [box.middle for box in boxes]
    edge = _next_edge(alone, runs)
    found: list[list[Box]] = []
    for number in alone:
        first = bisect_left(middles, number.middle - _LEVEL * page.height)
        last = bisect_left(middles, number.middle + _LEVEL * page.height)
        beside = [box for box in boxes[first:last] if number.right <= box.left < edge]
        if beside:
            found.append(beside)
    if 2 * len(found) < len(alone):
        return None
    many = sum(map(len, found)) / len(found)
    wide = median(max(box.right for box in row) - min(box.left for box in row) for row in found)
    if many > _MOST_BESIDE or wide < _WIDE * page.height:
        return None
    return Numbering(alone, {box.place for row in found for box in row})


def _next_edge(column: Sequence[Box], runs: Sequence[Sequence[_Number]]) -> float:
    """Where the line numbers of the next column on the right begin, or infinity."""
    right = max(box.right for box in column)
    top, bottom = column[0].top, column[-1].bottom
    edges = [
        min(number.box.left for number in run)
        for run in runs
        if any(number.box.left > right and top < number.box.middle < bottom for number in run)
    ]
    return min(edges, default=float("inf"))
