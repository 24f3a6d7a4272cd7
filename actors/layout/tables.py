"""Rows of cells as a table: which column each cell is in, so that an empty one keeps its place.

A table has at least three columns, in three rows at least, whose cells have an edge or their middle in
common: a receipt's labels and amounts are rows, and no table.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from actors.layout.bands import Interval, overlapping
from actors.layout.geometry import Box

_FEWEST_COLUMNS, _FEWEST_ROWS = 3, 3
"""Cells of a row, and such rows, that make a table."""

_ALIGNED = 0.5
"""Line heights within which the left edges, right edges or middles of a column's cells lie, most of them."""

_MOSTLY = 0.7
"""Share of a column's cells, and of a table's columns by their cells, that are aligned."""

_TWICE = 2.0
"""How many more rows have a gap at a place than have a cell across it, for two columns to be parted there."""

_APART = 3.0
"""Line heights of white at most between two parts of a table: its head, or its total, and the rest."""

_CLOSE = 0.8
"""The same for a line that goes on in the cell above."""

_HEAD_ROWS = 2
"""Rows of a table's head, or of its totals, at most."""

_TORN, _FEW_TORN = 1.2, 0.3
"""Line heights between two lines of one cell at most, and share of the rows that may have such ones."""

_NEAR = 4
"""Rows above a line in which a cell is looked for that it goes on in."""

_HEAD = 1.5
"""Line heights from a head to its cells, where it does not stand over them."""

_MOST_CELLS = 2_000
"""Cells of a table that is looked at: more are no page."""

Row = list[Box]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: rows with the column of each of their cells, from 0; `columns`: how many there are."""

    rows: list[Row]
    cells: list[list[int]]
    columns: int


def tables(blocks: Sequence[list[Row]], height: float) -> list[list[Row] | Grid]:
    """Blocks in reading order with their tables as grids: rows before and after a table are blocks of
    their own, parts of one table are one. `height`: of the page's typical line."""
    if sum(map(_wide, blocks)) < _FEWEST_ROWS:
        return list(blocks)
    found: list[list[Row] | Grid] = []
    for run in _runs(blocks, height):
        rest = run
        while rest:
            taken, parts = _first_table(rest, height)
            found += parts
            rest = rest[taken:]
    return found


def _first_table(run: Sequence[list[Row]], height: float) -> tuple[int, list[list[Row] | Grid]]:
    """How many of these blocks are the first table, or are none, and their parts. A block is a part of the
    table above if no column is added by it; a head of one or two rows may add some that are empty
    otherwise."""
    found = _table(run[0], run[:1], height)
    taken, cells = 1, _wide(run[0])
    for end in range(1, len(run)):
        cells += _wide(run[end])
        if cells < _FEWEST_ROWS:
            continue  # rows that are set wide apart are a block each
        both = _table([row for block in run[: end + 1] for row in block], run[: end + 1], height)
        if both is None:
            break
        if min(sum(map(len, run[:end])), len(run[end])) > _HEAD_ROWS:
            most = max(_width(found), _width(_table(run[end], run[end : end + 1], height)))
            if 0 < most < _width(both):
                break
        found, taken = both, end + 1
    return taken, found or [run[0]]


def _wide(block: Sequence[Row]) -> int:
    """The rows that have as many cells as a table has columns."""
    return sum(len(row) >= _FEWEST_COLUMNS for row in block)


def _width(parts: Sequence[list[Row] | Grid] | None) -> int:
    """The columns of a table among some parts."""
    return max((part.columns for part in parts or () if isinstance(part, Grid)), default=0)


def _runs(blocks: Sequence[list[Row]], height: float) -> list[list[list[Row]]]:
    """Blocks that may be parts of one table: each but the first begins near under the one above, with a
    row of cells, or with a line that begins where a cell of that one does."""
    runs: list[list[list[Row]]] = []
    for block in blocks:
        above = runs[-1][-1] if runs else None
        if (
            above
            and _APART * height > _white(above[-1], block[0]) > -height
            and _goes_on(above, block[0], height)
        ):
            runs[-1].append(block)
        else:
            runs.append([block])
    return runs


def _goes_on(above: list[Row], row: Row, height: float) -> bool:
    if len(row) > 1:
        return True
    edges = [box.left for other in above[-_NEAR:] for box in other[1:]]
    return any(abs(edge - row[0].left) < _ALIGNED * height for edge in edges)


def _table(rows: list[Row], blocks: Sequence[list[Row]], height: float) -> list[list[Row] | Grid] | None:
    """Rows, which are those of some blocks, with the table among them as a grid; None if there is none."""
    wide = [index for index, row in enumerate(rows) if len(row) >= _FEWEST_COLUMNS]
    if len(wide) < _FEWEST_ROWS:
        return None
    first, last = wide[0], wide[-1] + 1
    columns = _columns(rows[first:last], height)
    if columns is None:
        return None
    while (
        first
        and len(rows[first - 1]) > 1
        and columns.fit(rows[first - 1], rows[first], rows[first - 1], height)
    ):
        first -= 1
    while last < len(rows) and columns.fit(rows[last - 1], rows[last], rows[last], height):
        last += 1
    grid = Grid(rows[first:last], [columns.places(row) for row in rows[first:last]], len(columns.ranges))
    return [*_part(blocks, 0, first), grid, *_part(blocks, last, len(rows))]


def _part(blocks: Sequence[list[Row]], first: int, last: int) -> list[list[Row]]:
    """The rows from `first` to `last`, counted over all blocks, in the blocks that they are in."""
    found, start = [], 0
    for block in blocks:
        part = block[max(0, first - start) : max(0, last - start)]
        if part:
            found.append(part)
        start += len(block)
    return found


@dataclass(frozen=True, slots=True)
class _Columns:
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
        white = _white(above, below)
        if len(row) == 1:
            edge = self.edges[place] if (place := _column(row[0], self.ranges)) else None
            return (
                edge is not None and abs(row[0].left - edge) < _ALIGNED * height and white < _CLOSE * height
            )
        return (
            white < _APART * height
            and all(self._is_in_one(box) for box in row)
            and _distinct(self.places(row))
        )

    def _is_in_one(self, box: Box) -> bool:
        return sum(box.left < right and left < box.right for left, right in self.ranges) == 1


def _distinct(places: Sequence[int]) -> bool:
    return len(set(places)) == len(places)


def _white(above: Row, below: Row) -> float:
    """Pixels of white between two rows, one over the other."""
    return min(box.top for box in below) - max(box.bottom for box in above)


def _columns(rows: Sequence[Row], height: float) -> _Columns | None:
    """The columns of a table's rows; None if these are in no clear ones."""
    cells = [box for row in rows if len(row) > 1 for box in row]
    if len(cells) > _MOST_CELLS:
        return None
    across = _across(rows, cells)
    ranges = overlapping([(box.left, box.right) for box in cells if box.place not in across])
    if len(ranges) < _FEWEST_COLUMNS:
        return None
    places = [[_column(box, ranges) for box in row] for row in rows]
    joined = _under_their_heads(ranges, rows, places, across, height) | _torn(rows, places, height)
    if joined:
        ranges = _without(ranges, joined)
        if len(ranges) < _FEWEST_COLUMNS:
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
    return _Columns(ranges, [_edge([box.left for box in column], height) for column in members])


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
    low, high = middle - _ALIGNED * height, middle + _ALIGNED * height
    near = sum([low < edge < high for edge in edges])
    return middle if near >= _MOSTLY * len(edges) else None
