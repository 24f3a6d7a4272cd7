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


@dataclass(frozen=True, slots=True)
class Crop:
    """A line's picture (H×W×3 uint8), and its polygon from the corner where the text begins, clockwise."""

    image: Image
    polygon: Floats


def cut(page: Image, box: Floats) -> Crop | None:
    """The picture of a box, as PaddleX cuts it: the smallest rectangle around it, straightened; a tall one
    is turned to the left, so that text from top to bottom reads from left to right. None if it is empty."""
    import numpy as np

    corners = _rectangle(box)
    width = int(max(np.linalg.norm(corners[0] - corners[1]), np.linalg.norm(corners[2] - corners[3])))
    height = int(max(np.linalg.norm(corners[0] - corners[3]), np.linalg.norm(corners[1] - corners[2])))
    if width <= 0 or height <= 0:
        return None
    image = _straighten(page, corners, width, height)
    if not image.size:
        return None
    if height / width < _TALL:
        return Crop(image, box)
    return Crop(np.rot90(image), np.roll(box, -1, axis=0))


def _rectangle(box: Floats) -> Floats:
    import cv2
    import numpy as np

    return order_corners(cv2.boxPoints(cv2.minAreaRect(box.astype(np.int32))))


def _straighten(page: Image, corners: Floats, width: int, height: int) -> Image:
    """For a box along the axes this is a slice of the page, and the same pixels as from the transform."""
    import cv2
    import numpy as np

    left, top = corners[0]
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    if np.array_equal(corners, target + corners[0]) and left == int(left) and top == int(top):
        x, y = int(left), int(top)
        if x + width <= page.shape[1] and y + height <= page.shape[0]:
            return page[y : y + height, x : x + width]
    matrix = cv2.getPerspectiveTransform(corners, target)
    straight: Image = cv2.warpPerspective(
        page, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    )
    return straight
