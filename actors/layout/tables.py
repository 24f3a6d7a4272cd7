"""Rows of cells as a table: which column each cell is in, so that an empty one keeps its place.

A table has at least three columns, in three rows at least, whose cells have an edge or their middle in
common: a receipt's labels and amounts are rows, and no table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actors.layout.grids import ALIGNED, APART, FEWEST_COLUMNS, Row, columns_of, white

_FEWEST_ROWS = 3
"""Rows with as many cells that make a table."""

_HEAD_ROWS = 2
"""Rows of a table's head, or of its totals, at most."""

_NEAR = 4
"""Rows above a line in which a cell is looked for that it goes on in."""


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
        while sum(map(_wide, rest)) >= _FEWEST_ROWS:
            taken, parts = _first_table(rest, height)
            found += parts
            rest = rest[taken:]
        found += rest
    return found


def _first_table(run: Sequence[list[Row]], height: float) -> tuple[int, list[list[Row] | Grid]]:
    """How many of these blocks are the first table, or are none, and their parts: all, or as many as make one
    table. A block is a part of the table above if it adds no column; one or two rows may add some that are
    empty otherwise."""
    if len(run) > 1:
        whole = _table([row for block in run for row in block], run, height)
        many = sum(len(block) > _HEAD_ROWS for block in run)
        if whole and (
            many < 2 or all(_width(one) in (0, _width(whole)) for one in _long_tables(run, height))
        ):
            return len(run), whole
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
            most = max(_width(found), *map(_width, _long_tables(run[end : end + 1], height)))
            if 0 < most < _width(both):
                break
        found, taken = both, end + 1
    return taken, found or [run[0]]


def _long_tables(blocks: Sequence[list[Row]], height: float) -> list[list[list[Row] | Grid] | None]:
    """The tables that blocks are by themselves, but for those of few rows."""
    return [_table(block, [block], height) for block in blocks if len(block) > _HEAD_ROWS]


def _width(parts: Sequence[list[Row] | Grid] | None) -> int:
    """The columns of a table among some parts."""
    return max((part.columns for part in parts or () if isinstance(part, Grid)), default=0)


def _wide(block: Sequence[Row]) -> int:
    """The rows that have as many cells as a table has columns."""
    return sum([len(row) >= FEWEST_COLUMNS for row in block])


def _runs(blocks: Sequence[list[Row]], height: float) -> list[list[list[Row]]]:
    """Blocks that may be parts of one table: each but the first begins near under the one above, with a
    row of cells, or with a line that begins where a cell of that one does."""
    runs: list[list[list[Row]]] = []
    for block in blocks:
        above = runs[-1][-1] if runs else None
        if (
            above
            and APART * height > white(above[-1], block[0]) > -height
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
    return any(abs(edge - row[0].left) < ALIGNED * height for edge in edges)


def _table(rows: list[Row], blocks: Sequence[list[Row]], height: float) -> list[list[Row] | Grid] | None:
    """Rows, which are those of some blocks, with the table among them as a grid; None if there is none."""
    wide = [index for index, row in enumerate(rows) if len(row) >= FEWEST_COLUMNS]
    if len(wide) < _FEWEST_ROWS:
        return None
    first, last = wide[0], wide[-1] + 1
    columns = columns_of(rows[first:last], height)
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
