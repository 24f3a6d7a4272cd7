"""What stands beside what: columns of which no lines are at one height, and notes turned up beside text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from actors.layout.bands import groups
from actors.layout.geometry import Box

Strip = list[Box]


def side_by_side(columns: list[Strip]) -> list[Strip]:
    """Columns of which no two lines stand at one height are none: messages of a chat, a time line. One that
    stands beside no other goes to the end if it lies below all others: a page number."""
    if len(columns) == 1:
        return columns
    number = {box.place: index for index, column in enumerate(columns) for box in column}
    beside: set[tuple[int, int]] = set()
    for group in groups(box for column in columns for box in column):
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


def is_note(part: Strip, other: Strip) -> bool:
    """Whether a part only has lines across the page's direction, and they run beside several lines of the
    other one: a side note, an axis title. The head of a table's column stands beside other heads."""
    if not all(box.crossing for box in part):
        return False
    top, bottom = min(box.top for box in part), max(box.bottom for box in part)
    return sum(top < box.middle < bottom and not box.crossing for box in other) > 1


def _below(column: Strip, columns: Sequence[Strip]) -> bool:
    top = min(box.upper for box in column)
    return all(other is column or max(box.lower for box in other) <= top for other in columns)
