"""Radio buttons before their texts: circles, of which the chosen one has a dot, as ○ and ◉.

The model reads an empty one and a chosen one alike: as O, as some other round sign, or as a space. A circle
counts as a button where one of its size on the page has a dot in its middle, which no letter has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.ink import mask

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from actors.contracts import Image

EMPTY, CHOSEN = "○", "◉"

_ROUND = frozenset("OoQ0D©®@口曰日囗〇")
"""Letters, digits and signs that a button is read as, among others."""

_ROOM = 1.2
"""Place of a line's first character, over the line's height, from which a button may be before it."""

_LEAST = 8
"""Diameter in pixels from which a dot can be told from a ring."""

_CIRCLE, _FILL = 1.15, (0.7, 0.86)
"""Longer over shorter side at most; and part of its square that a circle fills, which is 0.785."""

_DOT, _SOLID, _CENTERED = (0.2, 0.75), 0.65, 0.12
"""A dot: its size over the circle's, how much of its own square it fills at least, and how far its middle is
from that of the circle at most, over the circle's size."""

_OPEN = 0.3
"""Part of an empty circle within its ring at least."""

_AS_LARGE, _AS_HOLLOW = 1.2, 0.1
"""Larger over smaller diameter of buttons of a page at most; and how much more of one than of the other is
within its ring: they are drawn with the same pen, a letter with a thicker one."""

_APART = 0.3
"""White between a button and its text at least, over its size: behind a letter it is 0.1 to 0.2."""

_UNREAD = 0.5
"""How far ink behind a circle is before the place of the second character at least, over the circle's size,
where it is a letter of its own."""


@dataclass(frozen=True, slots=True)
class _Circle:
    """A circle that the line with this index begins with, which characters were read there, and where its
    middle is in 0..1 of the line's width. `hollow`: the part of it that is within its ring."""

    line: int
    span: tuple[int, int]
    place: float
    size: float
    hollow: float
    chosen: bool

    def is_like(self, other: _Circle) -> bool:
        """Whether both are drawn alike."""
        as_large = max(self.size, other.size) <= _AS_LARGE * min(self.size, other.size)
        return as_large and abs(self.hollow - other.hollow) <= _AS_HOLLOW


def set_buttons(crops: Sequence[Crop], readings: Sequence[Reading]) -> Sequence[Reading]:
    """What the lines of a page say, with signs of the radio buttons that they begin with. Needs readings with
    `places`."""
    circles = [
        circle
        for index, (crop, reading) in enumerate(zip(crops, readings, strict=True))
        if not crop.turned and (circle := _circle(index, crop.image, reading)) is not None
    ]
    chosen = [circle for circle in circles if circle.chosen]
    if not chosen:
        return readings
    readings = list(readings)
    for circle in circles:
        if any(circle.is_like(other) for other in chosen):
            sign = CHOSEN if circle.chosen else EMPTY
            readings[circle.line] = _with_sign(readings[circle.line], circle, sign)
    return readings


def _span(reading: Reading, room: float) -> tuple[int, int, float] | None:
    """Which characters at the beginning of a line may be a button, and where in 0..1 of its width those
    behind them begin; None if it begins with something else. `room`: place of a first character before which
    one may be that was not read."""
    text = reading.text
    inked = [index for index, character in enumerate(text) if not character.isspace()]
    if not inked or len(reading.places) != len(text):
        return None
    first = inked[0]
    sign = text[first]
    if sign in _ROUND or not (sign.isalnum() or sign.isascii()):
        if len(inked) == 1:
            return 0, len(text), 1.0
        if inked[1] > first + 1 or (sign not in "oQD" and not first):  # a space before it may be the button
            return 0, inked[1], reading.places[inked[1]]
    return (0, first, reading.places[first]) if reading.places[first] >= room else None


def _circle(line: int, image: Image, reading: Reading) -> _Circle | None:
    """The circle that a line's picture begins with."""
    import cv2
    import numpy as np

    found = _span(reading, _ROOM * image.shape[0] / image.shape[1])
    if found is None:
        return None
    first, last, end = found
    ink = mask(np.ascontiguousarray(image)).astype(np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    ring = _ring(stats[1:], end * ink.shape[1])
    if ring is None:
        return None
    left, top, width, height, _ = stats[ring + 1].tolist()
    inside = slice(top, top + height), slice(left, left + width)
    drawn = (parts[inside] == ring + 1).astype(np.uint8)
    outline, _ = cv2.findContours(drawn, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = cv2.drawContours(np.zeros_like(drawn), outline, -1, 1, cv2.FILLED)
    place, size = (left + width / 2) / ink.shape[1], (width + height) / 2
    beside = ink[top : top + height, left + width : left + width + round(_APART * size)]
    if beside.any() or not _FILL[0] <= float(whole.mean()) <= _FILL[1]:
        return None
    hole = (whole - drawn).astype(np.uint8)
    hollow = float(hole.sum() / whole.sum())
    dot = cv2.bitwise_and(ink[inside], hole)
    if _is_dot(dot) if dot.any() else hollow >= _OPEN:
        return _Circle(line, (first, last), place, size, hollow, chosen=bool(dot.any()))
    return None


def _ring(stats: npt.NDArray[np.int32], end: float) -> int | None:
    """Which of the parts of a line's ink (left, top, width, height, area) is as wide as high, and may be the
    circle that it begins with. `end`: where what was read behind that begins, in pixels."""
    import numpy as np

    middles = stats[:, 0] + stats[:, 2] / 2
    ours = np.flatnonzero(middles < end).tolist()
    if not ours:
        return None
    ring = max(ours, key=lambda part: int(stats[part, 2]) * int(stats[part, 3]))
    left, width, height = (int(stats[ring, column]) for column in (0, 2, 3))
    if min(width, height) < _LEAST or max(width, height) > _CIRCLE * min(width, height) + 1:
        return None
    unread = (middles > left + width) & (middles <= end - _UNREAD * width)
    return None if unread.any() else int(ring)  # what was read first may be that letter and not the circle


def _is_dot(ink: npt.NDArray[np.uint8]) -> bool:
    """Whether the ink within a ring is one full dot in its middle."""
    import numpy as np

    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    height, width = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
    least, most = (share * size for share, size in zip(_DOT, (min(ink.shape), max(ink.shape)), strict=True))
    off = max(
        abs(rows[0] + rows[-1] + 1 - ink.shape[0]) / ink.shape[0],
        abs(columns[0] + columns[-1] + 1 - ink.shape[1]) / ink.shape[1],
    )
    is_round = max(height, width) <= _CIRCLE * min(height, width) + 1
    fits = least <= min(height, width) and max(height, width) <= most and off <= 2 * _CENTERED
    return bool(fits and is_round and int(ink.sum()) >= _SOLID * height * width)


def _with_sign(reading: Reading, circle: _Circle, sign: str) -> Reading:
    """A reading with a sign instead of the characters that it begins with, and a space behind it."""
    behind = circle.span[1]
    rest = reading.text[behind:]
    before = sign + (" " if rest else "")
    return replace(
        reading,
        text=before + rest,
        steps=(),
        places=(*(circle.place,) * len(before), *reading.places[behind:]),
        scores=(),
        gaps=(),
    )
