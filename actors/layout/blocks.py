"""The lines of a strip into blocks: paragraphs, headings, tables; by the white between rows, and by size."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from actors.layout.geometry import Box
from actors.layout.rows import rows

_WHITE = 0.3
"""Line heights of white, beyond what is usual in the strip, between two blocks."""

_WHITE_IN_TABLE = 1.2
"""The same between two rows that have cells: tables are set wider."""

_SIZE, _WHITE_AT_SIZE = 1.15, 0.15
"""Ratio of the heights of two rows, and line heights of white beyond what is usual, that together part a
heading from its text. Boxes of equal letters differ by a tenth."""

_OTHER_SIZE = 1.4
"""Ratio of the heights that parts two rows in any case."""

_INDENT = 0.8
"""Line heights by which the first line of a paragraph is indented at least."""

Row = list[Box]


def blocks(strip: Sequence[Box], height: float, flowing: Sequence[bool]) -> list[list[Row]]:
    """Blocks of rows, in order. `height`: of the typical line; `flowing`: which lines are running text."""
    lines = rows(strip)
    tops = [row[0].top if len(row) == 1 else min([box.top for box in row]) for row in lines]
    bottoms = [row[0].bottom if len(row) == 1 else max([box.bottom for box in row]) for row in lines]
    whites = [top - bottom for top, bottom in zip(tops[1:], bottoms, strict=False)]
    usual = min(sorted(whites)[len(whites) // 2], 0.5 * height) if whites else 0.0
    edge = min(box.left for box in strip)
    sizes = [_size(row) for row in lines]
    found = [lines[:1]]
    for place, (above, below) in enumerate(pairwise(lines)):
        extra = (whites[place] - usual) / height
        ratio = sizes[place + 1] / sizes[place]
        if (
            extra > (_WHITE_IN_TABLE if len(above) > 1 and len(below) > 1 else _WHITE)
            or max(ratio, 1 / ratio) > (_SIZE if extra > _WHITE_AT_SIZE else _OTHER_SIZE)
            or (len(above) == 1 and _flows(below, flowing) and _indented(above, below, edge, height))
        ):
            found.append([])
        found[-1].append(below)
    return found


def _size(row: Row) -> float:
    """Height of a row's letters: of its typical cell, since a detector makes some boxes too high."""
    sizes = [box.height if box.height < box.width else box.width for box in row]
    if len(sizes) > 1:
        sizes.sort()
    return max(1.0, sizes[len(sizes) // 2])


def _flows(row: Row, flowing: Sequence[bool]) -> bool:
    return len(row) == 1 and flowing[row[0].place]


def _indented(above: Row, below: Row, edge: float, height: float) -> bool:
    """Whether the row below begins a paragraph: it is set in, and the one above is not."""
    return below[0].left - edge > _INDENT * height > above[0].left - edge
