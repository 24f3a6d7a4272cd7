"""Lines of a strip into rows: what stands on one level is one row, its cells from left to right."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from actors.layout.geometry import Box

_LEVEL = 0.5
"""Share of the smaller height by which two boxes must overlap in y to stand on one row."""

_CROSS = 0.3
"""Share of the narrower width that cells of one row may overlap in x; more, and they are two rows."""

_OPEN = 3
"""Rows that a line may still belong to: the last ones, since lines come by the height of their middle."""

_MOST_CELLS = 200
"""Cells of a row; a page with more side by side is no page, and comparing them all would take its time."""


_DOWN, _ALONG = attrgetter("middle", "left"), attrgetter("left", "top")


def rows(boxes: Sequence[Box]) -> list[list[Box]]:
    """Rows from top to bottom."""
    found: list[list[Box]] = []
    lowest: list[float] = []
    for box in sorted(boxes, key=_DOWN):
        top, bottom = box.top, box.bottom
        for place in range(len(found) - 1, max(-1, len(found) - 1 - _OPEN), -1):
            if top < lowest[place] and _fits(box, found[place]):
                found[place].append(box)
                lowest[place] = max(lowest[place], bottom)
                break
        else:
            found.append([box])
            lowest.append(bottom)
    for row in found:
        if len(row) > 1:
            row.sort(key=_ALONG)
    return found


def _fits(box: Box, row: Sequence[Box]) -> bool:
    """Whether a box stands on a row: level with its nearest cell, and over none. Lines across the page's
    direction have rows of their own: the heads of narrow columns."""
    if box.crossing != row[0].crossing or len(row) >= _MOST_CELLS:
        return False
    if len(row) == 1 and not _level(box, row[0]):
        return False
    left, right = box.left, box.right
    near, nearest = row[0], float("inf")
    for cell in row:
        before, after = cell.left - right, left - cell.right
        apart = before if before > after else after
        if apart < 0 and -apart > _CROSS * min(box.width, cell.width):
            return False
        if apart < nearest:
            near, nearest = cell, apart
    return _level(box, near)


def _level(one: Box, other: Box) -> bool:
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared > _LEVEL * min(one.height, other.height)
