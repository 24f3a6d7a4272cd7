"""A page into strips that are read one after the other: bands from top to bottom, columns from left to right.

A corridor of a band parts two columns if there is running text on both sides, or if the lines of the sides do
not stand in rows; between a label and its amount, or the cells of a table, it does not: the rows stay whole.
A column is cut again in the same way. After the recursive XY cut (Nagy and Seth, 1984), with rows in its way.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, combinations
from math import log
from typing import NamedTuple

from actors.layout.bands import Band, bands, groups
from actors.layout.geometry import Box
from actors.layout.margins import head_and_foot, sides

_FEWEST = 3
"""Lines of running text on either side of a corridor between columns."""

_MOSTLY = 0.5
"""Share of running text in the widths of a side's lines from which it is a column of text."""

_LEVEL = 0.35
"""Line heights that two middles on one row may differ."""

_IN_ROWS = 0.75
"""Share of the lines of the shorter side that stand level with lines of the other, for rows."""

_SURE = 2.5

_FAR = 3.0

_PITCH = 2.0
"""Line heights from the middle of a line to that of the next one in a column that runs on."""

_ALONE = 0.8
"""Rows to a line in a column that has no columns in it; some lines come in pieces."""

_ASIDE, _DEEP = 0.3, 5.0
"""Share of the lines on the right that a column on the left has at most, and line heights that it begins
below their top at least, to be read after them."""

_DEPTH = 40
"""Cuts within cuts: more than a page has, and few enough for any drawing of boxes."""

Strip = list[Box]


def strips(boxes: Sequence[Box], height: float, flowing: Sequence[bool]) -> list[Strip]:
    """The page's lines in strips in reading order; within a strip rows go from top to bottom.

    `height`: of the page's typical line; `flowing`: by the index of a line, whether it is running text.
    """
    left, right = sides(boxes)
    if left or right:
        aside = {box.place for box in left + right}
        boxes = [box for box in boxes if box.place not in aside]
    rows = groups(boxes)
    head, foot = head_and_foot(rows, height, flowing)
    if head + foot >= len(rows):
        head = foot = 0
    body = rows[head : len(rows) - foot]
    parts = [_joined(rows[:head]), *_Cutter(height, flowing).cut(body), _joined(rows[len(rows) - foot :])]
    return [part for part in (*([box] for box in left), *parts, *([box] for box in right)) if part]


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

    def __init__(self, height: float, flowing: Sequence[bool]) -> None:
        self._height = height
        self._flowing = flowing

    def cut(self, rows: Sequence[Strip], depth: int = 0) -> list[Strip]:
        """The strips of a region in reading order. `rows`: its boxes, as `groups` gives them."""
        found: list[Strip] = []
        plain: Strip = []
        chain = _Chain()
        for band in bands(rows, self._height) if depth < _DEPTH else [Band(_joined(rows), [])]:
            columns = self._columns(band)
            if len(columns) == 1 or not self._go_on(chain.columns, columns):
                found += self._cut_all(chain, depth)
                chain = _Chain()
            if len(columns) == 1:
                plain.extend(band.boxes)
                continue
            found += [plain] * bool(plain)
            plain = []
            chain.add(columns)
        return [*found, *self._cut_all(chain, depth), *[plain] * bool(plain)]

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
        if len(band.cover) < 2:
            return [band.boxes]
        parts = band.parts()
        text = [self._text(part) for part in parts]
        before, after = list(accumulate(text, _add)), list(accumulate(text[::-1], _add))[::-1]
        columns = [parts[0]]
        sides = _Sides(parts, _LEVEL * self._height)
        for index in range(1, len(parts)):
            if (before[index - 1].flows and after[index].flows) or self._apart(
                parts[index - 1 : index + 1], text[index - 1 : index + 1], *sides.rows(index)
            ):
                columns.append(parts[index])
                sides.first = index
            else:
                columns[-1] = columns[-1] + parts[index]
        return _side_by_side(columns)

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
        if text[0].flows and text[1].flows:
            return True
        if _is_note(*parts) or _is_note(*parts[::-1]):
            return True
        if len(left) < 2 or len(right) < 2:
            return len(left) < 2 and text[1].flows
        top, bottom = max(left[0], right[0]) - self._height, min(left[-1], right[-1]) + self._height
        beside_text = any(
            one.flows and self._text([box for box in part if top < box.middle < bottom]).mostly
            for part, one in zip(parts, text, strict=True)
        )
        least = _SURE if beside_text else 0.0
        return all(_evidence(left, side, self._height) <= least for side in (right, near) if len(side) > 1)

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


class _Sides:
    """The rows on either side of a band's corridors, each as a middle; made when they are asked for.
    `first`: the part with which the last column begins."""

    def __init__(self, parts: Sequence[Strip], reach: float) -> None:
        self.first = 0
        self._parts = parts
        self._reach = reach
        self._made: list[list[float]] = []
        self._beyond: list[list[float]] = []
        self._left: tuple[int, int, list[float]] = (-1, 0, [])

    def rows(self, index: int) -> tuple[list[float], list[float], list[float]]:
        """The rows from `first` to the part before this one, of this part, and of this one and all after
        it."""
        if not self._made:
            self._made = [_thinned(_middles(part), self._reach) for part in self._parts]
            self._beyond = list(accumulate(self._made[::-1], self._both))[::-1]
        first, end, left = self._left
        if first != self.first:
            end, left = self.first, []
        for part in self._made[end:index]:
            left = self._both(left, part)
        self._left = (self.first, index, left)
        return left, self._made[index], self._beyond[index]

    def _both(self, one: list[float], other: list[float]) -> list[float]:
        return _thinned(sorted(one + other), self._reach) if one and other else one or other


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


def _joined(rows: Sequence[Strip]) -> Strip:
    return [box for row in rows for box in row]


def _add(one: _Text, other: _Text) -> _Text:
    return _Text(one.lines + other.lines, one.width + other.width, one.of + other.of)


def _middles(boxes: Strip) -> list[float]:
    return sorted(box.middle for box in boxes)


def _evidence(one: Sequence[float], other: Sequence[float], height: float) -> float:
    """How much likelier it is that the rows of two sides (sorted middles) are the same, those of the one
    with fewer among those of the other, than that they stand anywhere: the logarithm of the ratio. If they
    are, three of four lie around one of the others with a parabola's density that ends `_LEVEL` line
    heights away (Epanechnikov's kernel); anywhere, all distances up to half the way between two rows are
    equally likely: half of any lines are level with some line of a paragraph."""
    rows, levels = (one, other) if len(one) <= len(other) else (other, one)
    reach, far = _LEVEL * height, _FAR * height
    total = 0.0
    last = len(levels) - 1
    for middle in rows:
        place = bisect_left(levels, middle)
        if 0 < place <= last:
            below, above = levels[place - 1], levels[place]
            away, gap = min(middle - below, above - middle), min(above - below, far)
        else:
            away, gap = abs(middle - levels[0 if place == 0 else last]), far
            if away > far:
                continue
        near = away / reach
        density = 0.75 * (1.0 - near * near) * gap / reach if near < 1.0 else 0.0
        total += log(_IN_ROWS * density + 1.0 - _IN_ROWS)
    return total


def _thinned(levels: Sequence[float], least: float) -> list[float]:
    """Levels (sorted) without those that follow another by less than `least`: the cells of one row are
    one."""
    found: list[float] = []
    for level in levels:
        if not found or level - found[-1] >= least:
            found.append(level)
    return found


def _side_by_side(columns: list[Strip]) -> list[Strip]:
    """Columns of which no two lines stand at one height are none: messages of a chat, a time line. One that
    stands beside no other goes to the end if it lies below all others: a page number."""
    if len(columns) == 1:
        return columns
    number = {box.place: index for index, column in enumerate(columns) for box in column}
    beside: set[tuple[int, int]] = set()
    for group in groups(_joined(columns)):
        found = sorted({number[box.place] for box in group})
        beside.update(combinations(found, 2))
    paired = {index for pair in beside for index in pair}
    merged: list[Strip] = []
    lone: list[Strip] = []
    for index, column in enumerate(columns):
        if paired and index not in paired and _below(column, columns):
            lone.append(column)
        elif merged and (index - 1, index) not in beside and _alike(index, paired):
            merged[-1].extend(column)
        else:
            merged.append(column)
    return merged + lone


def _alike(index: int, paired: set[int]) -> bool:
    """Whether a column and the one before it both stand beside others, or no two columns do."""
    return not paired or {index - 1, index} <= paired


def _is_note(part: Strip, other: Strip) -> bool:
    """Whether a part only has lines across the page's direction, and they run beside several lines of the
    other one: a side note, an axis title. The head of a table's column stands beside other heads."""
    if not all(box.crossing for box in part):
        return False
    top, bottom = min(box.top for box in part), max(box.bottom for box in part)
    return sum(top < box.middle < bottom and not box.crossing for box in other) > 1


def _below(column: Strip, columns: Sequence[Strip]) -> bool:
    top = min(box.upper for box in column)
    return all(other is column or max(box.lower for box in other) <= top for other in columns)
