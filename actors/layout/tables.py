"""Rows of cells as a table: which column each cell is in, so that an empty one keeps its place.

A table has at least three columns, in three rows at least, whose cells have an edge or their middle in common: a
receipt's labels and amounts are rows, and no table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

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

_HEAD = 1.5
"""Line heights from a head to its cells, where it does not stand over them."""

_MOST_CELLS = 2_000
"""Cells of a table that is looked at: more are no page."""

Row = list[Box]


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows with the column of each of their cells, from 0; `columns`: how many there are."""

    rows: list[Row]
    cells: list[list[int]]
    columns: int


def tables(blocks: Sequence[list[Row]], height: float) -> list[list[Row] | Grid]:
    """A strip's blocks with its tables as grids: rows before and after a table are blocks of their own, parts of
    one table are one. `height`: of the page's typical line."""
    found: list[list[Row] | Grid] = []
    for block in blocks:
        first, last = _core(block)
        grid = _grid(block[first:last], height) if last - first >= _FEWEST_ROWS else None
        if grid is None:
            found.append(block)
            continue
        found += [part for part in (block[:first],) if part]
        found.append(grid)
        found += [part for part in (block[last:],) if part]
    return _joined(found, height) if any(isinstance(one, Grid) for one in found) else found


def _core(block: Sequence[Row]) -> tuple[int, int]:
    """From the first to the last row that has as many cells as a table has columns."""
    wide = [index for index, row in enumerate(block) if len(row) >= _FEWEST_COLUMNS]
    if len(wide) < _FEWEST_ROWS:
        return 0, 0
    return wide[0], wide[-1] + 1


def _joined(parts: Sequence[list[Row] | Grid], height: float) -> list[list[Row] | Grid]:
    """Tables with the rows above and below that have cells in their columns."""
    found: list[list[Row] | Grid] = []
    for part in parts:
        both = _both(found[-1], part, height) if found else None
        if both is None:
            found.append(part)
        else:
            found[-1] = both
    return found


def _both(above: list[Row] | Grid, below: list[Row] | Grid, height: float) -> Grid | None:
    """Two parts as one table, if one is, and the other's rows fit into its columns."""
    if isinstance(above, list) and isinstance(below, list):
        return None
    rows, more = _rows(above), _rows(below)
    if _top(more[0]) - _bottom(rows[-1]) > _APART * height:
        return None
    columns = max(part.columns for part in (above, below) if isinstance(part, Grid))
    for part in (above, below):
        if isinstance(part, list) and not all(_may_belong(row) for row in part):
            return None
    both = _grid([*rows, *more], height)
    if both is None or both.columns != columns:
        return None
    return both


def _may_belong(row: Row) -> bool:
    return len(row) > 1


def _rows(part: list[Row] | Grid) -> list[Row]:
    return part.rows if isinstance(part, Grid) else part


def _top(row: Row) -> float:
    return min(box.top for box in row)


def _bottom(row: Row) -> float:
    return max(box.bottom for box in row)


def _grid(rows: list[Row], height: float) -> Grid | None:
    """Rows as a table; None if their cells are in no clear columns."""
    cells = [box for row in rows if len(row) > 1 for box in row]
    if len(cells) > _MOST_CELLS:
        return None
    across = _across(rows, cells)
    columns = overlapping([(box.left, box.right) for box in cells if box.place not in across])
    if len(columns) < _FEWEST_COLUMNS:
        return None
    columns = _under_their_heads(columns, rows, across, height)
    places = [[_column(box, columns) for box in row] for row in rows]
    if len(columns) < _FEWEST_COLUMNS or not _aligned(rows, places, across, height):
        return None
    return Grid(rows, places, len(columns))


def _across(rows: Sequence[Row], cells: Sequence[Box]) -> set[int]:
    """The cells that span columns: most other rows have a gap where these have none."""
    gaps = np.array(
        [(left.right, right.left) for row in rows for left, right in zip(row, row[1:], strict=False) if left.right < right.left]
    )
    if not len(gaps):
        return set()
    spans = np.array([(box.left, box.right) for box in cells])
    over = (spans[:, None, 0] < gaps[None, :, 0]) & (gaps[None, :, 1] < spans[:, None, 1])
    if not over.any():
        return set()
    shared = np.minimum(gaps[:, None, 1], gaps[None, :, 1]) > np.maximum(gaps[:, None, 0], gaps[None, :, 0])
    parts = shared.sum(axis=1) >= _TWICE * over.sum(axis=0)
    spanning = (over & parts[None, :]).any(axis=1)
    return {box.place for box, spans_columns in zip(cells, spanning.tolist(), strict=True) if spans_columns}


def _under_their_heads(
    columns: list[Interval], rows: Sequence[Row], across: set[int], height: float
) -> list[Interval]:
    """Columns, with a head that stands beside its cells, not over them, joined to them."""
    inside = [[_column(box, columns) for box in row if box.place not in across] for row in rows]
    head, body = set(inside[0]), {place for row in inside[1:] for place in row}
    found = [columns[0]]
    for index, column in enumerate(columns[1:], start=1):
        only = {index - 1, index} & (head ^ body)
        if len(only) == 2 and len(only & head) == 1 and column[0] - found[-1][1] < _HEAD * height:
            found[-1] = (found[-1][0], column[1])
        else:
            found.append(column)
    return found


def _column(box: Box, columns: Sequence[Interval]) -> int:
    """The first column that a box shares some x with."""
    for index, (_, right) in enumerate(columns):
        if box.left < right:
            return index
    return len(columns) - 1


def _aligned(rows: Sequence[Row], places: Sequence[Sequence[int]], across: set[int], height: float) -> bool:
    """Whether most cells are in columns whose cells have an edge or their middle in common."""
    cells: dict[int, list[Box]] = {}
    for row, places_of_row in zip(rows, places, strict=True):
        for box, place in zip(row, places_of_row, strict=True):
            if box.place not in across:
                cells.setdefault(place, []).append(box)
    aligned = of = 0
    for column in cells.values():
        if len(column) > 1:
            of += len(column)
            aligned += len(column) * _is_aligned(column, height)
    return aligned >= _MOSTLY * of


def _is_aligned(column: Sequence[Box], height: float) -> bool:
    for edges in ([box.left for box in column], [box.right for box in column], [box.left + box.right for box in column]):
        middle = median(edges)
        near = sum(abs(edge - middle) < _ALIGNED * height for edge in edges)
        if near >= _MOSTLY * len(column):
            return True
    return False
