"""From a detection model's score map to text boxes: the post-processing of differentiable binarisation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import itemgetter

from actors.engines.fast.offset import grow
from actors.runtimes.contracts import Array, Floats

MAX_CANDIDATES = 1000
"""Most contours of a map that stock looks at (PaddleX text_detection/processors.py: max_candidates)."""

_LEAST_CORE = 3.0
"""Least short side of a box's core, in pixels of the map (PaddleX: min_size)."""

_LEAST_BOX = 5.0
"""Least short side of a grown box, in pixels of the map (PaddleX: min_size + 2)."""


@dataclass(frozen=True, slots=True)
class BoxRule:
    """What becomes a box. Thresholds as in `EngineConfig`.

    `whole_pixels`: corners are cut to whole pixels of the map before a box is grown, as PaddleOCR's polygon
    library does; else they keep their fractions. `max_candidates`: most contours looked at.
    """

    thresh: float
    box_thresh: float
    unclip_ratio: float
    whole_pixels: bool
    max_candidates: int


def find_boxes(score_map: Array, width: int, height: int, rule: BoxRule) -> list[Floats]:
    """Boxes of text on a page of `width` x `height` pixels.

    `score_map`: H×W of the page at the detection's own size, in the unit of the rule's thresholds (0..1).
    Each box is 4×2 float32, in pixels of the page: top left, top right, bottom right, bottom left. Whole
    numbers, within the page.
    """
    import cv2
    import numpy as np

    mask = (score_map > rule.thresh).view(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    boxes = []
    for contour in contours[: rule.max_candidates]:
        core = cv2.minAreaRect(contour)
        if min(core[1]) < _LEAST_CORE:
            continue
        corners = order_corners(cv2.boxPoints(core))
        if mean_score(score_map, corners) < rule.box_thresh:
            continue
        grown = _grow(core, corners, rule)
        if grown is not None:
            boxes.append(grown)
    if not boxes:
        return []
    scale = np.array([width / score_map.shape[1], height / score_map.shape[0]], np.float32)
    on_page = np.rint(np.stack(boxes) * scale)
    return list(np.clip(on_page, 0, np.array([width, height], np.float32)))


def order_corners(corners: Floats) -> Floats:
    """Four corners as top left, top right, bottom right, bottom left: left pair and right pair by x, then
    each by y (PaddleX text_detection/processors.py: get_mini_boxes)."""
    import numpy as np

    # Python's numbers: for four corners numpy's steps cost ten times what they do.
    points = sorted(corners.tolist(), key=itemgetter(0))
    top_left, bottom_left = (points[0], points[1]) if points[1][1] > points[0][1] else (points[1], points[0])
    top_right, bottom_right = (
        (points[2], points[3]) if points[3][1] > points[2][1] else (points[3], points[2])
    )
    return np.array([top_left, top_right, bottom_right, bottom_left], np.float32)


def mean_score(score_map: Array, corners: Floats) -> float:
    """Mean of the map inside a box (PaddleX text_detection/processors.py: box_score_fast)."""
    import cv2
    import numpy as np

    height, width = score_map.shape
    points = corners.tolist()
    across, down = zip(*points, strict=True)
    left, right = _bounds(min(across), max(across), width)
    top, bottom = _bounds(min(down), max(down), height)
    mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, [np.array([[int(x - left), int(y - top)] for x, y in points], np.int32)], 1)
    return float(cv2.mean(score_map[top : bottom + 1, left : right + 1], mask)[0])


def _bounds(low: float, high: float, size: int) -> tuple[int, int]:
    return max(0, min(math.floor(low), size - 1)), max(0, min(math.ceil(high), size - 1))


def _grow(
    core: tuple[tuple[float, float], tuple[float, float], float], corners: Floats, rule: BoxRule
) -> Floats | None:
    """The box around a text's core, which the model was trained to shrink (Vatti clipping).

    Offsetting a rectangle with round joins and taking the smallest rectangle around that is the rectangle
    with 2 x distance added to both sides: no polygon library is needed. Only with `whole_pixels` the arcs
    are drawn, since their rounding tilts the smallest rectangle around them a little.
    """
    import cv2
    import numpy as np

    if rule.whole_pixels:
        area, length = cv2.contourArea(corners), cv2.arcLength(corners, closed=True)
        core = cv2.minAreaRect(np.array(grow(corners, area * rule.unclip_ratio / length), np.int32))
        added = 0.0
    else:
        long, short = core[1]
        added = long * short * rule.unclip_ratio / (long + short)
    center, (first, second), angle = core
    sides = (first + added, second + added)
    if min(sides) < _LEAST_BOX:
        return None
    grown: Floats = order_corners(cv2.boxPoints((center, sides, angle)))
    return grown
