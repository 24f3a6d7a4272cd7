"""The glyphs of a line as boxes, from the ink of its picture, and which of them are raised or lowered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy.typing as npt

if TYPE_CHECKING:
    import numpy as np

    from actors.contracts import Image

    Boxes = npt.NDArray[np.int_]
    """N×4: left, top, right, bottom in pixels, right and bottom beyond the ink; from left to right."""

_MOST_ROWS, _LEAST_ROWS = 48, 14
"""Rows of a picture at most, and at least, to tell glyphs by their height. Higher ones are made smaller."""

_MOST_GLYPHS = 300
_SPECK = 0.06
_RULE = 3.0
"""Size over the picture's height up to which something is a speck; width over it from which a flat thing is a
drawn line and no glyph."""

_STACKED = 0.5
"""Share of the narrower one's width that two parts of a glyph have in common, as an i and its dot."""

_FULL, _HIGH = 0.85, 0.8
"""A glyph is as high as capitals and digits from this share of the height that so many of all do not exceed:
an x is 0.75 as high or less, brackets are higher."""

_TALLER, _ON_THE_LINE = 1.2, 0.1
"""Where most glyphs are as low as an x: how much higher those are that count instead, and how far from the
others' feet theirs are at most, over the height. Brackets go below."""

_FEW = 3
"""Glyphs of a line for which it is enough that one stands on it; else it takes two to know where it is."""

_REACH = 5
"""Full glyphs next to a small one whose feet are where it should stand."""

_SMALL = (0.45, 0.9)
"""Height over that of full glyphs of a raised or lowered one. Word processors make them 0.66 as high,
browsers 0.83, fonts that have them 0.58. Quotation marks and the sign of degrees are lower."""

RAISED = 0.33
"""Share of the full height by which the foot of a raised glyph is above the others' at least; it is 0.38 to
0.5 in print."""

_LOWERED, _LOWERED_TOP = 0.1, 0.58
"""How far a lowered glyph goes below, and how far up at most. Old-style digits go up to 0.61 and higher."""

_GAP, _SIGN_GAP = 0.4, 0.25
"""White before a raised glyph, and before or behind its sign, over the full height: more is a space."""

_SIGN_WIDTH, _SIGN_MIDDLE = 0.15, 0.5
"""A minus is flat: how wide it is at least, and how high it stands in front of a raised digit. A hyphen
stands at 0.35."""

_MOST_SIDE_BY_SIDE = 6
_MOST_SHARE = 0.4
"""Small glyphs side by side, and their share of all: more are a text of their own."""


@dataclass(frozen=True, slots=True)
class SmallRun:
    """Small glyphs side by side. `left`, `top`, `right`, `bottom`: in 0..1 of the picture's width and height;
    `before`: where the glyph before them ends; `unit`, `height`: the height of full glyphs, in 0..1 of the
    width, and of the height; `behind_a_dot`: the glyph before them is as low as a full stop."""

    kind: Literal["raised", "lowered"]
    left: float
    top: float
    right: float
    bottom: float
    before: float
    unit: float
    height: float
    behind_a_dot: bool


def glyph_boxes(image: Image) -> tuple[Boxes, tuple[int, int]]:
    """The glyphs of a line's picture (H×W×3 uint8), and the height and width in pixels of the one they were
    found in, which is no higher than 48. No glyphs where there are too many to be text, or it is too low."""
    import cv2
    import numpy as np

    nothing = np.empty((0, 4), np.int_)
    height, width = image.shape[:2]
    if height < _LEAST_ROWS or width < 2:
        return nothing, (height, width)
    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY)
    if height > _MOST_ROWS:
        width = max(1, round(width * _MOST_ROWS / height))
        height = _MOST_ROWS
        grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    _, ink = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    if 2 * cv2.countNonZero(ink) > ink.size:
        ink = 1 - ink
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    if not 2 < count <= _MOST_GLYPHS:
        return nothing, (height, width)
    left, top, wide, high = stats[1:, :4].T
    kept = (np.maximum(high, wide) > _SPECK * height) & ~((wide > _RULE * height) & (high < height / 4))
    kept &= (top > 0) & (top + high < height) & (wide < width)  # what is cut off belongs to another line
    boxes = np.stack([left, top, left + wide, top + high], axis=1)[kept].astype(np.int_)
    return _merged(boxes[np.argsort(boxes[:, 0], kind="stable")]), (height, width)


def _merged(boxes: Boxes) -> Boxes:
    """Parts that stand above each other as one glyph."""
    import numpy as np

    found: list[list[int]] = []
    for left, top, right, bottom in boxes.tolist():
        last = found[-1] if found else None
        if last and min(last[2], right) - left >= _STACKED * min(last[2] - last[0], right - left):
            last[1:] = [min(last[1], top), max(last[2], right), max(last[3], bottom)]
        else:
            found.append([left, top, right, bottom])
    return np.array(found, np.int_).reshape(-1, 4)


def small_runs(boxes: Boxes, size: tuple[int, int]) -> list[SmallRun]:
    """Raised and lowered glyphs of a line from left to right; `size`: height and width of its picture."""
    if len(boxes) < 2:
        return []
    heights = boxes[:, 3] - boxes[:, 1]
    unit, full = _full(boxes, heights)
    small = (heights >= _SMALL[0] * unit) & (heights <= _SMALL[1] * unit)
    if not (small & (abs(boxes[:, 3] - _middle(boxes[full, 3])) >= _LOWERED / 2 * unit)).any():
        return []  # nearly every line
    feet = _feet(boxes, full)
    above, below = feet - boxes[:, 3], boxes[:, 3] - feet
    raised = small & (above >= RAISED * unit)
    lowered = small & (below >= _LOWERED * unit) & (feet - boxes[:, 1] <= _LOWERED_TOP * unit)
    standing = full & (abs(below) <= _ON_THE_LINE * unit) & ~raised & ~lowered
    if standing.sum() < (1 if len(boxes) <= _FEW else 2):
        return []
    if not raised.any() and not lowered.any():
        return []
    signs = (boxes[:, 2] - boxes[:, 0] >= _SIGN_WIDTH * unit) & (heights < _SMALL[0] * unit)
    signs &= feet - boxes[:, 1:4:2].mean(axis=1) >= _SIGN_MIDDLE * unit
    runs = _runs("raised", boxes, raised, raised | signs, unit, size)
    runs += _runs("lowered", boxes, lowered, lowered, unit, size)
    return sorted(runs, key=lambda run: run.left)


def _full(boxes: Boxes, heights: npt.NDArray[np.int_]) -> tuple[float, npt.NDArray[np.bool_]]:
    """The height of capitals and digits in pixels, and which glyphs are about as high, or higher."""
    import numpy as np

    high = float(np.sort(heights)[int(_HIGH * (len(heights) - 1))])
    full = heights >= _FULL * high
    unit = _middle(heights[full])
    on_the_line = abs(boxes[:, 3] - _middle(boxes[full, 3])) <= _ON_THE_LINE * unit
    taller = on_the_line & (heights >= _TALLER * unit)
    if taller.any():  # most are as low as an x
        unit = _middle(heights[taller])
        full = heights >= _FULL * unit
    return unit, full


def _middle(values: npt.NDArray[np.int_]) -> float:
    """The median, or the lower one of two: numpy's takes ten times as long for so few."""
    import numpy as np

    return float(np.sort(values)[(len(values) - 1) // 2])


def _feet(boxes: Boxes, full: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """For each glyph where the full ones next to it stand."""
    import numpy as np

    middles = boxes[:, ::2].mean(axis=1)
    places, bottoms = middles[full], boxes[full, 3]
    near = np.argsort(np.abs(middles[:, None] - places[None, :]), axis=1, kind="stable")[:, :_REACH]
    feet: npt.NDArray[np.float64] = np.median(bottoms[near], axis=1)
    return feet


def _runs(
    kind: Literal["raised", "lowered"],
    boxes: Boxes,
    surely: npt.NDArray[np.bool_],
    perhaps: npt.NDArray[np.bool_],
    unit: float,
    size: tuple[int, int],
) -> list[SmallRun]:
    """Neighbors among `perhaps` that have one of `surely`, behind a glyph that is none of them."""
    if surely.sum() > _MOST_SHARE * len(boxes):
        return []
    gaps = boxes[1:, 0] - boxes[:-1, 2]
    found, index = [], 1
    while index < len(boxes):
        start = index
        while index < len(boxes) and perhaps[index] and gaps[index - 1] <= _GAP * unit:
            if (
                index > start
                and not surely[index - 1 : index + 1].all()
                and gaps[index - 1] > _SIGN_GAP * unit
            ):
                break
            index += 1
        some = slice(start, index)
        if 0 < index - start <= _MOST_SIDE_BY_SIDE and surely[some].any() and not perhaps[start - 1]:
            left, top = boxes[some, :2].min(axis=0).tolist()
            right, bottom = boxes[some, 2:].max(axis=0).tolist()
            height, width = size
            edges = left / width, top / height, right / width, bottom / height
            before = int(boxes[start - 1, 2]) / width
            is_dot = bool(boxes[start - 1, 3] - boxes[start - 1, 1] < _SMALL[0] * unit)
            found.append(SmallRun(kind, *edges, before, unit / width, unit / height, is_dot))
        index = max(index, start + 1)
    return found
