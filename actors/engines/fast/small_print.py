"""How small the small print of a large page is: a look at all of it, part by part, for rows of letters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actors.engines.fast.glyphs import LETTER_RATIO, are_joined, are_letters, are_specks, ink, on_light
from actors.engines.fast.letter_rows import stand_in_rows

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

_FACTORS = ((40_000_000, 4), (8_000_000, 2), (0, 1))
"""By how much a page of so many pixels, and more, is reduced at first."""

_UNCLEAR, _FEW_UNCLEAR = 0.2, 3
"""What may be letters that were reduced too far, to each that stands in a row, from which a part is looked at
again; so few don't matter."""

_CLEAR = 12
"""Median height in pixels of letters in a reduced part from which it is true: of lower ones the lowest run
together, and edges count."""

_LARGE = 5120
"""Longest side in pixels of pages from which words count whose letters hang together, as in script."""

_WORD_RATIO, _OF_WORD = 12.0, 0.5
"""Width over height of such words, at most; and how high an `x` is of one."""

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


@dataclass(frozen=True, slots=True)
class _Seen:
    """What may be letters: in which region each is (N×2), how high it is in pixels of the page, and whether
    it stands in a row."""

    regions: Numbers
    heights: Numbers
    in_rows: Mask


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

    Some 10 ns of a core for a pixel, a third of that where letters are so high that they can be looked at
    reduced, and a tenth where nothing is.
    """
    pixels = page.shape[0] * page.shape[1]
    found = _sizes(
        _joined(_survey(page, (0, 0), next(factor for least, factor in _FACTORS if pixels >= least)))
    )
    if not found and max(page.shape[:2]) > _LARGE:
        words = _sizes(_joined(_survey(page, (0, 0), 1, _WORD_RATIO)))
        return [replace(one, height=one.height * _OF_WORD, sure=False) for one in words]
    return found


def is_blank(part: Image) -> bool:
    """Whether a picture (H×W×3 uint8) is of one colour, nearly: too little contrast for a letter."""
    rows = part.reshape(part.shape[0], -1)  # no copy, and along rows numpy is twenty times as fast
    highest, lowest = (some.reshape(-1, 3) for some in (rows.max(axis=0), rows.min(axis=0)))
    return int((highest.max(axis=0).astype(int) - lowest.min(axis=0)).max()) <= _FLAT


def _survey(
    area: Image, corner: tuple[int, int], factor: int, most_ratio: float = LETTER_RATIO
) -> Iterator[_Seen]:
    """Look at an area of the page, whose corner (y, x) is given, part by part, for what is not wider than so
    many heights. Each part is reduced by a factor; what is unclear then is looked at again, less reduced."""
    import numpy as np

    for top, left, part in _parts(area, _PART * factor):
        if is_blank(part):
            continue
        at = corner[0] + top, corner[1] + left
        labels, stats = _components(_grey(part, factor))
        letters = are_letters(stats, most_ratio)
        letters[0] = False  # the ground
        across, down = (stand_in_rows(labels, stats, letters, across) for across in (True, False))
        height = np.where(down & ~across, stats[:, 2], stats[:, 3])  # of letters that lie on their side
        if factor > 1 and not _is_clear(stats, height[across | down]):
            yield from _survey(part, at, factor // 2, most_ratio)
            continue
        regions = (stats[letters, 1::-1] * factor + np.array(at, np.int32)) // _REGION
        yield _Seen(regions, height[letters] * factor, (across | down)[letters])


def _is_clear(stats: Statistics, heights: Numbers) -> bool:
    """Whether a reduced part shows what is on it: letters in rows, high enough, and little else."""
    import numpy as np

    unclear = np.count_nonzero(are_specks(stats) | are_joined(stats))
    if unclear > max(_FEW_UNCLEAR, _UNCLEAR * len(heights)):
        return False
    return not len(heights) or bool(np.median(heights) >= _CLEAR)


def _joined(seen: Iterable[_Seen]) -> _Seen:
    import numpy as np

    none = _Seen(np.empty((0, 2), np.int32), np.empty(0, np.int32), np.empty(0, bool))
    every = [none, *seen]
    return _Seen(
        np.concatenate([one.regions for one in every]),
        np.concatenate([one.heights for one in every]),
        np.concatenate([one.in_rows for one in every]),
    )


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
