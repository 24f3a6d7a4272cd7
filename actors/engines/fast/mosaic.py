"""The score maps of a page's tiles put together, and the boxes of its lines found on the whole."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from actors.engines.fast.boxes import BoxRule, find_boxes
from actors.engines.fast.sides import STRIDE
from actors.engines.fast.tiles import Tile, Tiling
from actors.runtimes.contracts import Floats

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_LEVELS = 255
"""Scores 0..1 are kept as whole numbers up to it, for a quarter of the memory."""

_MOST_CANDIDATES = 30_000
"""Most contours of a page that are looked at, however many tiles it has."""

_SAME_LETTERS = 0.5
"""Of two boxes, one in the other: how high the inner one is at least, over the outer, if it is a part of the
same letters; and how much of the outer one lower ones fill, if that is no line but several."""

_INSIDE = 0.6
"""Part of a box that lies in another one, from which it is inside."""


class Mosaic:
    """Collects the score maps of one page. Any thread may add one; the memory is taken with the first."""

    def __init__(self, tiling: Tiling, rule: BoxRule, parts: int) -> None:
        self._tiling = tiling
        self._rule = rule
        self._lock = threading.Lock()
        self._missing = parts
        self._canvas: npt.NDArray[np.uint8] | None = None
        self._large: list[Floats] = []

    def add(self, tile: Tile, score_map: Floats) -> bool:
        """What is kept of a tile's map (H×W float32 in 0..1); whether nothing is missing any more."""
        import cv2

        across, down = tile.across, tile.down
        kept = score_map[
            down.first - down.start : down.last - down.start,
            across.first - across.start : across.last - across.start,
        ]
        with self._lock:
            canvas = self._canvas_of()
        # No two tiles keep the same pixels.
        canvas[down.first : down.last, across.first : across.last] = cv2.convertScaleAbs(kept, alpha=_LEVELS)
        return self._is_complete()

    def add_large(self, boxes: Sequence[Floats], least: float) -> bool:
        """Boxes of the page as a whole, of which those `least` pixels high and higher count; as `add`."""
        self._large = [box for box in boxes if height_of(box) >= least]
        return self._is_complete()

    def boxes(self, width: int, height: int) -> list[Floats]:
        """Boxes (4×2 float32) of a page of this size in pixels, once nothing is missing."""
        import numpy as np

        canvas, self._canvas = self._canvas, None
        found: list[Floats] = []
        if canvas is not None:
            step = self._tiling.step
            reach = (self._tiling.canvas.width // STRIDE * step, self._tiling.canvas.height // STRIDE * step)
            edge = np.array([width, height], np.float32)
            found = [np.minimum(box, edge) for box in find_boxes(canvas, *reach, self._levels())]
        return with_large(found, self._large)

    def _canvas_of(self) -> npt.NDArray[np.uint8]:
        import numpy as np

        if self._canvas is None:
            self._canvas = np.zeros((self._tiling.canvas.height, self._tiling.canvas.width), np.uint8)
        return self._canvas

    def _is_complete(self) -> bool:
        with self._lock:
            self._missing -= 1
            return self._missing == 0

    def _levels(self) -> BoxRule:
        """The rule for scores that are whole numbers, and for as many lines as so many tiles may have."""
        most = min(self._rule.max_candidates * len(self._tiling.tiles), _MOST_CANDIDATES)
        return replace(
            self._rule,
            thresh=self._rule.thresh * _LEVELS,
            box_thresh=self._rule.box_thresh * _LEVELS,
            max_candidates=max(self._rule.max_candidates, most),
        )


def with_large(small: Sequence[Floats], large: Sequence[Floats]) -> list[Floats]:
    """Boxes of lines in tiles, and of lines of large letters on the page as a whole: one that holds lines of
    lower letters is no line; the others take the place of what the tiles made of their letters."""
    found = list(small)
    for box in large:
        inside = [index for index, one in enumerate(found) if _shared(one, box) >= _INSIDE * _area(one)]
        lower = [index for index in inside if height_of(found[index]) < _SAME_LETTERS * height_of(box)]
        if sum(_area(found[index]) for index in lower) >= _SAME_LETTERS * _area(box):
            continue
        if any(_shared(one, box) >= _INSIDE * _area(box) and _area(one) > _area(box) for one in found):
            continue
        found = [one for index, one in enumerate(found) if index not in set(inside)]
        found.append(box)
    return found


def height_of(box: Floats) -> float:
    """The shorter side of a box (4×2)."""
    import numpy as np

    return float(min(np.linalg.norm(box[1] - box[0]), np.linalg.norm(box[3] - box[0])))


def _area(box: Floats) -> float:
    """Of the upright rectangle around a box."""
    left, top, right, bottom = _bounds(box)
    return (right - left) * (bottom - top)


def _shared(one: Floats, other: Floats) -> float:
    """Pixels that the rectangles around two boxes share."""
    left, top, right, bottom = _bounds(one)
    low_x, low_y, high_x, high_y = _bounds(other)
    return max(0.0, min(right, high_x) - max(left, low_x)) * max(0.0, min(bottom, high_y) - max(top, low_y))


def _bounds(box: Floats) -> tuple[float, float, float, float]:
    (left, top), (right, bottom) = box.min(axis=0).tolist(), box.max(axis=0).tolist()
    return left, top, right, bottom
