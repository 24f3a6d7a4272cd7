"""A convex polygon grown with round corners, to the very pixels that PaddleOCR's polygon library gives.

Written after ClipperOffset of Clipper 6.4.2 (clipper.cpp: DoOffset, OffsetPoint, DoRound), for one closed
convex path. Its rounding of the arcs decides by a pixel how a tilted box lies, and so what is read in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeVar

from actors.runtimes.contracts import Floats

_ARC_TOLERANCE = 0.25
"""How far in pixels an arc's chords may be from it (clipper.cpp: def_arc_tolerance)."""

_T = TypeVar("_T")
_Point = tuple[float, float]


def grow(corners: Floats, distance: float) -> list[tuple[int, int]]:
    """Points of a convex polygon (N×2, cut to whole pixels) grown by `distance` in pixels.

    Of a shape of four pixels or so Clipper may leave out a point; of larger ones it gives just these."""
    points = _counted_once([(int(x), int(y)) for x, y in corners])
    if _area(points) < 0:
        points.reverse()
    normals = [_normal(point, after) for point, after in zip(points, _shifted(points, 1), strict=True)]
    tolerance = _ARC_TOLERANCE * min(1.0, distance)
    steps = min(math.pi / math.acos(1 - tolerance / distance), distance * math.pi)
    grown: list[tuple[int, int]] = []
    for point, before, after in zip(points, _shifted(normals, -1), normals, strict=True):
        grown += [
            (_round(point[0] + x * distance), _round(point[1] + y * distance))
            for x, y in _directions(before, after, distance, steps)
        ]
    return grown


def _directions(before: _Point, after: _Point, distance: float, steps: float) -> Iterator[_Point]:
    """Where a corner's arc passes, as unit vectors from the corner. `steps`: chords of a whole circle."""
    sine = before[0] * after[1] - after[0] * before[1]
    cosine = before[0] * after[0] + before[1] * after[1]
    if abs(sine * distance) < 1 and cosine > 0:
        yield before
        return
    chords = max(_round(steps / math.tau * abs(math.atan2(min(max(sine, -1.0), 1.0), cosine))), 1)
    turn_x, turn_y = math.cos(math.tau / steps), math.sin(math.tau / steps)
    x, y = before
    for _ in range(chords):
        yield x, y
        x, y = x * turn_x - y * turn_y, x * turn_y + y * turn_x
    yield after


def _counted_once(points: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return [point for point, before in zip(points, _shifted(points, -1), strict=True) if point != before]


def _shifted(items: Sequence[_T], by: int) -> list[_T]:
    return [*items[by:], *items[:by]]


def _area(points: Sequence[tuple[int, int]]) -> int:
    """Twice the area; negative for a polygon that runs the other way round."""
    return sum(x * v - u * y for (x, y), (u, v) in zip(points, _shifted(points, 1), strict=True))


def _normal(point: tuple[int, int], after: tuple[int, int]) -> _Point:
    dx, dy = after[0] - point[0], after[1] - point[1]
    scale = 1.0 / math.sqrt(dx * dx + dy * dy)
    return dy * scale, -dx * scale


def _round(value: float) -> int:
    return int(value - 0.5) if value < 0 else int(value + 0.5)
