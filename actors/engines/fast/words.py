"""Words of a line with their boxes: from the steps at which characters were read, and the white between."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from actors.contracts import Word
from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.ink import mask

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_WORD = re.compile(
    r"[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f]|[^\s\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
)
"""A character of Chinese or Japanese, which are written without spaces; else what stands between spaces."""

_LEAST_INK = 0.03
"""Share of a column's pixels that are ink, from which it is no gap."""


@dataclass(frozen=True, slots=True)
class _Span:
    """A word, and the places (0..1 of the line's width) of its first and last character."""

    text: str
    first: float
    last: float


def words_of(crop: Crop, reading: Reading) -> tuple[Word, ...]:
    """The words of a line in order. Polygons are in pixels of the page; as wide as the word's ink, and as
    high as that of the whole line, so that neighbours are level. Needs a reading with `places`."""
    import numpy as np

    spans = list(_spans(reading))
    if not spans:
        return ()
    ink = mask(crop.image)
    rows = np.flatnonzero(ink.any(axis=1))
    top, bottom = (int(rows[0]), int(rows[-1]) + 1) if rows.size else (0, ink.shape[0])
    columns = ink[top:bottom].mean(axis=0) > _LEAST_INK
    edges = [0, *(_gap(columns, before.last, after.first) for before, after in pairwise(spans)), len(columns)]
    return tuple(
        Word(span.text, _polygon(crop, *_trimmed(columns, left, right), top, bottom))
        for span, (left, right) in zip(spans, pairwise(edges), strict=True)
    )


def _spans(reading: Reading) -> Iterator[_Span]:
    if len(reading.places) != len(reading.text):
        return
    for found in _WORD.finditer(reading.text):
        yield _Span(found[0], reading.places[found.start()], reading.places[found.end() - 1])


def _gap(columns: npt.NDArray[np.bool_], before: float, after: float) -> int:
    """Where two words meet: the middle of the widest gap between the characters on either side."""
    low, high = int(before * len(columns)), max(int(after * len(columns)), int(before * len(columns)) + 1)
    best, run = (0, (low + high) // 2), 0
    for x in range(low, min(high, len(columns))):
        run = 0 if columns[x] else run + 1
        if run > best[0]:
            best = (run, x - run // 2)
    return best[1]


def _trimmed(columns: npt.NDArray[np.bool_], left: int, right: int) -> tuple[int, int]:
    """The range without the white at its ends."""
    found = columns[left:right].nonzero()[0]
    return (left + int(found[0]), left + int(found[-1]) + 1) if found.size else (left, max(right, left + 1))


def _polygon(crop: Crop, left: int, right: int, top: int, bottom: int) -> tuple[float, ...]:
    """A part of the line's picture as a polygon of the page, from the corner where the text begins."""
    height, width = crop.image.shape[:2]
    start, along, down = crop.polygon[0], crop.polygon[1] - crop.polygon[0], crop.polygon[3] - crop.polygon[0]
    corners: Sequence[tuple[int, int]] = ((left, top), (right, top), (right, bottom), (left, bottom))
    points = [start + along * (x / width) + down * (y / height) for x, y in corners]
    return tuple(float(value) for point in points for value in point)
