"""A line's picture as it is read: without the rows that a loose box adds, and with room at its ends.

Detection at a low resolution gives loose boxes, up to twice as high as their letters. Letters then are small
in a picture of 48 rows, and narrow at the same width: equal neighbors, points and thin letters are lost. And
characters that touch the ends of their picture are lost: the model was trained with white beside them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actors.engines.fast.ctc import Reading

if TYPE_CHECKING:
    from actors.contracts import Image
    from actors.runtimes.contracts import Floats

_INK = 0.3
"""Share of the strongest row's contrast from which a row holds ink."""

_MARGIN = 0.2
"""Margin above and below, in heights of the ink. Boxes of PaddleOCR's detection at full resolution leave 0.2
above and 0.3 below digits."""

_LEAST = 0.6
"""Least height that is left of a picture: a dash alone is not enlarged to a bar."""

_LEAST_OF_BOX, _LOOSE = 0.4, 0.7
"""Least height that is left of a box, and the height from which on it stays as it was found."""

_ROOM = 0.16
"""Background at either end of a line, in heights of its picture: of 922 rendered items 27 are misread without
it, 21 with half as much, for 2.6 % more columns, and 18 with this, for 5.3 %."""


@dataclass(frozen=True, slots=True)
class ReadyLine:
    """A line's picture as it is read (H×W×3 uint8), and the columns of background at either end."""

    image: Image
    room: int

    def in_line(self, reading: Reading) -> Reading:
        """A reading of the picture, with its places in 0..1 of the line as it was cut out."""
        if not self.room or not reading.places:
            return reading
        whole = self.image.shape[1]
        own = whole - 2 * self.room
        places = tuple(min(1.0, max(0.0, (place * whole - self.room) / own)) for place in reading.places)
        return replace(reading, places=places)


def ready_line(line: Image) -> ReadyLine:
    """A line's picture (H×W×3 uint8), tightened, with room at its ends."""
    import cv2

    tight = tightened(line)
    room = math.ceil(_ROOM * tight.shape[0])
    return ReadyLine(cv2.copyMakeBorder(tight, 0, 0, room, room, cv2.BORDER_REPLICATE), room)


def tightened(line: Image) -> Image:
    """A line's picture (H×W×3 uint8) without the rows that a loose box adds; a view of it. A line with
    others close above and below, whose ink reaches into its picture, stays as it is."""
    top, bottom = _rows(line, _LEAST)
    return line[top:bottom]


def fitted(line: Image, polygon: Floats) -> Floats:
    """A line's polygon (4×2, from the corner where its text begins, clockwise) without the rows of its
    picture (H×W×3 uint8) that are not its own, where they are many: they may be those of the next line."""
    import numpy as np

    height = line.shape[0]
    top, bottom = _rows(line, _LEAST_OF_BOX)
    if bottom - top > _LOOSE * height:
        return polygon
    first, second, third, fourth = polygon
    down, down_right = (fourth - first) / height, (third - second) / height
    edges = [
        first + top * down,
        second + top * down_right,
        second + bottom * down_right,
        first + bottom * down,
    ]
    return np.array(edges, np.float32)


def _rows(line: Image, least: float) -> tuple[int, int]:
    """The first row that is kept and the one behind the last; `least`: share of all rows that is kept."""
    import numpy as np

    height = line.shape[0]
    plane = line[:, :, 1]  # green: the closest to brightness of the three
    contrast = plane.max(axis=1).astype(np.int16) - plane.min(axis=1)
    (rows,) = np.nonzero(contrast > _INK * int(contrast.max()))
    if not rows.size:
        return 0, height
    top, bottom = float(rows[0]), float(rows[-1]) + 1
    margin = _MARGIN * (bottom - top)
    missing = max(0.0, least * height - (bottom - top) - 2 * margin)
    top, bottom = top - margin - missing / 2, bottom + margin + missing / 2
    return max(0, math.floor(top)), min(height, math.ceil(bottom))
