"""Which lines are running text: the ones with words, in a stack of lines with the same two edges."""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from actors.layout.geometry import Upright

_WIDE = 6.0
"""Line heights that running text is wide at least: amounts, codes and labels are narrower."""

_WORDS = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0e7f]|(?<!\S)[^\W\d_]{2,}")
"""A word of letters, or a character of a script that is written without spaces."""

_FEW_WORDS = 3
"""Words of running text at least; e-mail addresses, phone numbers and amounts have fewer."""

_BEGINNING = 60
"""Characters of a line that are looked at for words."""

_NEAR = 2.6
"""Line heights between the middles of neighbours in a stack: double spacing."""

_SAME = 0.7
"""Intersection over union of two lines' x-ranges from which they share both edges."""

_CHUNK = 256
"""Lines that are compared with their neighbours at once: memory stays small on pages of any size."""

Bools = npt.NDArray[np.bool_]


def running(page: Upright, texts: Sequence[str]) -> list[bool]:
    """For each line whether it is running text."""
    found = [False] * len(texts)
    wide = _WIDE * page.height
    may = [box for box in page.boxes if box.width > wide and not box.crossing and _wordy(texts[box.place])]
    if may:
        may.sort(key=attrgetter("middle"))
        stacked = _stacked(np.array([(box.left, box.right, box.middle) for box in may]), page.height)
        for box, flows in zip(may, stacked.tolist(), strict=True):
            found[box.place] = flows
    return found


def _wordy(text: str) -> bool:
    return len(_WORDS.findall(text[:_BEGINNING])) >= _FEW_WORDS


def _stacked(edges: npt.NDArray[np.float64], height: float) -> Bools:
    """Which lines (left, right, middle; sorted by middle) have a neighbour with both edges in common."""
    left, right, middle = edges.T
    low = np.searchsorted(middle, middle - _NEAR * height)
    high = np.searchsorted(middle, middle + _NEAR * height, side="right")
    found = np.zeros(len(edges), dtype=bool)
    for start in range(0, len(edges), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        near = slice(low[start], high[chunk][-1])
        shared = np.minimum(right[chunk, None], right[near]) - np.maximum(left[chunk, None], left[near])
        both = (right - left)[chunk, None] + (right - left)[near] - shared
        apart = np.abs(middle[chunk, None] - middle[near])
        fits = (shared > _SAME * both) & (apart < _NEAR * height) & (apart > 0.5 * height)
        found[chunk] = fits.any(axis=1)
    return found
