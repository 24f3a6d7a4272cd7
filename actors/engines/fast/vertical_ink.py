"""The ink of a vertical line: what belongs to the characters that were read, and what to a lost sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from actors.engines.fast.ctc import Reading
from actors.engines.fast.ink import mask, runs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from actors.contracts import Image

_SQUARE = 1.15
"""Length of a character's square at most, over the width of the column's ink: text may be spaced."""

_OFF = 0.35
"""How far the ink of a character is from its place at most, over the length of its square."""

_LONGEST, _LONGEST_STOP, _BEHIND_STOP = 1.0, 0.45, 0.3
"""Length of a sign at most; of a stop; and the white behind a stop: over the length of a square."""

_BROKEN = 0.12
"""White within a sign at most, over the length of a square: thin strokes break."""

_BESIDE = 2


@dataclass(frozen=True, slots=True)
class OpenInk:
    """Ink that no character accounts for, in the picture of a vertical line that lies on its left side.

    `start`, `end`: its first column and the one beyond the last; `top`, `bottom`: its rows; `square`: the
    length of a character's square; `before`, `behind`: the middles of the two characters on either side,
    fewer at an end. All in pixels. `at`: the index of the character behind it; `size`: its longer side over
    that of a typical character; `is_stop`: whether its size, and the white behind it, are those of a stop.
    """

    start: int
    end: int
    top: int
    bottom: int
    square: float
    before: tuple[float, ...]
    behind: tuple[float, ...]
    at: int
    size: float
    is_stop: bool


@dataclass(frozen=True, slots=True)
class VerticalInk:
    """What is open in a line, and of each of its characters the longer side over that of a typical one, 0
    where none of the ink is its own."""

    open: tuple[OpenInk, ...]
    sizes: tuple[float, ...]


def account(image: Image, reading: Reading) -> VerticalInk:
    """Which ink of a line's picture (H×W×3 uint8) belongs to the characters of its reading, which has their
    `places`, and which to none."""
    import numpy as np

    ink = mask(image)
    width = ink.shape[1]
    rows = np.flatnonzero(ink.any(axis=1))
    thick = int(rows[-1] - rows[0]) + 1 if rows.size else ink.shape[0]
    middles = [place * width for place in reading.places]
    apart = median([after - before for before, after in pairwise(middles)] or [thick])
    square = max(1.0, min(apart, _SQUARE * thick))  # places at the line's end may be the same
    own, left = _shared_out(runs(np.asarray(ink.any(axis=0))), middles, square)
    boxes = [_box(ink, min(columns), max(columns)) if columns else (0, 0, 0, 0) for columns in own]
    sizes = [_longer(box) for box in boxes]
    known = sorted(size for size in sizes if size)
    typical = known[len(known) * 3 // 4] if known else square  # half of the kana are smaller than the rest
    starts = sorted([start for start, _ in left] + [min(columns) for columns in own if columns])
    found = []
    for start, end in left:
        box = _box(ink, start, end)
        after = next((other for other in starts if other >= end), 2 * width)
        at = sum(place < (start + end) / 2 for place in middles)
        is_stop = _longer(box) <= _LONGEST_STOP * square and after - end >= _BEHIND_STOP * square
        before, behind = tuple(middles[max(0, at - _BESIDE) : at]), tuple(middles[at : at + _BESIDE])
        found.append(OpenInk(*box, square, before, behind, at, _longer(box) / typical, is_stop))
    return VerticalInk(tuple(found), tuple(size / typical for size in sizes))


def _shared_out(
    parts: Sequence[tuple[int, int]], middles: Sequence[float], square: float
) -> tuple[list[list[int]], list[tuple[int, int]]]:
    """The columns of each character, and those that are no character's, as far as they may be a sign."""
    own: list[list[int]] = [[] for _ in middles]
    left: list[tuple[int, int]] = []
    for start, end in parts:
        middle, half = (start + end) / 2, (end - start) / 2
        distance, nearest = min((abs(place - middle) - half, index) for index, place in enumerate(middles))
        if distance <= _OFF * square:
            own[nearest] += (start, end)
        elif left and start - left[-1][1] <= _BROKEN * square:
            left[-1] = (left[-1][0], end)
        else:
            left.append((start, end))
    return own, [(start, end) for start, end in left if 2 < end - start <= _LONGEST * square]


def _box(ink: npt.NDArray[np.bool_], start: int, end: int) -> tuple[int, int, int, int]:
    """Columns and rows of the ink between two columns: first, and beyond the last."""
    import numpy as np

    rows = np.flatnonzero(ink[:, start:end].any(axis=1))
    return start, end, int(rows[0]), int(rows[-1]) + 1


def _longer(box: tuple[int, int, int, int]) -> int:
    start, end, top, bottom = box
    return max(end - start, bottom - top)
