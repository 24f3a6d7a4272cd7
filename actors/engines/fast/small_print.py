"""How small the small print of a large page is: a look at all of it, part by part, for rows of letters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.engines.fast.glyphs import are_letters, are_specks, ink, on_light

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from actors.contracts import Image
    from actors.engines.fast.glyphs import Bytes, Mask, Statistics

    Numbers = npt.NDArray[np.int32]

_PART = 1024
"""Side in pixels of what is looked at together: the look's memory does not depend on the page's size."""

_REGION = 512
"""Side in pixels of a region, whose letters are taken together."""

_HALVED = 5120
"""Longest side in pixels of pages that are looked at at half their size, unless that shows too little."""

_MANY = 200
"""Letters in rows from which half the size shows enough: of a drawing with few labels it would hide some."""

_LOW = 8
"""Pixels of height below which a wide component may be a word."""

_FLAT = 8
"""Difference of a channel, of 255, up to which a picture is of one colour: no letter is seen by it."""

_LEAST_OF_REGION, _LEAST_IN_ROWS = 10, 0.15
"""Letters from which a region's median counts by itself; and how many of what may be letters, at least, stand
in rows there. In texts 0.4 and more do, in Chinese ones, too; in fabrics, leaves and printed dots 0.1."""

_LEAST_LETTERS, _LEAST_SHARE = 24, 0.02
"""So many letters, and so much of all, must be in the regions of the smallest print: less is noise."""

_FARTHEST = 0.7
"""Gap to the next letter of a row, in heights: two letters of a word are nearer, leader dots are not."""

_SIMILAR = 0.6
"""Height of two letters of a word, the lower over the higher, at least; `x` over `l` has 0.7."""

_ALIGNED = 0.2
"""How far the edges of neighbours in a row may be apart, on one of its sides, in heights."""

_STEPS = 6
"""Places in the gap beside a letter that are looked at for the next one."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What may be letters: in which region each is (N×2), how high it is in pixels of the page, and whether
    it stands in a row; `unclear`: how many more there are that are too low to tell, or low and wide, as words
    are whose letters touch."""

    regions: Numbers
    heights: Numbers
    in_rows: Mask
    unclear: int


def small_print_height(page: Image) -> float | None:
    """Median height in pixels of letters where they are smallest on a page (H×W×3 uint8 BGR); None where no
    letters stand in rows. Some 8 ns of a core a pixel, 4 for pages up to 5,120; empty parts cost a tenth."""
    import numpy as np

    if max(page.shape[:2]) <= _HALVED:
        seen = _survey(page, 2)
        clear = int(np.count_nonzero(seen.in_rows))
        if clear >= max(_MANY, seen.unclear):
            return _smallest(seen)
    return _smallest(_survey(page, 1))


def is_blank(part: Image) -> bool:
    """Whether a picture (H×W×3 uint8) is of one colour, nearly: too little contrast for a letter."""
    import cv2

    highest = cv2.reduce(part, 0, cv2.REDUCE_MAX).astype(int).reshape(-1, 3).max(axis=0)
    lowest = cv2.reduce(part, 0, cv2.REDUCE_MIN).astype(int).reshape(-1, 3).min(axis=0)
    return int((highest - lowest).max()) <= _FLAT


def _survey(page: Image, factor: int) -> _Seen:
    """Look at a page, each part reduced by a factor."""
    import numpy as np

    regions = [np.empty((0, 2), np.int32)]
    heights, in_rows, unclear = [np.empty(0, np.int32)], [np.empty(0, bool)], 0
    for top, left, part in _parts(page, _PART * factor):
        if is_blank(part):
            continue
        labels, stats = _components(_grey(part, factor))
        letters = are_letters(stats)
        letters[0] = False  # the ground
        found = stats[letters]
        regions.append((found[:, 1::-1] * factor + np.array((top, left), np.int32)) // _REGION)
        heights.append(found[:, 3] * factor)
        in_rows.append(_stand_in_rows(labels, stats, letters)[letters])
        unclear += int(np.count_nonzero(are_specks(stats) | _may_be_words(stats)))
    return _Seen(np.concatenate(regions), np.concatenate(heights), np.concatenate(in_rows), unclear)


def _parts(page: Image, side: int) -> Iterator[tuple[int, int, Image]]:
    height, width = page.shape[:2]
    for top in range(0, height, side):
        for left in range(0, width, side):
            yield top, left, page[top : top + side, left : left + side]


def _grey(part: Image, factor: int) -> Bytes:
    """The part's grey, reduced, with letters darker than their ground."""
    import cv2

    grey: Bytes = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)
    if factor > 1:
        size = max(1, grey.shape[1] // factor), max(1, grey.shape[0] // factor)
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return on_light(grey)


def _components(grey: Bytes) -> tuple[Numbers, Statistics]:
    import cv2

    found = cv2.connectedComponentsWithStatsWithAlgorithm(ink(grey), 8, cv2.CV_32S, cv2.CCL_BBDT)
    return found[1], found[2]


def _may_be_words(stats: Statistics) -> Mask:
    low: Mask = stats[:, 3] < _LOW
    return low & (stats[:, 2] > _LOW)


def _stand_in_rows(labels: Numbers, stats: Statistics, letters: Mask) -> Mask:
    """Which letters stand in a row, or a column, of three at least: what fabrics have less of than texts."""
    import numpy as np

    found = np.zeros(len(stats), bool)
    for across in (True, False):
        after = _next(labels, stats, letters, across)
        first = np.flatnonzero(after >= 0)
        is_next = np.zeros(len(stats), bool)
        is_next[after[first]] = True
        middle = np.zeros(len(stats), bool)
        middle[first[is_next[first]]] = True
        found |= middle
        found[after[middle]] = True
        found[first[middle[after[first]]]] = True
    return found


def _next(labels: Numbers, stats: Statistics, letters: Mask, across: bool) -> Numbers:
    """For each component, if it is a letter, the nearest similar one to its right, or below; -1 without."""
    import numpy as np

    after = np.full(len(stats), -1, np.int32)
    some = np.flatnonzero(letters)
    left, top, width, height = (stats[some, column] for column in range(4))
    most_y, most_x = labels.shape[0] - 1, labels.shape[1] - 1
    for step in range(_STEPS, 0, -1):  # the nearest one last, which then counts
        gap = np.ceil(_FARTHEST * height * step / _STEPS).astype(np.int32)
        for along in (0.25, 0.5, 0.75):
            x = left + width - 1 + gap if across else left + (along * width).astype(np.int32)
            y = top + (along * height).astype(np.int32) if across else top + height - 1 + gap
            other = labels[np.minimum(y, most_y), np.minimum(x, most_x)]
            fits = letters[other] & (other != some) & _are_alike(stats[some], stats[other], across)
            after[some[fits]] = other[fits]
    return after


def _are_alike(these: Statistics, those: Statistics, across: bool) -> Mask:
    """Whether components (N×5 each), pair by pair, are of similar height, and aligned."""
    import numpy as np

    height = np.maximum(these[:, 3], those[:, 3])
    similar = np.minimum(these[:, 3], those[:, 3]) >= _SIMILAR * height
    near, size = (1, 3) if across else (0, 2)
    apart = those[:, near] - these[:, near]
    apart_at_the_end = apart + those[:, size] - these[:, size]
    alike: Mask = np.minimum(abs(apart), abs(apart_at_the_end)) <= np.maximum(1, _ALIGNED * height)
    return alike & similar


def _smallest(seen: _Seen) -> float | None:
    """The median height in the regions with the smallest letters, as many as hold enough of them."""
    import numpy as np

    if not seen.in_rows.any():
        return None
    _, which = np.unique(seen.regions, axis=0, return_inverse=True)
    which = which.reshape(-1)
    all_of, rows_of = np.bincount(which), np.bincount(which, seen.in_rows)
    is_text = rows_of >= _LEAST_IN_ROWS * all_of
    counts = is_text & (rows_of >= _LEAST_OF_REGION)
    groups = [seen.heights[seen.in_rows & (which == region)] for region in np.flatnonzero(counts)]
    groups.append(seen.heights[seen.in_rows & (is_text & ~counts)[which]])
    needed = max(_LEAST_LETTERS, _LEAST_SHARE * sum(map(len, groups)))
    have = 0
    for median, count in sorted((float(np.median(group)), len(group)) for group in groups if len(group)):
        have += count
        if have >= needed:
            return median
    return None
