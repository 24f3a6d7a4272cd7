"""Check boxes on a page, empty or ticked: squares as high as letters or lines, found by their four strokes.

A look at a small picture of the page finds what might be one, a look at each at its own size what it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy.typing as npt

if TYPE_CHECKING:
    import numpy as np

    from actors.contracts import Image

    Ink = npt.NDArray[np.uint8]
    """H×W, 1 where there is ink."""

EMPTY, CHECKED, CROSSED = "☐", "☑", "☒"

_LINE = 24
"""Pixels of a line's height in the small picture, at most."""

_LEAST_LINE = 12
"""Line height below which a square is a few pixels, like any other thing."""

_NEIGHBORHOOD, _DARKER = 31, 15
"""A pixel is ink if it is as much darker (of 255) than the mean of the square of this side around it."""

_SIDES, _STROKE = (0.32, 1.4), 0.28
"""Side of a box over the height of a line, which has a margin as high as its letters; and the least length of
a stroke that may be part of one. Diagonals are not left of the ink then."""

_SQUARE, _MOST_INK = 1.35, 0.92
"""Longer over shorter side of what strokes draw, and part of its area that they fill, at most."""

_FRAME = 1.25
"""Longer over shorter side of a box, at most."""

_REACH, _CLOSE = 7, 0.35
"""How thick strokes are made before it is asked whether they close: in pixels of the small picture, and over
the side of a box. What draws them may be bent, or reach beyond the corners."""

_POINTS, _LIKELY, _STRAIGHT = 9, 0.7, 0.84
"""Points of a side that are looked at first, how many of them must have strokes, and how much of the worst
side must be drawn when it is looked at closely. Letters have round corners, or gaps."""

_LOOK, _MARGIN = 36, 0.6
"""Pixels of a side at which a box is looked at, at most; and what is seen around it, over its side."""

_LEAST_SIDE = 7
"""Side in pixels below which an O is a box."""

_EDGE, _BEYOND_IT = 0.25, 0.15
"""A side is in so wide a band of what the strokes draw: a tick draws more above and to the right, and a cross
so much on the other sides, over the box's."""

_INSIDE, _LEAST_INSIDE, _CORNER = 0.22, 2, 0.1
"""What is further in than this from every side, and than so many pixels, is inside; and the part of its
thirds at the upper left and the lower right that is ink where the mark is a cross."""

_TICKED, _TICKED_SMALL, _SMALL = 0.05, 0.15, 40
"""Part of the inside that is ink in a ticked box; and where it has fewer pixels than that, since one may be
the edge of a side."""

_AROUND, _CLEAR, _NOT_CLEAR = 0.25, 0.2, 1
"""Around a box it is clear: on a strip as wide, over its side, there is so little ink, on all sides but one,
where a tick goes beyond it, or a rule is. Letters have letters beside them, cells cells."""

_CORNERS = 0.2
"""A box has ink in squares of this side in its corners, round as they may be."""

_CODE_MARK, _OFF = (1 / 7, 1 / 7, 3 / 7, 1 / 7, 1 / 7), 0.06
"""Dark and light from side to side across the middle of a mark of a QR code, in parts of the whole."""

_IN_A_ROW, _APART = 3, 0.6
"""Boxes from so many on that are no further apart than this, over their side, are places for letters."""


@dataclass(frozen=True, slots=True)
class CheckBox:
    """A box in pixels of the page, its far edges beyond it; the sign of its state; and how much of its worst
    side is drawn straight, 0..1."""

    left: float
    top: float
    right: float
    bottom: float
    sign: str
    straight: float

    @property
    def side(self) -> float:
        """Mean of width and height."""
        return (self.right - self.left + self.bottom - self.top) / 2


Area = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of a page."""

_Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of some ink; right and bottom beyond it."""


def find_check_boxes(page: Image, line: float, written: Sequence[Area] = ()) -> list[CheckBox]:
    """The check boxes of a page (H×W×3 uint8 BGR) whose lines are `line` pixels high; from top to bottom.
    `written`: where words are, and no boxes: left, top, right, bottom in pixels of the page."""
    if line < _LEAST_LINE:
        return []
    scale = min(1.0, _LINE / line)
    ink = _ink(page, scale)
    for left, top, right, bottom in written:
        ink[
            max(0, int(top * scale)) : int(bottom * scale), max(0, int(left * scale)) : int(right * scale)
        ] = 0
    found: list[CheckBox] = []
    for square in _squares(ink, scale * line, _REACH):
        found += _looked_at(page, [edge / scale for edge in square])
    return _without_rows(found)


def _looked_at(page: Image, square: Sequence[float]) -> Iterator[CheckBox]:
    """The box that a square of the page is, if it is one."""
    import cv2
    import numpy as np

    left, top, right, bottom = square
    margin = _MARGIN * (right - left)
    x, y = max(0, int(left - margin)), max(0, int(top - margin))
    picture = page[y : int(bottom + margin) + 1, x : int(right + margin) + 1]
    scale = min(1.0, _LOOK / (right - left))
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_BGR2GRAY)
    if scale < 1.0:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    dark, light = np.percentile(grey, (2, 90))
    ink = (grey < (dark + light) / 2).astype(np.uint8)
    side = (right - left) * scale
    middle = ((left + right) / 2 - x) * scale, ((top + bottom) / 2 - y) * scale
    for inner in _squares(ink, side / _SIDES[0] / 1.6, round(_CLOSE * side) | 1):
        box, straight = _frame(ink, inner)
        holds = box[0] < middle[0] < box[2] and box[1] < middle[1] < box[3]
        is_box = holds and straight >= _STRAIGHT and _has_corners(ink, box)
        if is_box and _is_clear_around(ink, box) and not _is_code_mark(ink, box):
            left, top, right, bottom = (edge / scale for edge in box)
            yield CheckBox(left + x, top + y, right + x, bottom + y, _sign(ink, box), straight)
            return


def _ink(page: Image, scale: float) -> Ink:
    import cv2

    grey = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
    if scale <= 0.5:  # in halves, which is fast, and loses no thin line
        grey = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        scale *= 2
    if scale < 1.0:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    around = cv2.blur(grey, (_NEIGHBORHOOD, _NEIGHBORHOOD), borderType=cv2.BORDER_REPLICATE)
    darker = cv2.subtract(around, grey, dst=around)
    ink: Ink = cv2.threshold(darker, _DARKER - 1, 1, cv2.THRESH_BINARY, dst=darker)[1]
    return ink


def _squares(ink: Ink, line: float, reach: int) -> list[_Box]:
    """What upright and level strokes draw that is as large as a box beside lines of this height, and would be
    closed if strokes were `reach` pixels thick."""
    import cv2
    import numpy as np

    length = max(3, round(_STROKE * line)) | 1  # odd, or what is left would be a pixel off
    level = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    strokes = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    cv2.bitwise_or(level, strokes, dst=strokes)
    _, _, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(strokes, 8, cv2.CV_32S, cv2.CCL_BBDT)
    left, top, width, height, area = stats[1:].T
    shorter, longer = np.minimum(width, height), np.maximum(width, height)
    kept = (shorter >= _SIDES[0] * line) & (longer <= _SIDES[1] * line) & (longer <= _SQUARE * shorter + 1)
    kept &= area <= _MOST_INK * width * height
    boxes = np.stack([left, top, left + width, top + height], axis=1)[kept]
    boxes = boxes[_are_closed(cv2.dilate(strokes, np.ones((reach, reach), np.uint8)), boxes)]
    return [(a, b, c, d) for a, b, c, d in boxes.tolist()]


def _are_closed(strokes: Ink, boxes: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Which boxes (N×4) have strokes at points all along their four sides: most letters drop out here."""
    import numpy as np

    left, top, right, bottom = (boxes - (0, 0, 1, 1)).T[:, :, None]
    part = np.linspace(0, 1, _POINTS)
    across = np.rint(left + part * (right - left)).astype(np.intp)
    down = np.rint(top + part * (bottom - top)).astype(np.intp)
    sides = (strokes[top, across], strokes[bottom, across], strokes[down, left], strokes[down, right])
    closed: npt.NDArray[np.bool_] = np.stack(sides).mean(axis=2).min(axis=0) >= _LIKELY
    return closed


def _frame(ink: Ink, square: _Box) -> tuple[_Box, float]:
    """The box itself in what strokes draw, and how much of its worst side is drawn; 0 if it is no box."""
    left, top, right, bottom = square
    inside = ink[top:bottom, left:right]
    band = max(3, round(_EDGE * min(inside.shape)))
    above, below = _side(inside[:band]), len(inside) - _side(inside[: -band - 1 : -1])
    level = inside[above:below]
    before, behind = _side(level[:, :band].T), inside.shape[1] - _side(level[:, : -band - 1 : -1].T)
    frame = level[:, before:behind]
    box = (left + before, top + above, left + behind, top + below)
    shorter, longer = sorted(frame.shape)
    shrunk = max(before, len(inside) - below)
    if shrunk > max(2, _BEYOND_IT * longer) or shorter < _LEAST_SIDE or longer > _FRAME * shorter + 1:
        return box, 0.0
    sides = (frame[:2], frame[-2:], frame[:, :2].T, frame[:, -2:].T)
    return box, min(float(side.any(axis=0).mean()) for side in sides)


def _side(band: Ink) -> int:
    """In which row of a band, from outside, a side begins: where two rows have the most ink."""
    import numpy as np

    return int(np.argmax((band[:-1] | band[1:]).sum(axis=1)))


def _is_clear_around(ink: Ink, box: _Box) -> bool:
    left, top, right, bottom = box
    wide = max(2, round(_AROUND * (right - left)))
    strips = (
        ink[max(0, top - 1 - wide) : max(0, top - 1), left:right],
        ink[bottom + 1 : bottom + 1 + wide, left:right],
        ink[top:bottom, max(0, left - 1 - wide) : max(0, left - 1)],
        ink[top:bottom, right + 1 : right + 1 + wide],
    )
    return sum(_share(strip) > _CLEAR for strip in strips) <= _NOT_CLEAR


def _is_code_mark(ink: Ink, box: _Box) -> bool:
    left, top, right, bottom = box
    middles = ink[(top + bottom) // 2, left:right], ink[top:bottom, (left + right) // 2]
    return all(_runs_as(middle, _CODE_MARK) for middle in middles)


def _runs_as(line: Ink, parts: Sequence[float]) -> bool:
    """Whether a line of ink changes where these parts of it end."""
    import numpy as np

    changes = [0, *(np.flatnonzero(np.diff(line)) + 1).tolist(), len(line)]
    lengths = np.diff(changes) / len(line)
    return len(lengths) == len(parts) and bool((abs(lengths - parts) <= _OFF).all())


def _has_corners(ink: Ink, box: _Box) -> bool:
    left, top, right, bottom = box
    wide = max(2, round(_CORNERS * (right - left)))
    return all(
        ink[y : y + wide, x : x + wide].any() for x in (left, right - wide) for y in (top, bottom - wide)
    )


def _share(some: Ink) -> float:
    return float(some.mean()) if some.size else 0.0


def _sign(ink: Ink, box: _Box) -> str:
    left, top, right, bottom = box
    across = max(_LEAST_INSIDE, round(_INSIDE * (right - left)))
    down = max(_LEAST_INSIDE, round(_INSIDE * (bottom - top)))
    inside = ink[top + down : bottom - down, left + across : right - across]
    if _share(inside) < (_TICKED if inside.size >= _SMALL else _TICKED_SMALL):
        return EMPTY
    height, width = (max(1, size // 3) for size in inside.shape)
    corners = _share(inside[:height, :width]), _share(inside[-height:, -width:])
    return CROSSED if min(corners) >= _CORNER else CHECKED  # a check mark goes to the other two


def _without_rows(boxes: Sequence[CheckBox]) -> list[CheckBox]:
    """Without those that stand side by side in rows, as places for single letters do."""
    rows: list[list[CheckBox]] = []
    for box in sorted(boxes, key=lambda one: one.left):
        for row in rows:
            last = row[-1]
            if abs(box.top - last.top) <= box.side / 4 and box.left - last.right <= _APART * box.side:
                row.append(box)
                break
        else:
            rows.append([box])
    single = [box for row in rows if len(row) < _IN_A_ROW for box in row]
    return sorted(single, key=lambda box: (box.top, box.left))
