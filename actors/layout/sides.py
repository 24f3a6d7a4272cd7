"""Whether what stands on the two sides of a corridor stands in the same rows: likelihood against chance."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import log

from actors.layout.geometry import Box

LEVEL = 0.35
"""Line heights that two middles on one row may differ. No labelled page changes from 0.3 to 0.4."""

_IN_ROWS = 0.75
"""Share of the rows of the shorter side that stand level with rows of the other, if they are the same."""

_FAR = 3.0
"""Line heights between two rows beyond which a row between them is no less likely."""


class Sides:
    """The rows on either side of a band's corridors, each as a middle; made when they are asked for.
    `first`: the part with which the last column begins."""

    def __init__(self, parts: Sequence[Sequence[Box]], reach: float) -> None:
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
            self._made = [rows_of(part, self._reach) for part in self._parts]
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


def evidence(one: Sequence[float], other: Sequence[float], height: float) -> float:
    """How much likelier it is that the rows of two sides (sorted middles) are the same, those of the one
    with fewer among those of the other, than that they stand anywhere: the logarithm of the ratio. If they
    are, three of four lie around one of the others with a parabola's density that ends `LEVEL` line
    heights away (Epanechnikov's kernel); anywhere, all distances up to half the way between two rows are
    equally likely: half of any lines are level with some line of a paragraph."""
    rows, levels = (one, other) if len(one) <= len(other) else (other, one)
    reach, far = LEVEL * height, _FAR * height
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


def between(rows: Sequence[float]) -> list[float]:
    """Rows with the middles of neighbors among them: cells may stand in the middle of two rows."""
    return sorted([*rows, *((above + below) / 2 for above, below in pairwise(rows))])


def _thinned(levels: Sequence[float], least: float) -> list[float]:
    """Levels (sorted) without those that follow another by less than `least`: the cells of one row are
    one."""
    found: list[float] = []
    for level in levels:
        if not found or level - found[-1] >= least:
            found.append(level)
    return found


def rows_of(boxes: Sequence[Box], reach: float) -> list[float]:
    """The rows of some boxes, each as a middle, from the top. `reach`: pixels within which boxes are one
    row."""
    return _thinned(sorted([box.level for box in boxes]), reach)
