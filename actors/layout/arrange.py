"""The one function of this package: a page's lines into blocks in reading order, and the page's text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter

from actors.contracts import Line
from actors.layout.blocks import blocks
from actors.layout.columns import strips
from actors.layout.fields import fields
from actors.layout.flow import running
from actors.layout.geometry import Box, upright
from actors.layout.numbering import Numbering, numberings
from actors.layout.tables import Grid, tables
from actors.layout.zones import zones

CELL = "\t"
"""What parts the cells of a row in a page's text: a label and its amount, the columns of a table."""

_PLACE = attrgetter("polygon", "text", "score")
"""What lines are sorted by at first."""

_MOST_BLOCKS = 32_767
"""The largest number of a block that a row can hold (int16)."""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together: a paragraph, a heading, a table, the items of a receipt.

    `rows` from top to bottom (first to last in vertical text); the lines of a row stand side by side, in
    reading order. Of a table, `places` has the column of each line, from 0, and `columns` says how many there
    are; other blocks have none.
    """

    rows: tuple[tuple[Line, ...], ...]
    places: tuple[tuple[int, ...], ...] = ()
    columns: int = 0

    @property
    def lines(self) -> tuple[Line, ...]:
        """In reading order."""
        return tuple(line for row in self.rows for line in row)

    @property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        """The texts of each row: of a table one for each column, and "" for an empty cell; lines that share a
        cell are joined by a space. Of other blocks a text for each line."""
        if not self.columns:
            return tuple(tuple(line.text for line in row) for row in self.rows)
        found = []
        for row, places in zip(self.rows, self.places, strict=True):
            cells = [""] * self.columns
            for line, place in zip(row, places, strict=True):
                cells[place] = f"{cells[place]} {line.text}" if cells[place] else line.text
            found.append(tuple(cells))
        return tuple(found)

    @property
    def text(self) -> str:
        """A row a line, its cells parted by a tab. An empty cell of a table keeps its tab, unless none
        follows."""
        if not self.columns:
            return "\n".join([CELL.join([line.text for line in row]) for row in self.rows])
        return "\n".join(CELL.join(cells).rstrip(CELL) for cells in self.cells)


@dataclass(frozen=True)
class Layout:
    """A page as it is read: its blocks in reading order."""

    blocks: tuple[Block, ...]

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """All lines in reading order; `block` of each is the number of its block, from 0."""
        return tuple(
            replace(line, block=min(number, _MOST_BLOCKS))
            for number, block in enumerate(self.blocks)
            for line in block.lines
        )

    @cached_property
    def text(self) -> str:
        """The blocks' texts with a blank line between them."""
        return "\n\n".join(block.text for block in self.blocks)


def arrange(lines: Sequence[Line]) -> Layout:
    """Put a page's lines into blocks and reading order. The order in which they are given does not matter,
    nor do their `block`s; the same lines always give the same layout.

    Polygons are 8 numbers in pixels each, in a frame in which text is upright but for a skew, or vertical.
    """
    lines = sorted(lines, key=_PLACE if _all_numbers(lines) else _place)
    page = upright(lines)
    texts = [line.text for line in lines]
    flowing = running(page, texts)
    numbers = numberings(page, texts)
    counted = {box.place for one in numbers for box in one.numbers}
    body = [box for box in page.boxes if box.place not in counted] if counted else page.boxes
    found: list[list[list[Box]] | Grid] = []
    for zone in zones(page, body):
        parts = strips(zone, page.height, flowing, texts)
        whole = [block for strip in parts for block in blocks(strip, page.height, flowing)]
        whole = fields(whole, texts, page.height)
        for block in tables(whole, page.height):
            for one in [one for one in numbers if _stands_beside(one, block)]:
                found.append([[box] for box in one.numbers])
                numbers.remove(one)
            found.append(block)
    return Layout(tuple(_block(block, lines) for block in found))


def _block(found: list[list[Box]] | Grid, lines: Sequence[Line]) -> Block:
    rows = found.rows if isinstance(found, Grid) else found
    made = tuple(tuple(lines[box.place] for box in row) for row in rows)
    if isinstance(found, Grid):
        return Block(made, tuple(map(tuple, found.cells)), found.columns)
    return Block(made)


def _stands_beside(numbering: Numbering, block: list[list[Box]] | Grid) -> bool:
    rows = block.rows if isinstance(block, Grid) else block
    return any(box.place in numbering.beside for row in rows for box in row)


def _all_numbers(lines: Sequence[Line]) -> bool:
    """Whether no corner is NaN (or two are opposite infinities)."""
    return not math.isnan(sum([sum(line.polygon) for line in lines]))


def _place(line: Line) -> tuple[tuple[float, ...], str, float]:
    """The same on a page with NaNs, which are 0, as in `upright`: they compare with nothing, so the order
    would depend on the one in which the lines were given."""
    polygon = tuple(0.0 if math.isnan(value) else value for value in line.polygon)
    return polygon, line.text, line.score
