"""Seals and stamps in color over dark text: taken off before the page is read, and read by themselves.

A red seal across black lines cuts them where its own letters are: detection takes these for text of another
direction. In the plane of its color its ink is as light as paper, and the black text stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy.typing as npt

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading

if TYPE_CHECKING:
    import numpy as np

    from actors.contracts import Image

    Plane = npt.NDArray[np.uint8]
    """H×W."""

_LOOK_SIDE = 800
"""Longest side in pixels of the picture that is looked at, about: every n-th pixel of the page."""

_COLORED, _DARK = 60, 110
"""Difference of a pixel's largest and smallest plane, of 255, from which it is colored; and its largest plane
up to which it is dark."""

_PAGE = (0.001, 0.25)
"""Share of a page's pixels that are colored, where it may have a seal: more is a picture."""

_SIDES, _LONGEST = (0.07, 0.6), 4.0
"""Shorter side of a seal over the page's, at least, and longer one over the page's, at most; and its longer
side over its shorter one, at most."""

_INK, _PAPER, _ONE_COLOR = (0.02, 0.4), 0.5, 0.9
"""Share of a seal's extent that is its ink, and that is paper; and that of its ink that is of one color. A
picture has many, a panel no paper."""

_PAPER_LIGHT, _PAPER_COLOR = 170, 40
"""Paper is lighter than that, of 255, and less colored."""

_TOUCHED = 12
"""Pixels that are looked at where dark ink touches the seal's, from which it lies over text."""

_LIGHT = 120
"""How light the seal's ink must be in the plane of its color, of 255, to be taken off."""

_INK_PART, _PAPER_PART, _FULL_PART = 10, 90, 50
"""Percentiles: of the seal's ink in its plane, from which on it becomes paper; of all pixels, which is paper;
and of how colored its ink is, from which on it becomes black where it is read by itself."""

_READ, _LETTERS = 0.9, 3
"""Score, and letters and digits, from which a line of a seal is kept."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Its extent in pixels of the page, far edges beyond it; and the plane (0..2, of BGR) of its color."""

    left: int
    top: int
    right: int
    bottom: int
    plane: int


def find_seals(page: Image) -> list[Seal]:
    """Seals over the dark text of a page (H×W×3 uint8 BGR)."""
    import cv2
    import numpy as np

    step = max(1, max(page.shape[:2]) // _LOOK_SIDE)
    small = np.ascontiguousarray(page[::step, ::step])
    lightest, difference = _planes(small)
    colored = cv2.threshold(difference, _COLORED, 1, cv2.THRESH_BINARY)[1]
    if not _PAGE[0] <= cv2.mean(colored)[0] <= _PAGE[1]:
        return []
    dark = cv2.threshold(lightest, _DARK, 1, cv2.THRESH_BINARY_INV)[1]
    touched = cv2.dilate(colored, np.ones((3, 3), np.uint8)) & dark
    joined = cv2.dilate(colored, np.ones((7, 7), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found: list[Seal] = []
    for left, top, width, height, _ in sorted(stats[1:].tolist(), key=lambda one: -one[2] * one[3]):
        extent = slice(top, top + height), slice(left, left + width)
        if not _is_as_large(height, width, small) or np.count_nonzero(touched[extent]) < _TOUCHED:
            continue
        plane = _plane(small[extent], colored[extent])
        if plane is not None:
            edges = left * step, top * step, (left + width) * step, (top + height) * step
            found.append(Seal(*edges, plane))
            touched[extent] = 0  # what is within it is part of it
    return found


def without(page: Image, seals: Sequence[Seal]) -> Image:
    """The page with paper where the ink of its seals was; the very page if there are none."""
    import numpy as np

    if not seals:
        return page
    clean: Image = page.copy()
    for seal in seals:
        extent = slice(seal.top, seal.bottom), slice(seal.left, seal.right)
        part = page[extent]
        plane = part[..., seal.plane]
        ink = float(np.percentile(plane[_planes(part)[1] > _COLORED], _INK_PART))
        paper = float(np.percentile(plane, _PAPER_PART))
        if ink >= _LIGHT:
            grey = np.minimum(plane.astype(np.float32) * max(1.0, paper / ink), paper)
            clean[extent] = grey.astype(np.uint8)[..., None]
    return clean


def ink_of(page: Image, seal: Seal) -> Image:
    """A seal by itself (H×W×3 uint8, of its extent): its ink is dark, and all else white."""
    import numpy as np

    part = page[seal.top : seal.bottom, seal.left : seal.right]
    lightest, difference = _planes(part)
    ink = np.where(part[..., seal.plane] == lightest, difference, 0).astype(np.float32)
    full = float(np.percentile(ink[ink > _COLORED], _FULL_PART)) if (ink > _COLORED).any() else 255.0
    grey = np.maximum(255 - 255 / full * ink, 0).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def moved(crop: Crop, seal: Seal) -> Crop:
    """A line of the picture of a seal, where it is on the page."""
    import numpy as np

    return replace(crop, polygon=crop.polygon + np.array([seal.left, seal.top], np.float32))


def worth_keeping(crops: Sequence[Crop], readings: Sequence[Reading]) -> list[tuple[Crop, Reading]]:
    """The lines of seals that were read: letters stand in all directions there, many are read as others."""
    return [
        (crop, reading)
        for crop, reading in zip(crops, readings, strict=True)
        if reading.score >= _READ and sum(map(str.isalnum, reading.text)) >= _LETTERS
    ]


def _planes(picture: Image) -> tuple[Plane, Plane]:
    """The largest of each pixel's planes, and how much smaller the smallest is."""
    import cv2

    blue, green, red = cv2.split(picture)
    largest: Plane = cv2.max(cv2.max(blue, green), red)
    difference: Plane = cv2.subtract(largest, cv2.min(cv2.min(blue, green), red))
    return largest, difference


def _is_as_large(height: int, width: int, page: Image) -> bool:
    shorter, longer = sorted((height, width))
    rows, columns = page.shape[:2]
    longest = min(_LONGEST * shorter, _SIDES[1] * max(rows, columns))
    return bool(shorter >= _SIDES[0] * min(rows, columns) and longer <= longest)


def _plane(extent: Image, colored: Plane) -> int | None:
    """The plane in which a seal's ink is light, if it is of one color, and most around it is paper."""
    import numpy as np

    lightest, difference = _planes(extent)
    paper = (lightest > _PAPER_LIGHT) & (difference < _PAPER_COLOR)
    if not _INK[0] <= colored.mean() <= _INK[1] or paper.mean() < _PAPER:
        return None
    ink = extent[colored > 0]
    planes = np.bincount(ink.argmax(axis=1), minlength=3)
    plane = int(planes.argmax())
    return plane if planes[plane] >= _ONE_COLOR * len(ink) else None
