"""The score maps of a page's tiles put together, and the boxes of its lines found on the whole."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from actors.engines.fast.boxes import BoxRule, find_boxes
from actors.engines.fast.outlines import without_outlines
from actors.engines.fast.sides import STRIDE, InTiles, Size
from actors.engines.fast.tiles import Tile, tiling
from actors.runtimes.contracts import Floats

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from actors.contracts import Image

    Levels = npt.NDArray[np.uint8]

_LEVELS = 255
"""Scores 0..1 are kept as whole numbers up to it, for a quarter of the memory."""

_MOST_CANDIDATES = 30_000
"""Most contours of a page that are looked at, however many tiles it has."""

_CLEAR = 0.6
"""Mean score of an area from which all of it is text; below, what scores as much is."""

_SAME_LETTERS = 0.5
"""Of two boxes, one in the other: how high the inner one is at least, over the outer, if it is a part of the
same letters; and how much of the outer one lower ones fill, if that is no line but several."""

_INSIDE = 0.6
"""Part of a box that lies in another one, from which it is inside."""


class Mosaic:
    """A page (H×W×3 uint8 BGR) in tiles, and the score maps of these. Any thread may add one; the memory for
    them is taken with the first."""

    def __init__(self, page: Image, plan: InTiles, rule: BoxRule) -> None:
        self._page = page
        self._plan = plan
        self._rule = rule
        self._tiling = tiling(page, plan.step, plan.rule)
        self._lock = threading.Lock()
        self._missing = len(self._tiling.tiles) + (plan.whole is not None)
        self._canvas: Levels | None = None
        self._large: list[Floats] = []

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """What is detected by itself."""
        return self._tiling.tiles

    @property
    def whole(self) -> Size | None:
        """The size at which the page is detected as a whole, too."""
        return self._plan.whole

    def picture(self, tile: Tile) -> Image:
        """What a tile shows, at its size."""
        return self._tiling.picture(self._page, tile)

    def add(self, tile: Tile, score_map: Floats) -> bool:
        """What is kept of a tile's map (H×W float32 in 0..1); whether nothing is missing any more."""
        import cv2

        across, down = tile.across, tile.down
        kept = without_haze(score_map, self._rule)[
            down.first - down.start : down.last - down.start,
            across.first - across.start : across.last - across.start,
        ]
        # No two tiles keep the same pixels.
        target = self._memory()[down.first : down.last, across.first : across.last]
        cv2.convertScaleAbs(kept, dst=target, alpha=_LEVELS)
        return self._is_complete()

    def add_whole(self, boxes: Sequence[Floats]) -> bool:
        """Boxes of the page as a whole, of which those count whose letters are large; as `add`."""
        least = self._plan.rule.largest * self._tiling.step / STRIDE
        self._large = [box for box in boxes if height_of(box) >= least]
        return self._is_complete()

    def boxes(self) -> list[Floats]:
        """Boxes (4×2 float32) of the page, once nothing is missing."""
        import numpy as np

        canvas, self._canvas = self._canvas, None
        found: list[Floats] = []
        if canvas is not None:
            height, width = (side // STRIDE * self._tiling.step for side in canvas.shape)
            edge = np.array(self._page.shape[1::-1], np.float32)
            found = [np.minimum(box, edge) for box in find_boxes(canvas, width, height, self._levels())]
        letters = self._plan.letters.height
        large = without_outlines(self._page, self._large, letters)
        return with_large(without_outlines(self._page, found, letters), large)

    def _memory(self) -> Levels:
        import numpy as np

        canvas = self._tiling.canvas
        with self._lock:
            if self._canvas is None:
                self._canvas = np.zeros((canvas.height, canvas.width), np.uint8)
            return self._canvas

    def _is_complete(self) -> bool:
        with self._lock:
            self._missing -= 1
            return self._missing == 0

    def _levels(self) -> BoxRule:
        """The rule for scores that are whole numbers, and for as many lines as so many tiles may have."""
        return replace(
            self._rule,
            thresh=int(self._rule.thresh * _LEVELS),  # compared as whole numbers, ten times as fast
            box_thresh=self._rule.box_thresh * _LEVELS,
            max_candidates=max(self._rule.max_candidates, _MOST_CANDIDATES),
        )


def without_haze(score_map: Floats, rule: BoxRule) -> Floats:
    """A map without what is above the threshold and no text.

    Where a tile shows large shapes and no text, the model is of two minds about wide areas: their scores lie
    near the threshold, and labels within lose their edges. Of an area whose mean is low only what is clearly
    text is kept, if anything is. A line's mean is 0.75 and more.
    """
    import cv2
    import numpy as np

    count, labels = cv2.connectedComponents((score_map > rule.thresh).view(np.uint8), connectivity=8)
    sums = np.bincount(labels.reshape(-1), score_map.reshape(-1), count)
    sizes = np.bincount(labels.reshape(-1), minlength=count)
    hazy = sums < _CLEAR * sizes
    hazy[0] = False
    if not hazy.any():
        return score_map
    return np.where(hazy[labels] & (score_map < _CLEAR), np.float32(0), score_map)


def with_large(small: Sequence[Floats], large: Sequence[Floats]) -> list[Floats]:
    """Boxes of lines in tiles, and of lines of large letters on the page as a whole: one that holds lines of
    lower letters is no line; the others take the place of what the tiles made of their letters."""
    import numpy as np

    if not large:
        return list(small)
    boxes = [*small, *large]
    rectangles, heights = _rectangles(boxes), np.array([height_of(box) for box in boxes])
    areas = _areas(rectangles)
    counts = np.arange(len(boxes)) < len(small)
    for index in range(len(small), len(boxes)):
        shared = counts * _shared(rectangles, rectangles[index])
        inside = shared >= _INSIDE * np.maximum(areas, 1)
        lower = inside & (heights < _SAME_LETTERS * heights[index])
        around = (shared >= _INSIDE * max(areas[index], 1)) & (areas > areas[index])
        if areas[lower].sum() < _SAME_LETTERS * areas[index] and not around.any():
            counts[inside] = False
            counts[index] = True
    return [box for box, counted in zip(boxes, counts, strict=True) if counted]


def height_of(box: Floats) -> float:
    """The shorter side of a box (4×2)."""
    import numpy as np

    return float(min(np.linalg.norm(box[1] - box[0]), np.linalg.norm(box[3] - box[0])))


def _rectangles(boxes: Sequence[Floats]) -> Floats:
    """Upright ones around boxes: N×4, left, top, right, bottom."""
    import numpy as np

    corners = np.asarray(boxes, np.float32)
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


def _areas(rectangles: Floats) -> Floats:
    """Their pixels; 0 where an edge is on the wrong side of another."""
    areas: Floats = (rectangles[:, 2:] - rectangles[:, :2]).clip(0).prod(axis=1)
    return areas


def _shared(rectangles: Floats, other: Floats) -> Floats:
    """Pixels that each shares with another one."""
    import numpy as np

    low = np.maximum(rectangles[:, :2], other[:2])
    high = np.minimum(rectangles[:, 2:], other[2:])
    return _areas(np.concatenate([low, high], axis=1))
