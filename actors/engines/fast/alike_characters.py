"""A 1 or an I, a 0 or an O: which one a lone character is, by those above and below it in its column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading

_DIGIT_OF = {"I": "1", "l": "1", "|": "1", "O": "0", "o": "0"}
_LETTER_OF = {"1": "I", "|": "I", "l": "I", "0": "O"}
_ALIKE = frozenset(_DIGIT_OF) | frozenset(_LETTER_OF)

_SURE = 0.95
"""Score from which even such a character is what it was read as."""

_LEAST_OTHERS = 2
"""Characters in a column, all of them digits or all of them capitals, that tell what another one is."""


def settle_by_column(crops: Sequence[Crop], readings: Sequence[Reading]) -> Sequence[Reading]:
    """What the lines of a page say; lone characters that are not sure, and have the shape of a digit and of a
    letter, are what the other lone characters of their column are, if these are all of one kind."""
    unsure = [index for index, reading in enumerate(readings) if _is_unsure(reading)]
    if not unsure:
        return readings
    readings = list(readings)
    telling = [
        (crop, reading.text.strip())
        for crop, reading in zip(crops, readings, strict=True)
        if len(reading.text.strip()) == 1 and reading.text.strip() not in _ALIKE
    ]
    for index in unsure:
        column = "".join(text for crop, text in telling if _is_above_or_below(crop, crops[index]))
        readings[index] = _as_others(readings[index], column)
    return readings


def _is_unsure(reading: Reading) -> bool:
    return reading.text.strip() in _ALIKE and reading.score < _SURE


def _as_others(reading: Reading, column: str) -> Reading:
    text = reading.text.strip()
    if len(column) < _LEAST_OTHERS:
        return reading
    if column.isdigit():
        return replace(reading, text=_DIGIT_OF.get(text, text))
    if column.isalpha() and column.isupper():
        return replace(reading, text=_LETTER_OF.get(text, text))
    return reading


def _is_above_or_below(one: Crop, other: Crop) -> bool:
    """Whether the middle of each is within the extent of the other from left to right, or nearly."""
    (left, right), (other_left, other_right) = _extent(one), _extent(other)
    apart = abs((left + right) - (other_left + other_right)) / 2
    return apart <= max(right - left, other_right - other_left) / 2


def _extent(crop: Crop) -> tuple[float, float]:
    across = crop.polygon[:, 0]
    return float(across.min()), float(across.max())
