"""Spaces that were not read, where the picture shows a gap that is none between letters.

The model reads a gap as a space by what stands beside it more than by its width: behind a colon or a capital
three spaces may become none. Between Chinese or Japanese and other characters it sees some and not others of
the same line; there the ones it did see tell how wide a space is on the page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.ink import mask, runs
from actors.engines.fast.page_script import is_east_asian

if TYPE_CHECKING:
    from actors.contracts import Image

_WIDE = 0.8
"""Width of a gap, over the height of its line's ink, from which it is a space. Gaps between letters have up
to 0.2, single spaces 0.35 to 0.7; those are left to the model."""

_STANDS_OUT = 4.0
"""How many times wider than the line's usual gap it is at least: spaced letters are no words."""

_MIXED = 0.2
"""The least that counts between a character of East Asia and another one."""

_AS_WIDE = 0.75
"""Share of the width of spaces that were read from which another gap of their kind is one, too."""

_LEAST_READ = 0.4
"""Share of the wide gaps of that kind on a page that were read as spaces, from which the others are looked
at: text processors put a little room there that is no space."""

_INK = 0.03
"""Share of a column's pixels that are ink, from which it is no gap."""

_APART = 0.95
"""Distance of two characters, over the height of their box, from which the gap between them may be wide: the
picture of other lines is not looked at."""

_HELD = 0.8
"""The distance of two characters over the gap between them at least: where it is shorter, strokes of one are
too pale to be ink."""

_EAST = "\u3040-\u30ff\u3400-\u9fff"
_TIGHT_PAIR = re.compile(f"[{_EAST}](?=[A-Za-z0-9])|[A-Za-z0-9](?=[{_EAST}])")
_SPACED_PAIR = re.compile(f"[{_EAST}](?= [A-Za-z0-9])|[A-Za-z0-9](?= [{_EAST}])")
"""A character of East Asia beside a letter or digit, without and with a space."""

_LEAST_SPACED = 2
"""Such spaces of a page at least that tell how wide one is."""

_NEVER_BEFORE, _NEVER_BEHIND = frozenset(",.;:!?)]}%°'\"’”"), frozenset("([{'\"‘“")
_DOTS = frozenset(".·…-–—_ ")
"""No space is set before the first and behind the second of these, nor beside dots and dashes, whose gaps are
wide as they are."""


@dataclass(frozen=True, slots=True)
class _Gap:
    """White between two characters of a text, the second one at `behind`. `width`: over the height of the
    line's ink, 0 where they touch; `middle`: in 0..1 of the line's width; `read`: as a space; `mixed`:
    between a character of East Asia and a letter or digit; `foreign`: beside one of East Asia, or a sign as
    wide."""

    behind: int
    width: float
    middle: float
    read: bool
    mixed: bool
    foreign: bool


def spaced(crops: Sequence[Crop], readings: Sequence[Reading]) -> Sequence[Reading]:
    """What the lines of a page say, with spaces in their wide gaps. Needs readings with `places`."""
    spaces = sum(len(_SPACED_PAIR.findall(reading.text)) for reading in readings)
    tell = spaces >= _LEAST_SPACED and any(_TIGHT_PAIR.search(reading.text) for reading in readings)
    found = {
        index: _gaps(crop.image, reading)
        for index, (crop, reading) in enumerate(zip(crops, readings, strict=True))
        if not crop.turned and _may_lack_one(crop.image, reading, mixed=tell)
    }
    if not found:
        return readings
    least_mixed = _least_mixed([gap for gaps in found.values() for gap in gaps if gap.mixed])
    readings = list(readings)
    for index, gaps in found.items():
        least = max(_WIDE, _STANDS_OUT * median([gap.width for gap in gaps if not gap.read] or [0.0]))
        for gap in reversed(gaps):  # from the end, so that indexes stay
            enough = gap.width >= (least_mixed if gap.mixed else least)
            if enough and not gap.read and (gap.mixed or _may_stand(readings[index].text, gap)):
                nothing = slice(gap.behind, gap.behind)
                readings[index] = readings[index].with_part(nothing, " ", [gap.middle], [1.0])
    return readings


def _may_stand(text: str, gap: _Gap) -> bool:
    """Whether there is ever a space between the two characters beside a gap."""
    before, behind = text[gap.behind - 1], text[gap.behind]
    beside_a_word = behind not in _NEVER_BEFORE and before not in _NEVER_BEHIND
    return beside_a_word and not gap.foreign and _DOTS.isdisjoint((before, behind))


def _least_mixed(gaps: Sequence[_Gap]) -> float:
    """From which width on a gap between East Asian and other characters of a page is a space."""
    wide = [gap for gap in gaps if gap.read or gap.width >= _MIXED]
    read = [gap.width for gap in wide if gap.read]
    if len(read) < max(2.0, _LEAST_READ * len(wide)):
        return _WIDE
    return max(_MIXED, _AS_WIDE * median(read))


def _may_lack_one(image: Image, reading: Reading, *, mixed: bool) -> bool:
    """`mixed`: whether spaces between East Asian and other characters are looked for."""
    text, places = reading.text, reading.places
    if len(places) != len(text) or len(text) < 2:
        return False
    if mixed and (_TIGHT_PAIR.search(text) or _SPACED_PAIR.search(text)):
        return True
    apart = _APART * image.shape[0] / image.shape[1]
    return any(
        after - before > apart and not is_east_asian(text[index : index + 2])
        for index, (before, after) in enumerate(pairwise(places))
        if " " not in text[index : index + 2]
    )


def _gaps(image: Image, reading: Reading) -> list[_Gap]:
    """The gaps of a line between characters that were read, from left to right."""
    import numpy as np

    text = reading.text
    ink = mask(image)
    height = int(np.ptp(np.flatnonzero(ink.any(axis=1)))) + 1 if ink.any() else image.shape[0]
    inside = [index for index, sign in enumerate(text) if not sign.isspace()]
    pairs = list(pairwise(inside))
    width = ink.shape[1]
    columns = [(reading.places[one] * width, reading.places[other] * width) for one, other in pairs]
    widest = [(0, 0)] * len(pairs)
    for start, end in runs(ink.mean(axis=0) <= _INK):
        over = [min(end, right) - max(start, left) for left, right in columns]
        # A character's place is up to half its width off, so that a gap may seem to reach beyond it: where it
        # was read as a space, it is that one.
        claims = [index for index, shared in enumerate(over) if shared > 0]
        if not claims:
            continue
        owner = max(claims, key=lambda index: (pairs[index][1] - pairs[index][0], over[index]))
        if columns[owner][1] - columns[owner][0] < _HELD * (end - start):
            continue
        widest[owner] = max(widest[owner], (end - start, start))
    return [
        _Gap(
            other,
            run / height,
            (start + run / 2) / width,
            read=other - one > 1,
            mixed=_TIGHT_PAIR.match(text[one] + text[other]) is not None,
            foreign=is_east_asian(text[one] + text[other]),
        )
        for (one, other), (run, start) in zip(pairs, widest, strict=True)
    ]
