"""Lone characters by the shape of their ink, where the model takes them for others: / and ] for 1, O for 0.

Alone, a slash or a bracket is read as a 1 at scores up to 1.00, an O as a 0, and an x as an X. A look at the
ink tells them apart: a 1 neither leans nor has two bars on its left, and no 0 is as wide as high.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.ink import mask

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from actors.contracts import Image

    Glyph = npt.NDArray[np.bool_]

_STROKES = frozenset("1Il|")
_BOTH_CASES = frozenset("cosuvwxzCOSUVWXZ")
_LOW_OR_TALL = _BOTH_CASES | _STROKES | {"0"}
_LETTER = re.compile(r"[^\W\d_]")
_TALL = frozenset("023456789ABDEFGHKLMNPRTY")
"""Characters as high as capitals, and like no other that is not."""

_LEAST = 8
"""Rows of ink from which a shape says something."""

_SURE = 0.9
"""Score of what the shape says: it is one of few."""

_LEANS, _THIN, _ACROSS = 0.18, 0.2, 0.27
"""A slash: how far its upper end is to the right of its lower one at least, how wide its rows are at most,
and how wide it is at least, over its height. An italic I leans up to 0.173 in 90 fonts; an italic 1 leans as
far as a slash, and has its flag."""

_BARE, _BARE_ROWS, _BARE_SCORE = 0.23, 10, 0.95
"""A stroke and nothing else: width over height at most, rows at least; and the score up to which it is no 1.
Of 80 rendered ones that were read as 1 all scored lower, and of 290 that are a 1 none."""

_NARROW = 0.4
"""Width over height of a bracket at most."""

_ROUND = 0.89
"""Width over height from which an O is none of a 0, which is 0.8 wide at most."""

_SMALL, _CAPITAL = (0.6, 0.83), (0.9, 1.2)
"""Height over that of capitals and digits within which a letter is a small one, and a capital; else it is of
another size of type, as large numbers beside a table are."""

_FEW = 3
"""Capitals and digits that tell how high they are, at least."""


def settle_by_shape(crops: Sequence[Crop], readings: Sequence[Reading]) -> Sequence[Reading]:
    """What the lines of a page in an alphabet say, with its lone characters as their ink has them. A page
    without letters stays as it is: where only digits are read there is no O."""
    alone = [index for index, reading in enumerate(readings) if reading.text.strip() in _LOW_OR_TALL]
    if not alone or not any(_LETTER.search(reading.text) for reading in readings):
        return readings
    telling = [
        glyph_in(crop.image)
        for crop, reading in zip(crops, readings, strict=True)
        if reading.text.strip() in _TALL
    ]
    heights = [len(glyph) for glyph in telling if glyph is not None]
    tall = median(heights) if len(heights) >= _FEW else None
    readings = list(readings)
    for index in alone:
        text, glyph = readings[index].text.strip(), glyph_in(crops[index].image)
        if glyph is None or len(glyph) < _LEAST:
            continue
        found, score = _by_shape(text, glyph, tall), readings[index].score
        if text == "1" and score < _BARE_SCORE and _is_bare(glyph):
            found = "I"  # at the score it has: if it stands in a column of digits, it is one
        elif found != text and text not in _BOTH_CASES:
            score = max(score, _SURE)
        if found != text:
            readings[index] = replace(readings[index], text=found, score=score)
    return readings


def glyph_in(image: Image) -> Glyph | None:
    """The ink of the one character in a picture (H×W×3 uint8), cut to its size; without what is at an edge,
    as a line of a table is. None if there is none."""
    import cv2
    import numpy as np

    ink = mask(np.ascontiguousarray(image))
    height, width = ink.shape
    _, parts, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    left, top, wide, high, area = stats.T
    inside = (left > 0) & (top > 0) & (left + wide < width) & (top + high < height) & (area > 2)
    inside[0] = False
    glyph = inside[parts]
    (rows,), (columns,) = np.nonzero(glyph.any(axis=1)), np.nonzero(glyph.any(axis=0))
    if not rows.size:
        return None
    found: Glyph = glyph[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return found


def _by_shape(text: str, glyph: Glyph, tall: float | None) -> str:
    height, width = glyph.shape
    if text in _STROKES:
        if _is_slash(glyph):
            return "/"
        return "]" if _is_bracket(glyph) else text
    if text == "0":
        return "O" if _is_within(_CAPITAL, height, tall) and width >= _ROUND * height else text
    if _is_within(_SMALL, height, tall):
        return text.lower()
    return text.upper() if _is_within(_CAPITAL, height, tall) else text


def _is_within(bounds: tuple[float, float], height: int, tall: float | None) -> bool:
    return tall is not None and bounds[0] * tall <= height <= bounds[1] * tall


def _is_bare(glyph: Glyph) -> bool:
    height, width = glyph.shape
    return height >= _BARE_ROWS and width <= _BARE * height and bool((glyph == glyph[:, ::-1]).all())


def _is_slash(glyph: Glyph) -> bool:
    import numpy as np

    height, width = glyph.shape
    rows = [np.flatnonzero(row) for row in glyph]
    if not all(row.size and row[-1] - row[0] < _THIN * height for row in rows):
        return False
    middles = np.array([(row[0] + row[-1]) / 2 for row in rows])
    end = max(1, height // 5)
    upper, lower = middles[:end].mean(), middles[-end:].mean()
    middle = middles[height // 2 - end // 2 : height // 2 + end // 2 + 1].mean()
    leans = upper - lower >= _LEANS * height and width >= _ACROSS * height
    return bool(leans and abs(middle - (upper + lower) / 2) <= _LEANS / 2 * height)


def _is_bracket(glyph: Glyph) -> bool:
    """Whether there is a stroke at the right, and bars to the left at its ends."""
    height, width = glyph.shape
    if not 2 < width <= _NARROW * height:
        return False
    end, left = max(1, height // 6), width // 2
    stem = glyph[2 * end : height - 2 * end]
    bars = glyph[:end, 0].any() and glyph[-end:, 0].any()
    return bool(bars and stem[:, -1].all() and not stem[:, : max(1, left)].any())
