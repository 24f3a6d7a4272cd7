"""How much of a line's ink became no character: a model that does not know a letter skips it, and is sure.

A recognition model was trained on lines whose unknown letters were left out of the label. So it gives nothing
for them, at a score of 0.98 for what is left of the line; the ink between the characters shows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from actors.engines.fast.ctc import Reading
from actors.engines.fast.ink import runs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from actors.contracts import Image

    Flags = npt.NDArray[np.bool_]

_WIDE = re.compile("[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uffef…—]")
"""A character as wide as high."""

_NEAR, _NEAR_WIDE = 0.45, 0.75
"""How far a character's own ink goes from its place at most, to both sides, in heights of the line's ink: a
W is 0.9 as wide as that in most fonts, a Chinese character 1.1, and a place is off by up to 0.2."""

_NEAR_SPACE = 0.25
"""The same of the white of a space: where its neighbors are no farther than that, no letter was skipped."""

_INK_OF_CROP = 0.75
"""Height of a line's ink over that of its picture, about: 0.68 to 0.86 on scans (docs/fast-engine.md)."""

_LEAST = 0.25
"""Ink in a gap between two characters from which it is a letter that was not read, in heights of the ink."""

_TALL, _REACH = 0.4, 0.25
"""Height of a letter over that of the line's ink at least, looked for so far to both sides of a column:
rules, rows of dots and dashes are lower."""

_RULE = 0.9
"""Share of a row's pixels from which it is a drawn line and no writing."""

_EDGE = 0.02
"""Share of the ink that is cut off above and below, where a rule or a neighboring line reaches in."""

_MOST_ROWS = 32

_FULL = 0.35
"""Height of the ink over that of the picture, below which it is a dash or dots, and no letters."""

_NARROW, _BESIDE = 1.8, 0.2
"""Width up to which ink that hangs together is one letter, however wide its neighbors stand apart, and how
far from it its place may be; in heights of the ink."""


@dataclass(frozen=True, slots=True)
class UnreadInk:
    """`length`: of a line's letters, without the white between them, in heights of its ink; `unread`: of
    those where nothing was read; `pieces`: into how many the white between them parts the unread ones;
    `height`: of the ink in pixels of the picture."""

    length: float
    unread: float
    pieces: int
    height: float


def unread_ink(image: Image, reading: Reading) -> UnreadInk:
    """Look at a line's picture (H×W×3 uint8). Where its characters stand so close that nothing can be
    between them, its ink is not looked at, and `length` is that of the whole picture, about."""
    height, width = image.shape[:2]
    if not _has_gap(reading, height, width):
        return UnreadInk(width / height, 0.0, 0, _INK_OF_CROP)
    image = _lower(image)
    height = image.shape[0]
    letters, ink = _letters(image)
    if ink < _FULL * height:
        return UnreadInk(0.0, 0.0, 0, ink / height)
    unread = letters & ~_covered(reading, letters, ink)
    long_enough = [(start, end) for start, end in runs(unread) if end - start >= _LEAST * ink]
    return UnreadInk(
        float(letters.sum()) / ink,
        sum(end - start for start, end in long_enough) / ink,
        len(long_enough),
        ink / height,
    )


def _lower(image: Image) -> Image:
    """A picture of no more than so many rows: more say nothing of where letters are."""
    import cv2

    height, width = image.shape[:2]
    if height <= _MOST_ROWS:
        return image
    size = max(1, round(width * _MOST_ROWS / height)), _MOST_ROWS
    lower: Image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return lower


def _has_gap(reading: Reading, height: int, width: int) -> bool:
    """Whether a letter may stand between two characters, or at an end. Always where nothing was read; never
    where places are not known."""
    if len(reading.places) != len(reading.text):
        return False
    ink = _INK_OF_CROP * height
    edges = [(0.0, 0.0)]
    edges += [
        (place * width, _near(sign) * ink) for place, sign in zip(reading.places, reading.text, strict=True)
    ]
    edges.append((float(width), 0.0))
    least = _LEAST * ink
    return any(after - before - near - beside >= least for (before, near), (after, beside) in pairwise(edges))


def _placed(reading: Reading) -> list[tuple[float, str]]:
    return [
        (place, sign) for place, sign in zip(reading.places, reading.text, strict=True) if not sign.isspace()
    ]


def _near(sign: str) -> float:
    if sign == " ":
        return _NEAR_SPACE
    return _NEAR_WIDE if _WIDE.match(sign) else _NEAR


def _letters(image: Image) -> tuple[Flags, int]:
    """Which columns have ink of something as high as a letter, and the height of the line's ink."""
    import cv2
    import numpy as np

    ink = _ink(image)
    rows = np.add.accumulate(cv2.reduce(ink, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0])
    if not rows[-1]:
        return np.zeros(ink.shape[1], np.bool_), 0
    top, bottom = np.searchsorted(rows, (_EDGE * rows[-1], (1 - _EDGE) * rows[-1])).tolist()
    part = ink[top : bottom + 1]
    height = part.shape[0]
    has_ink = part.max(axis=0) > 0
    extent = np.where(has_ink, height - part.argmax(axis=0) - part[::-1].argmax(axis=0), 0)
    window = np.ones((1, 2 * int(_REACH * height / 2) + 1), np.uint8)
    tallest = cv2.dilate(extent.astype(np.float32)[None], window)[0]
    return has_ink & (tallest >= _TALL * height), height


def _ink(image: Image) -> npt.NDArray[np.uint8]:
    """1 where a picture is ink, 0 elsewhere (H×W): the rarer side of the best threshold, without rules."""
    import cv2
    import numpy as np

    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY)
    ink: npt.NDArray[np.uint8] = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1]
    if 2 * cv2.countNonZero(ink) > ink.size:
        ink ^= 1
    ink[cv2.reduce(ink, 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F)[:, 0] > _RULE] = 0
    return ink


def _covered(reading: Reading, letters: Flags, ink: int) -> Flags:
    """Which columns belong to a character: those near its place, and those of a letter that stands there."""
    import numpy as np

    width = len(letters)
    covered = np.zeros(width, np.bool_)
    placed = [(place * width, sign) for place, sign in _placed(reading)]
    for place, sign in placed:
        near = _near(sign) * ink
        covered[max(0, int(place - near)) : int(place + near) + 1] = True
    places = np.array([place for place, _ in placed])
    for start, end in runs(letters):
        if end - start <= _NARROW * ink and places.size:
            beside = (places >= start - _BESIDE * ink) & (places <= end + _BESIDE * ink)
            covered[start:end] |= bool(beside.any())
    return covered
