"""How small the small print of a large page is: a look at all of it, without reducing it, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from actors.engines.fast.glyphs import are_letters, ink

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from actors.contracts import Image
    from actors.engines.fast.glyphs import Mask, Statistics

    Labels = npt.NDArray[np.int32]
    Numbers = npt.NDArray[np.int64]

_PART = 2048
"""Side in pixels of what is looked at together: the look's memory does not depend on the page's size."""

_REGION = 512
"""Side in pixels of a region, whose letters are taken together; a part is a multiple of it."""

_LEAST_OF_REGION = 10
"""Letters from which a region's median counts by itself; the letters of emptier ones are taken together."""

_LEAST_LETTERS, _LEAST_SHARE = 24, 0.02
"""So many letters, and so much of all, must be in the regions of the smallest print: less is noise."""

_FARTHEST = 0.7
"""Gap to the next letter of a row, in heights: two letters of a word are nearer, leader dots are not."""

_SIMILAR = 0.6
"""Height of two letters of a word, the lower over the higher, at least; `x` over `l` has 0.7."""

_STEPS = 6
"""Places in the gap beside a letter that are looked at for the next one."""

_FLAT = 8
"""Difference of a channel, of 255, up to which a picture is of one colour: no letter is seen by it."""


def small_print_height(page: Image) -> float | None:
    """Median height in pixels of letters where they are smallest on a page (H×W×3 uint8 BGR); None where no
    letters stand beside each other. Some 8 ns of a core a pixel; empty parts cost a tenth of that."""
    import numpy as np

    places, heights = [np.empty((0, 2), np.int64)], [np.empty(0, np.int64)]
    for top, left, part in _parts(page):
        if not is_blank(part):
            place, height = _letters(part)
            places.append((place + np.array((top, left))) // _REGION)
            heights.append(height)
    return _smallest(np.concatenate(places), np.concatenate(heights))


def is_blank(part: Image) -> bool:
    """Whether a picture (H×W×3 uint8) is of one colour, nearly: too little contrast for a letter."""
    import cv2

    highest = cv2.reduce(part, 0, cv2.REDUCE_MAX).astype(int).reshape(-1, 3).max(axis=0)
    lowest = cv2.reduce(part, 0, cv2.REDUCE_MIN).astype(int).reshape(-1, 3).min(axis=0)
    return int((highest - lowest).max()) <= _FLAT


def _parts(page: Image) -> Iterator[tuple[int, int, Image]]:
    height, width = page.shape[:2]
    for top in range(0, height, _PART):
        for left in range(0, width, _PART):
            yield top, left, page[top : top + _PART, left : left + _PART]


def _letters(part: Image) -> tuple[Numbers, Numbers]:
    """Of the letters that stand beside others: where (N×2: y, x), and their heights."""
    import cv2

    dark = ink(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY))
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(dark, 8, cv2.CV_32S, cv2.CCL_BBDT)
    letters = are_letters(stats)
    letters[0] = False  # the ground
    beside = _have_neighbours(labels, stats, letters)
    found = stats[beside].astype("int64")
    return found[:, 1::-1], found[:, 3]


def _have_neighbours(labels: Labels, stats: Statistics, letters: Mask) -> Mask:
    """Which letters have one of similar height to the right of them or below, or are that one."""
    import numpy as np

    found = np.zeros(len(stats), bool)
    some = np.flatnonzero(letters)
    left, top, width, height = (stats[some, column] for column in range(4))
    most_x, most_y = labels.shape[1] - 1, labels.shape[0] - 1
    for across in (True, False):
        for step in range(1, _STEPS + 1):
            gap = np.ceil(_FARTHEST * height * step / _STEPS).astype(np.int32)
            for along in (0.25, 0.5, 0.75):
                x = left + width - 1 + gap if across else left + (along * width).astype(np.int32)
                y = top + (along * height).astype(np.int32) if across else top + height - 1 + gap
                other = labels[np.minimum(y, most_y), np.minimum(x, most_x)]
                heights = stats[other, 3]
                similar = np.minimum(heights, height) >= _SIMILAR * np.maximum(heights, height)
                pairs = letters[other] & similar & (other != some)
                found[some[pairs]] = True
                found[other[pairs]] = True
    return found


def _smallest(regions: Numbers, heights: Numbers) -> float | None:
    """The median height in the regions with the smallest letters, as many as hold enough of them."""
    import numpy as np

    if not len(heights):
        return None
    _, which, counts = np.unique(regions, axis=0, return_inverse=True, return_counts=True)
    which = which.reshape(-1)
    groups = [heights[which == index] for index in np.flatnonzero(counts >= _LEAST_OF_REGION)]
    rest = heights[counts[which] < _LEAST_OF_REGION]
    if len(rest) >= _LEAST_OF_REGION:
        groups.append(rest)
    needed = max(_LEAST_LETTERS, _LEAST_SHARE * len(heights))
    seen = 0
    for median, count in sorted((float(np.median(group)), len(group)) for group in groups):
        seen += count
        if seen >= needed:
            return median
    return None
