"""How small the small print of a large page is: a look at all of it, part by part, for rows of letters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actors.engines.fast.glyphs import LETTER_RATIO, are_joined, are_letters, are_specks, ink, on_light

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from actors.contracts import Image
    from actors.engines.fast.glyphs import Bytes, Mask, Statistics

    Floats = npt.NDArray[np.float64]
    Numbers = npt.NDArray[np.int32]

_PART = 1024
"""Side in pixels of what is looked at together: the look's memory does not depend on the page's size."""

_REGION = 512
"""Side in pixels of a region, whose letters are taken together."""

_HALVED = 5120
"""Longest side in pixels of pages that are looked at at half their size, unless that shows too little."""

_MANY = 200
"""Letters in rows from which half the size shows enough: of a drawing with few labels it would hide some."""

_WORD_RATIO, _OF_WORD = 12.0, 0.5
"""Width over height of words whose letters hang together, at most, as in script; and how high an `x` is of
one."""

_FLAT = 8
"""Difference of a channel, of 255, up to which a picture is of one colour: no letter is seen by it."""

_LEAST_IN_ROWS = 0.15
"""Part of what may be letters in a region that stands in rows, at least. In texts it is 0.4 and more, also in
Chinese ones; in fabrics, leaves and printed dots 0.1."""

_LEAST_LETTERS, _LEAST_SHARE = 6, 0.01
"""So many letters, and so much of all, must be in the regions of a size: less is noise."""

_SURE, _SURE_IN_ROWS = 200, 0.4
"""So many letters in rows, and such a part of what may be letters, are text for sure."""

_LEGIBLE = 5
"""Pixels of height of letters, below which nobody reads them."""

_FEW, _OF_FEW = 10, 0.2
"""Letters below which a region's median is chance: of the letters of all such regions this part is lower than
what counts for each."""

_NEXT_SIZE, _MOST_SIZES, _PLACES = 1.3, 3, 2
"""How much larger the letters of the next size are; how many sizes, and places of each, are looked at."""

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


@dataclass(frozen=True, slots=True)
class SmallPrint:
    """Letters of a size. `height`: their median height in pixels; `places`: middles (x, y) of the regions
    with the most of them; `sure`: whether they are so many, and so much in rows, that no model needs to be
    asked whether they are text."""

    height: float
    places: tuple[tuple[int, int], ...]
    sure: bool


def small_print(page: Image) -> list[SmallPrint]:
    """What may be letters in rows on a page (H×W×3 uint8 BGR), the smallest ones first; at most three sizes.

    Some 8 ns of a core a pixel, 4 for pages of up to 5,120; empty parts cost a tenth.
    """
    import numpy as np

    if max(page.shape[:2]) <= _HALVED:
        seen = _survey(page, 2)
        clear = int(np.count_nonzero(seen.in_rows))
        if clear >= max(_MANY, seen.unclear):
            return _sizes(seen)
    found = _sizes(_survey(page, 1))
    if not found and max(page.shape[:2]) > _HALVED:
        words = _sizes(_survey(page, 1, _WORD_RATIO))
        return [replace(one, height=one.height * _OF_WORD, sure=False) for one in words]
    return found


def is_blank(part: Image) -> bool:
    """Whether a picture (H×W×3 uint8) is of one colour, nearly: too little contrast for a letter."""
    import cv2

    highest = cv2.reduce(part, 0, cv2.REDUCE_MAX).astype(int).reshape(-1, 3).max(axis=0)
    lowest = cv2.reduce(part, 0, cv2.REDUCE_MIN).astype(int).reshape(-1, 3).min(axis=0)
    return int((highest - lowest).max()) <= _FLAT


def _survey(page: Image, factor: int, most_ratio: float = LETTER_RATIO) -> _Seen:
    """Look at a page, each part reduced by a factor, for what is not wider than so many heights."""
    import numpy as np

    regions = [np.empty((0, 2), np.int32)]
    heights, in_rows, unclear = [np.empty(0, np.int32)], [np.empty(0, bool)], 0
    for top, left, part in _parts(page, _PART * factor):
        if is_blank(part):
            continue
        labels, stats = _components(_grey(part, factor))
        letters = are_letters(stats, most_ratio)
        letters[0] = False  # the ground
        across, down = (_stand_in_rows(labels, stats, letters, across) for across in (True, False))
        height = np.where(down & ~across, stats[:, 2], stats[:, 3])
        regions.append((stats[letters, 1::-1] * factor + np.array((top, left), np.int32)) // _REGION)
        heights.append(height[letters] * factor)
        in_rows.append((across | down)[letters])
        unclear += int(np.count_nonzero(are_specks(stats) | are_joined(stats)))
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


def _stand_in_rows(labels: Numbers, stats: Statistics, letters: Mask, across: bool) -> Mask:
    """Which letters stand in a row of three at least, across or down: fabrics have fewer such than texts."""
    import numpy as np

    after = _next(labels, stats, letters, across)
    first = np.flatnonzero(after >= 0)
    is_next = np.zeros(len(stats), bool)
    is_next[after[first]] = True
    found = np.zeros(len(stats), bool)
    found[first[is_next[first]]] = True
    middle = found.copy()
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
        gap = np.ceil(_FARTHEST * (height if across else width) * step / _STEPS).astype(np.int32)
        for along in (0.25, 0.5, 0.75):
            x = left + width - 1 + gap if across else left + (along * width).astype(np.int32)
            y = top + (along * height).astype(np.int32) if across else top + height - 1 + gap
            other = labels[np.minimum(y, most_y), np.minimum(x, most_x)]
            fits = letters[other] & (other != some) & _are_alike(stats[some], stats[other], across)
            after[some[fits]] = other[fits]
    return after


def _are_alike(these: Statistics, those: Statistics, across: bool) -> Mask:
    """Whether components (N×5 each), pair by pair, are similar in height, and aligned; for a row that runs
    down in width, which is the height of letters that lie on their side."""
    import numpy as np

    edge, size = (1, 3) if across else (0, 2)
    higher = np.maximum(these[:, size], those[:, size])
    similar = np.minimum(these[:, size], those[:, size]) >= _SIMILAR * higher
    apart = those[:, edge] - these[:, edge]
    apart_at_the_end = apart + those[:, size] - these[:, size]
    alike: Mask = np.minimum(abs(apart), abs(apart_at_the_end)) <= np.maximum(1, _ALIGNED * higher)
    return alike & similar


def _sizes(seen: _Seen) -> list[SmallPrint]:
    """Sizes of letters, by region, from small to large, as many regions together as hold enough of them."""
    import numpy as np

    places, which = np.unique(seen.regions, axis=0, return_inverse=True)
    which = which.reshape(-1)
    counts = np.bincount(which, minlength=len(places)).astype(np.float64)
    in_rows = np.bincount(which, seen.in_rows, len(places)).astype(np.float64)
    is_text = (in_rows > 0) & (in_rows >= _LEAST_IN_ROWS * counts)
    medians = np.zeros(len(places))
    few = is_text & (in_rows < _FEW)
    for region in np.flatnonzero(is_text & ~few):
        medians[region] = np.median(seen.heights[seen.in_rows & (which == region)])
    if few.any():
        medians[few] = np.quantile(seen.heights[seen.in_rows & few[which]], _OF_FEW)
    needed = max(_LEAST_LETTERS, _LEAST_SHARE * in_rows[is_text].sum())
    found: list[SmallPrint] = []
    group: list[int] = []
    for region in sorted(np.flatnonzero(is_text).tolist(), key=lambda index: (medians[index], index)):
        if medians[region] < (_NEXT_SIZE * found[-1].height if found else _LEGIBLE):
            continue
        group.append(region)
        if in_rows[group].sum() >= needed:
            found.append(_size_of(group, places, medians, counts, in_rows))
            group = []
        if len(found) == _MOST_SIZES:
            break
    return found


def _size_of(
    group: list[int], places: Numbers, medians: Floats, counts: Floats, in_rows: Floats
) -> SmallPrint:
    """The size of the letters in some regions, and where most of them are."""
    import numpy as np

    order = sorted(group, key=lambda region: (-in_rows[region], region))[:_PLACES]
    middles = (places[order][:, ::-1] * _REGION + _REGION // 2).tolist()
    height = float(np.average(medians[group], weights=in_rows[group]))
    together = in_rows[group].sum()
    sure = together >= max(_SURE, _SURE_IN_ROWS * counts[group].sum())
    return SmallPrint(height, tuple((x, y) for x, y in middles), bool(sure))
