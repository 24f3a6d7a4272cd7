"""The rows of a line's picture that hold its ink, and a margin: what a loose box adds is cut off.

Detection at a low resolution gives loose boxes, up to twice as high as their letters. Letters then are small
in a picture of 48 rows, and narrow at the same width: equal neighbors, points and thin letters are lost.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.contracts import Image

_INK = 0.3
"""Share of the strongest row's contrast from which a row holds ink."""

_MARGIN = 0.2
"""Margin above and below, in heights of the ink. Boxes of PaddleOCR's detection at full resolution leave 0.2
above and 0.3 below digits."""

_LEAST = 0.6
"""Least height that is left of a picture: a dash alone is not enlarged to a bar."""


def tightened(line: Image) -> Image:
    """A line's picture (H×W×3 uint8) without the rows that a loose box adds; a view of it. A line with
    others close above and below, whose ink reaches into its picture, stays as it is."""
    import numpy as np

    height = line.shape[0]
    plane = line[:, :, 1]  # green: the closest to brightness of the three
    contrast = plane.max(axis=1).astype(np.int16) - plane.min(axis=1)
    (rows,) = np.nonzero(contrast > _INK * int(contrast.max()))
    if not rows.size:
        return line
    top, bottom = float(rows[0]), float(rows[-1]) + 1
    margin = _MARGIN * (bottom - top)
    missing = max(0.0, _LEAST * height - (bottom - top) - 2 * margin)
    top, bottom = top - margin - missing / 2, bottom + margin + missing / 2
    return line[max(0, math.floor(top)) : min(height, math.ceil(bottom))]
