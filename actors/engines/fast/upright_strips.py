"""A sign of vertical text between its neighbors, set side by side as in horizontal text, to be read there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.engines.fast.vertical_ink import OpenInk

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from actors.contracts import Image

    Color = npt.NDArray[np.uint8]

_FOOT, _INDENT, _MARGIN = 0.93, 0.08, 0.15
"""Where a small sign stands in its square: its foot, and the left of a stop; and the white around all."""


def upright_strip(line: Image, sign: OpenInk) -> Image:
    """With the sign as it stands on the page: stops and small kana go to the foot of their square."""
    import numpy as np

    upright = np.rot90(line[sign.top : sign.bottom, sign.start : sign.end], -1)
    return _strip(line, sign, upright, foot=_FOOT, indent=_INDENT if sign.is_stop else None)


def lying_strip(line: Image, sign: OpenInk) -> Image:
    """With the sign as it lies in the line's picture: vertical text turns brackets and bars."""
    foot = 0.5 + (sign.bottom - line.shape[0] / 2) / _side(line, sign)
    return _strip(line, sign, line[sign.top : sign.bottom, sign.start : sign.end], foot=foot)


def _strip(line: Image, sign: OpenInk, picture: Image, *, foot: float, indent: float | None = None) -> Image:
    import cv2
    import numpy as np

    side = _side(line, sign)
    paper = np.median(line.reshape(-1, 3), axis=0).astype(np.uint8)

    def square_at(middle: float) -> Image:
        first = max(0, round(middle - sign.square / 2))
        upright = np.rot90(line[:, first : max(first + 1, round(middle + sign.square / 2))], -1)
        return _placed(upright, side, paper, foot=0.5 + upright.shape[0] / side / 2)

    row = [
        *map(square_at, sign.before),
        _placed(picture, side, paper, foot=foot, indent=indent),
        *map(square_at, sign.behind),
    ]
    margin = round(_MARGIN * side)
    strip: Image = cv2.copyMakeBorder(
        np.concatenate(row, axis=1), *(margin,) * 4, cv2.BORDER_CONSTANT, value=paper.tolist()
    )
    return strip


def _side(line: Image, sign: OpenInk) -> int:
    return max(round(sign.square), int(line.shape[0]))


def _placed(picture: Image, side: int, paper: Color, *, foot: float, indent: float | None = None) -> Image:
    """A picture in a square of this side, its foot so far down, in the middle or `indent` from the left."""
    import numpy as np

    square = np.empty((side, side, 3), np.uint8)
    square[:] = paper
    picture = picture[:side, :side]
    height, width = picture.shape[:2]
    top = min(max(0, round(foot * side) - height), side - height)
    left = (side - width) // 2 if indent is None else min(round(indent * side), side - width)
    square[top : top + height, left : left + width] = picture
    return square
