"""The boxes of a form: labels in small print over what was filled in, read field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

from actors.layout.geometry import Box

_SMALL = 0.65
"""Height times width of a label's letters, over those of what stands below it, at most."""

_LOW = 0.85
"""Height of a label over that of what stands below it, at most."""

_FEWEST = 2
"""Rows of labels that make a form of a page."""

_UNDER = 1.0
"""Line heights of white between a label and what stands below it, at most."""

_INSET = 1.5
"""Line heights by which what was filled in may begin on the right of its label."""

_OUT = 0.5
"""The same on the left: boxes differ."""

Row = list[Box]


def fields(blocks: Sequence[list[Row]], texts: Sequence[str], height: float) -> list[list[Row]]:
    """Blocks of rows with each field a block of its own, from left to right. `height`: of the typical
    line."""
    rows = [row for block in blocks for row in block]
    filled = {}
    for place, (row, below) in enumerate(pairwise(rows)):
        if len(row) > 1 and place - 1 not in filled and all(_is_named(texts[box.place]) for box in row):
            after = rows[place + 2] if place + 2 < len(rows) else []
            found = _filled(row, below, after, height)
            if found is not None:
                filled[place] = found
    return _parted(blocks, filled) if len(filled) >= _FEWEST else list(blocks)


def _parted(blocks: Sequence[list[Row]], filled: Mapping[int, list[Row]]) -> list[list[Row]]:
    """Blocks with the rows of labels, by their number, and the rows below them as fields."""
    made: list[list[Row]] = []
    place = 0
    for block in blocks:
        is_open = False
        for row in block:
            if place in filled:
                pairs = zip(row, filled[place], strict=True)
                made += [[[label], value] if value else [[label]] for label, value in pairs]
            elif place - 1 not in filled:
                if is_open:
                    made[-1].append(row)
                else:
                    made.append([row])
            is_open = place not in filled and place - 1 not in filled
            place += 1
    return made


def _filled(labels: Row, below: Row, after: Row, height: float) -> list[Row] | None:
    """What stands under each of these labels, if the row below holds what was filled in. None for the head
    of a table: it has rows like the first one below."""
    if len(labels) < 2 or not below or len(below) > len(labels) or any(box.crossing for box in labels):
        return None
    white = min(box.top for box in below) - max(box.bottom for box in labels)
    if not -_UNDER * height < white < _UNDER * height:
        return None
    if not _is_small(labels, below) or (
        after and not _is_small(after, below) and _under(below, after, height)
    ):
        return None
    return _under(labels, below, height)


def _is_named(text: str) -> bool:
    """Whether a text is a name, and no number."""
    return 2 * sum(map(str.isalpha, text)) > len(text)


def _is_small(labels: Row, values: Row) -> bool:
    if median(box.height for box in labels) > _LOW * median(box.height for box in values):
        return False
    return _size(labels) < _SMALL * _size(values)


def _size(row: Row) -> float:
    return median(box.height * box.letter for box in row)


def _under(labels: Row, values: Row, height: float) -> list[Row] | None:
    """Values by the label that each begins under; None if one begins under none, or two under one."""
    found: list[Row] = [[] for _ in labels]
    for value in values:
        starts = [
            place
            for place, label in enumerate(labels)
            if label.left - _OUT * height < value.left < label.left + _INSET * height
        ]
        if len(starts) != 1 or found[starts[0]]:
            return None
        found[starts[0]].append(value)
    return found
