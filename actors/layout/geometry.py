"""Polygons of a page as upright boxes: skew, vertical columns and right-to-left text are turned away here.

Everything after this module sees one kind of page: lines run from left to right and stack from top to bottom.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from actors.contracts import Line

Floats = npt.NDArray[np.float64]

_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
"""A letter of Hebrew, Arabic, Syriac, Thaana or N'Ko."""

_TALL = 1.5
"""Height over width from which a line of two characters or more is taken for vertical text; PaddleOCR turns
crops from the same ratio on."""

_VERTICAL = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
"""A character of a script that is written from top to bottom, too."""

_TURNED = 4
"""How many times as many letters run down as across, on a page of another script that lies on its side."""

_LONG = 3.0
"""Width over height from which a line's direction counts for the page's skew: shorter ones are noisy."""

CORE = 0.25
"""Share of a line's height that is taken off at its top and bottom when rows are told apart: detectors grow
their boxes, so that neighbours overlap."""

_PAD = 0.2
"""Share of a line's height that its box is wider than its ink, at either end: detectors grow their boxes."""


_HIGH, _LOW = re.compile("[A-Zbdfhklt0-9]"), re.compile(r"[gjpqyQ()\[\]{}|]")
"""Letters that are higher than others, and that go below the baseline."""

_LIFT = 0.08
"""Share of the height by which the middle of letters lies higher if none goes below the baseline, or lower
if none is high: half of what Helvetica's letters reach there, 0.21 of an em."""

_FEW_LETTERS = 14
"""Characters of a text up to which it may have no high or no low letters."""

_FARTHEST = 1e9
"""Pixels from the origin beyond which corners are moved in, so that no product of them overflows."""


class Box(NamedTuple):
    """A line on the upright page: edges in pixels, x to the right in reading direction, y down.

    `place`: of the line in what was given; `middle`: the y of its centre; `width`, `height`: pixels along
    it and across; `upper`, `lower`: edges of its core, without the margin in which boxes of neighbours
    overlap; `crossing`: it runs across the page's reading direction, as a side note does; `letter`: pixels
    along the line that a character takes; `level`: the middle as it would be if the line had high and low
    letters. A named tuple, since a page has many, and making and reading them is where the time goes.
    """

    place: int
    left: float
    top: float
    right: float
    bottom: float
    middle: float
    width: float
    height: float
    upper: float
    lower: float
    crossing: bool
    letter: float
    level: float


@dataclass(frozen=True, slots=True)
class Upright:
    """A page's lines as upright boxes. `height`: the typical line's, in pixels (at least 1)."""

    boxes: tuple[Box, ...]
    height: float
    vertical: bool = False


def upright(lines: Sequence[Line]) -> Upright:
    """Turn a page's polygons by its own skew, so that rows are level. What is no number becomes 0."""
    if not lines:
        return Upright((), 1.0)
    letters = np.array([len(line.text) or 1 for line in lines])
    few = np.array([len(line.text) < 3 and _is_short(line.text) for line in lines])
    runs = _runs(lines, few)
    down = np.abs(runs.along[:, 1]) > np.abs(runs.along[:, 0])
    sure = (runs.lengths > runs.heights) & ~few
    vertical = _is_vertical(lines, letters, down & sure, ~down & sure)
    crossing = (down != vertical) & sure
    runs = runs.turned(few & (down != vertical))
    skew = _skew(runs, crossing, np.pi / 2 if vertical else 0.0)
    mirrored = not vertical and _runs_left(lines)
    lifted = np.array([_lifted(line.text) if len(line.text) <= _FEW_LETTERS else 0.0 for line in lines])
    return _boxes(runs, letters, lifted, crossing, skew, vertical, mirrored)


def _is_vertical(
    lines: Sequence[Line],
    letters: npt.NDArray[np.int_],
    down: npt.NDArray[np.bool_],
    across: npt.NDArray[np.bool_],
) -> bool:
    """Whether a page's text runs down: most of its letters, of scripts that are written so; of others many
    more, since the heads of a table may be turned up."""
    many, few = int(letters[down].sum()), int(letters[across].sum())
    if many <= few or many > _TURNED * few:
        return many > few
    written = sum(len(_VERTICAL.findall(lines[index].text)) for index in np.flatnonzero(down).tolist())
    return 2 * written > many


@dataclass(frozen=True, slots=True)
class _Runs:
    """Lines by the direction in which they run: n×2 centres, directions, and directions across, n lengths and
    heights."""

    centres: Floats
    along: Floats
    lengths: Floats
    heights: Floats
    across: Floats

    def turned(self, which: npt.NDArray[np.bool_]) -> _Runs:
        """Those lines taken to run the other way: along what was across."""
        if not which.any():
            return self
        return _Runs(
            self.centres,
            np.where(which[:, None], self.across, self.along),
            np.where(which, self.heights, self.lengths),
            np.where(which, self.lengths, self.heights),
            np.where(which[:, None], self.along, self.across),
        )


def _is_short(text: str) -> bool:
    """Whether a line is a single character, or two narrow ones: its box may be higher than wide, and an
    engine may have turned it, but it stands as the page's other lines do."""
    return len(text) < 2 or (len(text) < 3 and text.isascii())


def _lifted(text: str) -> float:
    """By how much of its height a short text's ink lies above that of a whole line: digits have nothing below
    their baseline, `pcs` nothing above its small letters."""
    if not text.isascii():
        return 0.0
    return _LIFT * ((_HIGH.search(text) is not None) - (_LOW.search(text) is not None))


def _runs(lines: Sequence[Line], few: npt.NDArray[np.bool_]) -> _Runs:
    corners = np.array([eight(line.polygon) for line in lines], dtype=np.float64)
    if not (np.abs(corners) <= _FARTHEST).all():
        corners[~np.isfinite(corners)] = 0
        corners = np.minimum(np.maximum(corners, -_FARTHEST), _FARTHEST)
    corners = corners.reshape(-1, 4, 2)
    along = (corners[:, 1] + corners[:, 2] - corners[:, 0] - corners[:, 3]) / 2
    across = (corners[:, 2] + corners[:, 3] - corners[:, 0] - corners[:, 1]) / 2
    lengths, heights = np.hypot(*along.T), np.hypot(*across.T)
    runs = _Runs(corners.sum(axis=1) / 4, along, lengths, heights, across)
    return runs.turned((heights > _TALL * lengths) & ~few)


def _boxes(
    runs: _Runs,
    letters: npt.NDArray[np.int_],
    lifted: Floats,
    crossing: npt.NDArray[np.bool_],
    skew: float,
    vertical: bool,
    mirrored: bool,
) -> Upright:
    cos, sin = np.cos(skew), np.sin(skew)
    middle_x = runs.centres[:, 0] * cos + runs.centres[:, 1] * sin
    middle_y = runs.centres[:, 1] * cos - runs.centres[:, 0] * sin
    if mirrored:
        middle_x = -middle_x
    widths = np.where(crossing, runs.heights, runs.lengths)
    heights = np.where(crossing, runs.lengths, runs.heights)
    height = max(1.0, _median(widths if crossing.all() else heights[~crossing]))
    pad = np.minimum(_PAD * np.minimum(heights, widths), widths / 4)
    left, right = middle_x - widths / 2 + pad, middle_x + widths / 2 - pad
    top, bottom = middle_y - heights / 2, middle_y + heights / 2
    width, tall = right - left, bottom - top
    core = np.where(crossing, 0.0, CORE) * tall
    letter = np.maximum(runs.lengths - 2 * pad, 0.0) / letters
    level = middle_y + np.where(crossing, 0.0, lifted) * tall
    cores = (top + core, bottom - core)
    columns = (left, top, right, bottom, middle_y, width, tall, *cores, crossing, letter, level)
    numbers = zip(range(len(left)), *(column.tolist() for column in columns), strict=True)
    return Upright(tuple(map(Box._make, numbers)), height, vertical)


def _skew(runs: _Runs, crossing: npt.NDArray[np.bool_], fallback: float) -> float:
    """Radians clockwise by which the page's lines fall: the median of long lines, by their length."""
    long = (runs.lengths > _LONG * runs.heights) & ~crossing
    if not long.any():
        long = (runs.lengths > runs.heights) & ~crossing
    if not long.any():
        return fallback
    angles = np.arctan2(runs.along[long, 1], runs.along[long, 0])
    order = np.argsort(angles)
    weights = np.cumsum(runs.lengths[long][order])
    return float(angles[order][np.searchsorted(weights, weights[-1] / 2)])


def _median(values: Floats) -> float:
    """As numpy's, which takes ten times as long for a page's few numbers."""
    values = np.sort(values)
    return float(values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


def _runs_left(lines: Sequence[Line]) -> bool:
    """Whether most letters of the page belong to a script that is written from right to left."""
    foreign = [line.text for line in lines if not line.text.isascii()]
    if not foreign:
        return False
    turned = sum(len(_RTL.findall(text)) for text in foreign)
    return turned > 0 and turned * 2 > sum(sum(map(str.isalpha, line.text)) for line in lines)


def eight(polygon: Sequence[float]) -> Sequence[float]:
    """The polygon's 8 numbers; zeros for one of another size."""
    return polygon if len(polygon) == 8 else (0.0,) * 8
