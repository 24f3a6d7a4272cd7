"""Lines of text cut out of a page: upright, in the direction of reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.engines.fast.boxes import order_corners
from actors.runtimes.contracts import Floats

if TYPE_CHECKING:
    from actors.contracts import Image

_TALL = 1.5
"""Height over width from which a crop is turned (PaddleX common/crop_image_regions.py)."""

_SAME_PIXELS = 0.01
"""How far in pixels a box's corners may be from whole pixels, and the transform still takes these: less than
half of its 1/32. OpenCV's corners of a rectangle are off by up to a thousandth."""

_SHORT = (1 << 15) - 1
"""Sides in pixels from which OpenCV straightens nothing: it counts in 16 bits (imgwarp.cpp: remap)."""

_AROUND = 4
"""Pixels around a box that its straightening may look at: a cubic curve goes through two on each side."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A line's picture (H×W×3 uint8), and its polygon from the corner where the text begins, clockwise.
    `turned`: quarters of a turn to the left, by which a box that was taller than wide lies: 1 where its text
    runs down, 3 where it runs up; 0 if it was not."""

    image: Image
    polygon: Floats
    turned: int = 0


def cut(page: Image, box: Floats) -> Crop | None:
    """The picture of a box, as PaddleX cuts it: the smallest rectangle around it, straightened; a tall one
    is turned to the left, so that text from top to bottom reads from left to right. None if it is empty."""
    import numpy as np

    corners = _rectangle(box)
    top, right, bottom, left = _sides(corners)
    width, height = int(max(top, bottom)), int(max(left, right))
    if width <= 0 or height <= 0:
        return None
    image = _straighten(page, corners, width, height)
    if not image.size:
        return None
    if height / width < _TALL:
        return Crop(image, box)
    return Crop(np.rot90(image), np.roll(box, -1, axis=0), turned=1)


def _rectangle(box: Floats) -> Floats:
    import cv2
    import numpy as np

    return order_corners(cv2.boxPoints(cv2.minAreaRect(box.astype(np.int32))))


def _sides(corners: Floats) -> list[float]:
    """Lengths of the four sides from the upper one on, worked out in float32 as numpy's norm is: their
    fractions are cut off, so that the last bit counts."""
    import numpy as np

    steps = corners - corners[[1, 2, 3, 0]]
    steps *= steps
    lengths: list[float] = np.sqrt(steps[:, 0] + steps[:, 1]).tolist()
    return lengths


def _straighten(page: Image, corners: Floats, width: int, height: int) -> Image:
    """For a box along the axes this is a slice of the page, and the same pixels as from the transform, which
    takes them at 1/32 of a pixel."""
    import cv2
    import numpy as np

    x, y = (round(place) for place in corners[0].tolist())
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    if 0 <= x <= page.shape[1] - width and 0 <= y <= page.shape[0] - height:
        off = np.abs(corners - (x, y) - target).max()
        if off < _SAME_PIXELS:
            return page[y : y + height, x : x + width]
    if max(page.shape[:2]) >= _SHORT:
        page, corners = _around(page, corners)
        if max(*page.shape[:2], width, height) >= _SHORT:
            return page  # a line of tens of thousands of pixels hardly lies askew
    matrix = cv2.getPerspectiveTransform(corners, target)
    straight: Image = cv2.warpPerspective(
        page, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    )
    return straight


def _around(page: Image, corners: Floats) -> tuple[Image, Floats]:
    """The part of a page around a box, and the box in it."""
    import numpy as np

    low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - _AROUND, 0)
    high = np.ceil(corners.max(axis=0)).astype(int) + _AROUND + 1
    return page[low[1] : high[1], low[0] : high[0]], corners - low.astype(np.float32)
