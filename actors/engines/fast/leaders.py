"""Leader dots before a page number: they are no text, so how sure they are says nothing of the number.

The model reads the dots of a table of contents as some `.`, `…` or spaces at scores about 0.5. A page number
in a box with a few of them would be dropped for the mean of its line, and with it what the page is for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from math import prod

from actors.engines.fast.ctc import Reading

_DOTS = frozenset(".·•…‥")
_LEADERS = re.compile(r"(?:[.·•…‥] ?){2,}|…")
"""Dots side by side; of the signs that stand for three one is enough."""

_NUMBER = re.compile(r"\s*([0-9]{1,4}|[ivxlc]{1,6})\s*")
"""A page number, Arabic or Roman."""

_SURE = 0.9
"""Score that each character of the number has at least."""


def without_leaders(readings: Sequence[Reading]) -> Sequence[Reading]:
    """What the lines of a page say; where leader dots and a number end a line, the dots do not count in its
    score. Needs readings with `scores`."""
    return [reading if _DOTS.isdisjoint(reading.text) else _without(reading) for reading in readings]


def _without(reading: Reading) -> Reading:
    if len(reading.scores) != len(reading.text):
        return reading
    for dots in _LEADERS.finditer(reading.text):
        number = _NUMBER.fullmatch(reading.text, dots.end())
        if number and min(reading.scores[slice(*number.span(1))]) >= _SURE:
            return _judged(reading, dots.start(), number.start(1))
    return reading


def _judged(reading: Reading, start: int, end: int) -> Reading:
    """The reading of a line with leader dots from `start` on, and its page number from `end` on."""
    number = reading.scores[end:]
    kept = [*reading.scores[:start], *number]
    score = max(reading.score, sum(kept) / len(kept))
    if start:
        return replace(reading, score=score)
    # The number and its dots were one part of the line: what was doubtful about it were the dots.
    return replace(reading, score=score, bound=max(reading.bound, prod(number)))
