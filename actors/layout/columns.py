"""A page into strips that are read one after the other: bands from top to bottom, columns from left to right.

A corridor of a band parts two columns if there is running text on both sides, or if the lines of the sides do
not stand in rows; between a label and its amount, or the cells of a table, it does not: the rows stay whole.
A column is cut again in the same way. After the recursive XY cut (Nagy and Seth, 1984), with rows in its way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import NamedTuple

from actors.layout.addresses import are_blocks
from actors.layout.bands import Band, bands, groups, overlapping
from actors.layout.beside import is_note, side_by_side
from actors.layout.geometry import Box
from actors.layout.lists import goes_on
from actors.layout.margins import head_and_foot, side_lines
from actors.layout.sides import LEVEL, Sides, between, evidence, rows_of
from actors.layout.spreads import pages

_FEWEST = 3
"""Lines of running text on either side of a corridor between columns."""

_MOSTLY = 0.5
"""Share of running text in the widths of a side's lines from which it is a column of text."""

_SURE = 2.5
"""Evidence (the logarithm of a likelihood ratio) for rows from which lines beside running text are cells
of its rows: three lines that are level with one each, or more."""

_SPANNING = 6
"""Rows of a column from which its cells may be told to stand in the middle of two rows of the other side."""

_PITCH = 2.0
"""Line heights from the middle of a line to that of the next one in a column that runs on."""

_ALONE = 0.8
"""Rows to a line in a column that has no columns in it; some lines come in pieces."""

_ASIDE, _DEEP = 0.3, 5.0
"""Share of the lines on the right that a column on the left has at most, and line heights that it begins
below their top at least, to be read after them."""

_LONG = 10
"""Lines of a column from which it goes on below white over the whole width."""

_MOST_LISTS = 8
"""Parts of a band up to which a list may go on from one to another: more are the columns of a table."""

_FEW_ROWS = 6, 14
"""Lines of two addresses side by side."""

_MOST = 200
"""Corridors of a band that are looked at: more are no page, and the rows beside each of them would take
their time."""

_DEPTH = 40
"""Cuts within cuts: more than a page has, and few enough for any drawing of boxes."""

Strip = list[Box]


def strips(boxes: Sequence[Box], height: float, flowing: Sequence[bool], texts: Sequence[str]) -> list[Strip]:
    """The page's lines in strips in reading order; within a strip rows go from top to bottom.

    `height`: of the page's typical line; `flowing`: by the index of a line, whether it is running text;
    `texts`: of all lines.
    """
    left, right = side_lines(boxes)
    if left or right:
        aside = {box.place for box in left + right}
        boxes = [box for box in boxes if box.place not in aside]
    parts: list[Strip] = [[box] for box in left]
    for page in pages(boxes, height, flowing):
        rows = groups(page)
        head, foot = head_and_foot(rows, height, flowing)
        if head + foot >= len(rows):
            head = foot = 0
        body = rows[head : len(rows) - foot]
        parts += [_joined(rows[:head]), *_Cutter(height, flowing, texts).cut(body)]
        parts.append(_joined(rows[len(rows) - foot :]))
    return [part for part in (*parts, *([box] for box in right)) if part]


@dataclass(slots=True)
class _Chain:
    """Columns that run on from band to band, and what stands between them: captions, quotes."""

    columns: list[Strip] = field(default_factory=list)
    insets: list[Strip] = field(default_factory=list)

    def add(self, columns: Sequence[Strip]) -> None:
        """Lengthen the columns by those of the next band."""
        if not self.columns:
            self.columns = [list(column) for column in columns]
        elif len(columns) == len(self.columns):
            for column, more in zip(self.columns, columns, strict=True):
                column.extend(more)
        else:
            self.insets += [*self.columns[1:-1], *(list(column) for column in columns[1:-1])]
            self.columns = [self.columns[0] + columns[0], self.columns[-1] + columns[-1]]


class _Cutter:
    """Cuts one page; keeps what all cuts look at."""

    def __init__(self, height: float, flowing: Sequence[bool], texts: Sequence[str]) -> None:
        self._height = height
        self._texts = texts
        self._flowing = flowing

    def cut(self, rows: Sequence[Strip], depth: int = 0) -> list[Strip]:
        """The strips of a region in reading order. `rows`: its boxes, as `groups` gives them."""
        found: list[Strip] = []
        plain: Strip = []
        chain = _Chain()
        for columns in self._bands(rows) if depth < _DEPTH else [[_joined(rows)]]:
            goes_on = self._go_on(chain.columns, columns)
            if len(columns) == 1 or not goes_on:
                found += self._cut_all(chain, depth)
                chain = _Chain()
            if len(columns) == 1:
                plain.extend(columns[0])
                continue
            found += [plain] * bool(plain)
            plain = []
            chain.add(columns)
        return [*found, *self._cut_all(chain, depth), *[plain] * bool(plain)]

    def _bands(self, rows: Sequence[Strip]) -> Iterator[list[Strip]]:
        """The columns of the region's bands. A band that has any, and white over its whole width, is
        looked at in parts, unless text or a list runs on in it: rows of a table below others are a band of
        their own, and so is each of some short blocks: addresses side by side, and references below them."""
        for band in bands(rows, self._height):
            columns = self._columns(band)
            sections = band.sections
            if len(columns) == 1:
                yield from self._addresses(sections) if len(band.cover) > 1 else [columns]
                continue
            if len(sections) < 2 or self._runs_on(band):
                yield columns
                continue
            tables = [self._is_table(section, columns) for section in sections]
            text = {
                box.place
                for section, is_table in zip(sections, tables, strict=True)
                for box in section
                if not is_table
            }
            short = max(sum(box.place in text for box in column) for column in columns) < _LONG
            parts: list[Strip] = []
            for section, is_table, was_table in zip(sections, tables, [True, *tables], strict=False):
                if short or is_table or was_table:
                    parts.append([])
                parts[-1] += section
            for part in parts:
                yield from map(self._columns, bands(groups(part), self._height))

    def _addresses(self, sections: Sequence[Strip]) -> Iterator[list[Strip]]:
        """The columns of parts that are in rows, but for addresses side by side."""
        rows: Strip = []
        for section in sections:
            sides = _two(section) if _FEW_ROWS[0] <= len(section) <= _FEW_ROWS[1] else []
            if sides and are_blocks(sides[0], sides[1], self._texts, self._height):
                if rows:
                    yield [rows]
                yield sides
                rows = []
            else:
                rows += section
        if rows:
            yield [rows]

    def _is_table(self, section: Strip, columns: Sequence[Strip]) -> bool:
        """Whether a part of a band surely has rows across its columns."""
        number = {box.place: index for index, column in enumerate(columns) for box in column}
        sides: list[Strip] = [[] for _ in columns]
        for box in section:
            sides[number[box.place]].append(box)
        rows = [rows_of(side, LEVEL * self._height) for side in sides if side]
        return len(rows) > 1 and all(
            min(len(one), len(other)) > 1 and evidence(one, other, self._height) > _SURE
            for one, other in pairwise(rows)
        )

    def _runs_on(self, band: Band) -> bool:
        """Whether text, or a list, goes on from column to column over the whole of a band."""
        parts = band.parts()
        text = [self._text(part) for part in parts]
        before, after = list(accumulate(text, _add)), list(accumulate(text[::-1], _add))[::-1]
        return any(
            (before[index - 1].flows and after[index].flows)
            or goes_on(parts[index - 1], parts[index], self._texts, self._height)
            for index in range(1, len(parts))
        )

    def _cut_all(self, chain: _Chain, depth: int) -> list[Strip]:
        columns = [*chain.columns, *chain.insets]
        if len(columns) == 2 and self._is_aside(*columns):
            columns = columns[::-1]
        return [strip for column in columns for strip in self.cut(groups(column), depth + 1)]

    def _is_aside(self, left: Strip, right: Strip) -> bool:
        """Whether the left one of two columns is a few lines that begin far below the top of the text on
        the right, as a picture's caption does: the text comes first."""
        if len(left) > _ASIDE * len(right) or not self._text(right).flows:
            return False
        return min(box.top for box in left) - min(box.top for box in right) > _DEEP * self._height

    def _columns(self, band: Band) -> list[Strip]:
        """The band's boxes by column; one where its corridors only part cells of rows."""
        if not 1 < len(band.cover) <= _MOST:
            return [band.boxes]
        parts = band.parts()
        text = [self._text(part) for part in parts]
        before, after = list(accumulate(text, _add)), list(accumulate(text[::-1], _add))[::-1]
        columns = [parts[0]]
        few = len(parts) <= _MOST_LISTS
        sides = Sides(parts, LEVEL * self._height)
        for index in range(1, len(parts)):
            if (
                (before[index - 1].flows and after[index].flows)
                or (few and goes_on(columns[-1], parts[index], self._texts, self._height))
                or self._apart(parts[index - 1 : index + 1], text[index - 1 : index + 1], *sides.rows(index))
            ):
                columns.append(parts[index])
                sides.first = index
            else:
                columns[-1] = columns[-1] + parts[index]
        return side_by_side(columns)

    def _apart(
        self,
        parts: Sequence[Strip],
        text: Sequence[_Text],
        left: Sequence[float],
        near: Sequence[float],
        right: Sequence[float],
    ) -> bool:
        """Whether a corridor between these two parts separates columns: the rows of all that stands on the
        left, up to the last column, and of all on the right, are not the same. Debits and credits share no
        row, but both stand in those of the dates; a total stands in no row of the list beside it, but in
        that of its amount."""
        if (text[0].flows and text[1].flows) or is_note(*parts) or is_note(*parts[::-1]):
            return True
        if len(left) < 2 or len(right) < 2:
            return len(left) < 2 and text[1].flows
        if len(near) == 1 and min(abs(row - near[0]) for row in left) < LEVEL * self._height:
            return False
        top, bottom = max(left[0], right[0]) - self._height, min(left[-1], right[-1]) + self._height
        beside_text = any(
            one.flows and self._text([box for box in part if top < box.middle < bottom]).mostly
            for part, one in zip(parts, text, strict=True)
        )
        least = _SURE if beside_text else 0.0
        if any(evidence(left, side, self._height) > least for side in (right, near) if len(side) > 1):
            return False
        few, many = (left, near) if len(left) <= len(near) else (near, left)
        if beside_text or len(few) < _SPANNING:
            return True
        return evidence(few, between(many), self._height) <= _SURE

    def _text(self, boxes: Sequence[Box]) -> _Text:
        text = [box.width for box in boxes if self._flowing[box.place]]
        return _Text(len(text), sum(text), sum(box.width for box in boxes))

    def _go_on(self, above: Sequence[Strip], below: Sequence[Strip]) -> bool:
        """Whether columns of one band are those of the next: the text of the outer ones runs on."""
        return not above or (self._goes_on(above[0], below[0]) and self._goes_on(above[-1], below[-1]))

    def _goes_on(self, above: Strip, below: Strip) -> bool:
        for column in (above, below):
            if not self._text(column).flows or len(groups(column)) < _ALONE * len(column):
                return False
        step = min(box.middle for box in below) - max(box.middle for box in above)
        edge = min(
            abs(min(box.left for box in above) - min(box.left for box in below)),
            abs(max(box.right for box in above) - max(box.right for box in below)),
        )
        return step < _PITCH * self._height and edge < self._height


class _Text(NamedTuple):
    """How much running text there is among some lines: their number and width, and the width of all lines."""

    lines: int
    width: float
    of: float

    @property
    def flows(self) -> bool:
        """Whether that makes a column of text."""
        return self.lines >= _FEWEST and self.mostly

    @property
    def mostly(self) -> bool:
        """Whether most of the lines are running text, by their width."""
        return self.width >= _MOSTLY * self.of


def _two(boxes: Strip) -> list[Strip]:
    """Boxes on the left and on the right of their only corridor; none if they have none, or more."""
    cover = overlapping([(box.left, box.right) for box in boxes])
    if len(cover) != 2:
        return []
    return [[box for box in boxes if (box.left > cover[0][1]) == side] for side in (False, True)]


def _joined(rows: Sequence[Strip]) -> Strip:
    return [box for row in rows for box in row]


def _add(one: _Text, other: _Text) -> _Text:
    return _Text(one.lines + other.lines, one.width + other.width, one.of + other.of)
