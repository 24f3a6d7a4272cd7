"""Which lines of a reading belong to which item of a sheet, and how a reading differs from the truth."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.rendered_numbers.sheets import Box, Placed, Sheet

_SAME = str.maketrans(
    {
        **dict.fromkeys("’‘ʼ´`′", "'"),
        **dict.fromkeys("–—−‐‑‒", "-"),
        **dict.fromkeys("“”", '"'),
        "￥": "¥",
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    }
)
"""Forms of one sign: curly and straight, dashes and minus, full width."""

_MARGIN = 0.5
"""In x-heights: how much larger than the ink an item's place is, on each side."""
_LEAST = 0.5
"""Part of a line that must lie in an item's place."""


@dataclass(frozen=True)
class Line:
    """What a system read in one place; polygon x1 y1 .. in pixels of the page, no score where it has none."""

    text: str
    score: float | None
    polygon: tuple[float, ...]


@dataclass(frozen=True)
class Read:
    """What was read for one item; the score is the lowest of its lines, None where nothing was found."""

    text: str
    score: float | None


@dataclass(frozen=True)
class Matched:
    """What was read for each item of a sheet; `strays`: lines that lie in no item's place, or in two."""

    reads: tuple[Read, ...]
    strays: int


@functools.cache
def folded(text: str) -> str:
    """A text as it is compared: NFC, without white space, one form for each sign."""
    return "".join(unicodedata.normalize("NFC", text).translate(_SAME).split())


def is_exact(truth: str, read: str) -> bool:
    """Whether a reading is the truth, but for spaces and the forms of signs."""
    return folded(truth) == folded(read)


@functools.cache
def errors(truth: str, read: str) -> int:
    """Characters that are wrong, missing or too many: the edit distance (Levenshtein) of what is compared."""
    return distance(folded(truth), folded(read))


def distance(first: str, second: str) -> int:
    """Levenshtein distance."""
    above = list(range(len(second) + 1))
    for row, one in enumerate(first, 1):
        line = [row]
        for column, other in enumerate(second, 1):
            line.append(min(above[column] + 1, line[-1] + 1, above[column - 1] + (one != other)))
        above = line
    return above[-1]


def match(sheet: Sheet, lines: Sequence[Line]) -> Matched:
    """For each item of a sheet what was read in its place, from left to right; empty where nothing was."""
    found: list[list[tuple[float, Line]]] = [[] for _ in sheet.placed]
    margin, strays = _MARGIN * sheet.order.x_height, 0
    for line in lines:
        box = _upright(sheet, line)
        shares = [_share(box, placed, margin) for placed in sheet.placed]
        best = int(np.argmax(shares))
        if shares[best] >= _LEAST:
            found[best].append((box[0], line))
        else:
            strays += 1
    return Matched(tuple(map(_joined, found)), strays)


def _joined(parts: Sequence[tuple[float, Line]]) -> Read:
    in_order = [line for _, line in sorted(parts, key=lambda part: part[0])]
    scores = [line.score for line in in_order if line.score is not None]
    return Read(" ".join(line.text for line in in_order), min(scores, default=None))


def _upright(sheet: Sheet, line: Line) -> Box:
    """The box round a line, where its text was drawn."""
    points = np.array(line.polygon, np.float64).reshape(-1, 2)
    back = points @ sheet.back[:, :2].T + sheet.back[:, 2]
    (left, top), (right, bottom) = back.min(axis=0), back.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _share(box: Box, placed: Placed, margin: float) -> float:
    """Part of a line's box that lies in an item's place."""
    left, top, right, bottom = placed.box
    width = min(box[2], right + margin) - max(box[0], left - margin)
    height = min(box[3], bottom + margin) - max(box[1], top - margin)
    area = (box[2] - box[0]) * (box[3] - box[1])
    return width * height / area if width > 0 and height > 0 and area > 0 else 0.0
