"""The columns of a table's rows: where they are, whether they are clear, and which one a cell is in."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from actors.layout.bands import Interval, overlapping
from actors.layout.geometry import Box

FEWEST_COLUMNS = 3
"""Cells of a row, in some rows at least, that make a table."""

ALIGNED = 0.5
"""Line heights within which the left edges, right edges or middles of a column's cells lie, most of them."""

_MOSTLY = 0.7
"""Share of a column's cells, and of a table's columns by their cells, that are aligned."""

_TWICE = 2.0
"""How many more rows have a gap at a place than have a cell across it, for two columns to be parted there."""

APART = 3.0
"""Line heights of white at most between two parts of a table: its head, or its total, and the rest."""

_CLOSE = 0.8
"""The same for a line that goes on in the cell above."""

_TORN, _FEW_TORN = 1.2, 0.3
"""Line heights between two lines of one cell at most, and share of the rows that may have such ones."""

_HEAD = 1.5
"""Line heights from a head to its cells, where it does not stand over them."""

_MOST_CELLS = 2_000
"""Cells of a table that is looked at: more are no page."""

Row = list[Box]


@dataclass(frozen=True, slots=True)
class Columns:
    """A table's columns: their x-ranges, and the left edges that most of their cells have, if they do."""

    ranges: list[Interval]
    edges: list[float | None]

    def places(self, row: Row) -> list[int]:
        """The first column that each box of a row shares some x with."""
        return [_column(box, self.ranges) for box in row]

    def fit(self, above: Row, below: Row, row: Row, height: float) -> bool:
        """Whether a row over or under the table, one of these two, is a part of it: each of its cells is
        in a column of its own, or it is one line that begins where a column's cells do, but for the first
        column's."""
        gap = white(above, below)
        if len(row) == 1:
            edge = self.edges[place] if (place := _column(row[0], self.ranges)) else None
            return edge is not None and abs(row[0].left - edge) < ALIGNED * height and gap < _CLOSE * height
        return (
            gap < APART * height and all(self._is_in_one(box) for box in row) and _distinct(self.places(row))
        )

    def _is_in_one(self, box: Box) -> bool:
        return sum(box.left < right and left < box.right for left, right in self.ranges) == 1


def _distinct(places: Sequence[int]) -> bool:
    return len(set(places)) == len(places)


def columns_of(rows: Sequence[Row], height: float) -> Columns | None:
    """The columns of a table's rows; None if these are in no clear ones."""
    cells = [box for row in rows if len(row) > 1 for box in row]
    if len(cells) > _MOST_CELLS:
        return None
    across = _across(rows, cells)
    ranges = overlapping([(box.left, box.right) for box in cells if box.place not in across])
    if len(ranges) < FEWEST_COLUMNS:
        return None
    places = [[_column(box, ranges) for box in row] for row in rows]
    joined = _under_their_heads(ranges, rows, places, across, height) | _torn(rows, places, height)
    if joined:
        ranges = _without(ranges, joined)
        if len(ranges) < FEWEST_COLUMNS:
            return None
        places = [[_column(box, ranges) for box in row] for row in rows]
    members: list[list[Box]] = [[] for _ in ranges]
    for row, columns in zip(rows, places, strict=True):
        if len(row) > 1:
            for box, place in zip(row, columns, strict=True):
                if box.place not in across:
                    members[place].append(box)
    many = [column for column in members if len(column) > 1]
    aligned = sum(len(column) for column in many if _is_aligned(column, height))
    if aligned < _MOSTLY * sum(map(len, many)):
        return None
    return Columns(ranges, [_edge([box.left for box in column], height) for column in members])


def _without(columns: Sequence[Interval], joined: set[int]) -> list[Interval]:
    """Columns, with some of them, by their number, joined to those before them."""
    found: list[Interval] = []
    for place, column in enumerate(columns):
        if place in joined:
            found[-1] = (found[-1][0], column[1])
        else:
            found.append(column)
    return found


def _across(rows: Sequence[Row], cells: Sequence[Box]) -> set[int]:
    """The cells that span columns: most other rows have a gap where these have none."""
    gaps = [
        (left.right, right.left) for row in rows for left, right in pairwise(row) if left.right < right.left
    ]
    if not _holds_one(cells, gaps):
        return set()
    white, spans = np.array(gaps), np.array([(box.left, box.right) for box in cells])
    over = (spans[:, None, 0] < white[None, :, 0]) & (white[None, :, 1] < spans[:, None, 1])
    shared = np.minimum(white[:, None, 1], white[None, :, 1]) > np.maximum(
        white[:, None, 0], white[None, :, 0]
    )
    parts = shared.sum(axis=1) >= _TWICE * over.sum(axis=0)
    spanning = (over & parts[None, :]).any(axis=1)
    return {box.place for box, spans_columns in zip(cells, spanning.tolist(), strict=True) if spans_columns}


def _holds_one(cells: Sequence[Box], gaps: list[Interval]) -> bool:
    """Whether any cell reaches over a whole gap: a quick look, since those of most tables don't."""
    gaps.sort()
    starts = [left for left, _ in gaps]
    ends = list(accumulate([right for _, right in gaps][::-1], min))[::-1]
    for box in cells:
        place = bisect_right(starts, box.left)
        if place < len(ends) and ends[place] < box.right:
            return True
    return False


def _under_their_heads(
    columns: Sequence[Interval],
    rows: Sequence[Row],
    places: Sequence[Sequence[int]],
    across: set[int],
    height: float,
) -> set[int]:
    """The columns that are one with those before them: a head that stands beside its cells, not over them."""
    head = {place for box, place in zip(rows[0], places[0], strict=True) if box.place not in across}
    body = {place for row in places[1:] for place in row}
    only = head ^ body
    return {
        place
        for place in range(1, len(columns))
        if {place - 1, place} <= only
        and (place in head) != (place - 1 in head)
        and columns[place][0] - columns[place - 1][1] < _HEAD * height
    }


def _torn(rows: Sequence[Row], places: Sequence[Sequence[int]], height: float) -> set[int]:
    """The columns that are one with those before them, since a few torn cells made them: all of their lines
    follow close upon another of their row."""
    near = Counter(
        place
        for row, columns in zip(rows, places, strict=True)
        for before, box, place in zip(row, row[1:], columns[1:], strict=False)
        if box.left - before.right < _TORN * height
    )
    if not near:
        return set()
    cells = Counter(place for columns in places for place in columns)
    few = _FEW_TORN * len(rows)
    return {place for place, count in near.items() if place and count == cells[place] and count <= few}


def _column(box: Box, columns: Sequence[Interval]) -> int:
    """The first column that a box shares some x with."""
    left = box.left
    for index, column in enumerate(columns):
        if left < column[1]:
            return index
    return len(columns) - 1


def _is_aligned(column: Sequence[Box], height: float) -> bool:
    """Whether most cells have their left edge, their right edge or their middle in common."""
    return (
        _edge([box.left for box in column], height) is not None
        or _edge([box.right for box in column], height) is not None
        or _edge([(box.left + box.right) / 2 for box in column], height) is not None
    )


def _edge(edges: list[float], height: float) -> float | None:
    """Where most edges are, or None."""
    middle = sorted(edges)[len(edges) // 2]
    low, high = middle - ALIGNED * height, middle + ALIGNED * height
    near = sum([low < edge < high for edge in edges])
    return middle if near >= _MOSTLY * len(edges) else None


def white(above: Row, below: Row) -> float:
    """Pixels of white between two rows, one over the other."""
    return min(box.top for box in below) - max(box.bottom for box in above)
