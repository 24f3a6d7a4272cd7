"""Which boxes of one reading of a page are those of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LEAST = 0.5
"""Intersection over union from which two boxes are the same line's."""


def same_boxes(ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Pairs of indexes, best pairs first, each box in one pair at most. A box is x1 y1 .. x4 y4; upright
    rectangles around the boxes are compared."""
    if not ours or not theirs:
        return []
    overlaps = _overlaps(_rectangles(ours), _rectangles(theirs))
    candidates = sorted(
        ((overlaps[i, j], i, j) for i, j in zip(*(overlaps >= LEAST).nonzero(), strict=True)), reverse=True
    )
    pairs: list[tuple[int, int]] = []
    taken_i: set[int] = set()
    taken_j: set[int] = set()
    for _, i, j in candidates:
        if i not in taken_i and j not in taken_j:
            taken_i.add(i)
            taken_j.add(j)
            pairs.append((int(i), int(j)))
    return pairs


def _rectangles(boxes: Sequence[Sequence[float]]) -> npt.NDArray[np.float64]:
    """N×4: left, top, right, bottom."""
    import numpy as np

    points = np.asarray(boxes, np.float64).reshape(len(boxes), -1, 2)
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)


def _overlaps(ours: npt.NDArray[np.float64], theirs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    import numpy as np

    low = np.maximum(ours[:, None, :2], theirs[None, :, :2])
    high = np.minimum(ours[:, None, 2:], theirs[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    union = _areas(ours)[:, None] + _areas(theirs)[None, :] - shared
    overlaps: npt.NDArray[np.float64] = shared / np.maximum(union, 1e-9)
    return overlaps


def _areas(rectangles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    areas: npt.NDArray[np.float64] = (rectangles[:, 2:] - rectangles[:, :2]).prod(axis=1)
    return areas
