"""Which lines are running text: stacks with words and the same two edges, and lines that go on below.

A line goes on below if the next one begins in lower case with a word that had no room in it: so are narrow
columns and points of a list told from the cells of a table, which end where they like.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from actors.layout.geometry import Box, Upright

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

_GOES_ON = re.compile(r"[^\W\d_]")
"""How a line begins that goes on with the one above, if the letter is a small one."""

_LEADING = 1.9
"""Line heights from the middle of a line to that of the one it goes on in, at most."""

_HANGING = 2.6
"""Line heights by which the first line of a paragraph or point may begin on the left or right of the next
one."""

_NARROWEST = 4.0
"""Line heights that a line is wide at least that goes on below."""

_ROOM = 0.4
"""Line heights that a word's width is off, since its letters are taken to be as wide as the line's others."""

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
    for one, other in _wrapped(page, texts, found):
        found[one.place] = found[other.place] = True
    return found


def _wrapped(page: Upright, texts: Sequence[str], known: Sequence[bool]) -> Iterator[tuple[Box, Box]]:
    """Pairs of lines of which the second goes on where the first has no more room, and is not known to be
    running text."""
    small = [
        box
        for box in page.boxes
        if not known[box.place] and not box.crossing and _begins_small(texts[box.place])
    ]
    if not small:
        return
    boxes = sorted([box for box in page.boxes if not box.crossing], key=attrgetter("middle"))
    middles = [box.middle for box in boxes]
    above = {}
    for box in small:
        first = bisect_left(middles, box.middle - _LEADING * page.height)
        near = [
            other
            for other in boxes[first : bisect_left(middles, box.middle - 0.5 * page.height)]
            if other.left < box.right and box.left < other.right
        ]
        if (
            near
            and abs(near[-1].left - box.left) < _HANGING * page.height
            and near[-1].width > _NARROWEST * page.height
            and " " in texts[near[-1].place].strip()
        ):
            above[box.place] = near[-1]
    edges: dict[int, float] = {}
    for box in sorted(small, key=attrgetter("middle"), reverse=True):
        if box.place in above:
            one = above[box.place]
            edges[one.place] = max(edges.get(one.place, 0.0), edges.get(box.place, 0.0), one.right, box.right)
    reach: dict[int, float] = {}
    for box in sorted(small, key=attrgetter("middle")):
        if box.place not in above:
            continue
        one = above[box.place]
        edge = reach[box.place] = max(reach.get(one.place, 0.0), edges[one.place])
        word = len(texts[box.place].split(maxsplit=1)[0]) * box.letter
        if one.right + word > edge - _ROOM * page.height:
            yield one, box


def _begins_small(text: str) -> bool:
    return text[:1].islower() and _GOES_ON.match(text) is not None


def _wordy(text: str) -> bool:
    words = _WORDS.finditer(text, 0, _BEGINNING)
    return sum([1 for _ in islice(words, _FEW_WORDS)]) == _FEW_WORDS


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
