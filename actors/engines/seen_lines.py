"""Lines as `legibility` sees them where nothing but their text, score and polygon is known."""

from __future__ import annotations

import math
from collections.abc import Sequence

from actors.contracts import Line
from actors.engines.legibility import SeenLine, has_numbers_alone, is_foreign, is_too_small, is_unread
from actors.engines.lost_marks import KnownMarks, loses_marks
from actors.notices import ordered

_SPARSE = 0.5
"""Characters to each height of a line's box, below which some were skipped: Chinese has 0.9 or more,
alphabets twice as many."""


def seen_line(line: Line, *, kept: bool) -> SeenLine:
    """A line by its text and its polygon: where it is long for what it says, the rest was skipped."""
    sides = list(zip(line.polygon[::2], line.polygon[1::2], strict=True))
    first, second = math.dist(sides[0], sides[1]), math.dist(sides[1], sides[2])
    height = min(first, second)
    length = max(first, second) / max(1.0, height)
    signs = sum(not sign.isspace() for sign in line.text)
    unread = length - signs if signs < _SPARSE * length else 0.0
    return SeenLine(line.text, line.score, kept, length, unread, math.floor(unread), height)


def notices_of(kept: Sequence[Line], dropped: Sequence[Line], known: KnownMarks) -> tuple[str, ...]:
    """The codes of a page whose ink nobody looks at."""
    lines = [seen_line(line, kept=True) for line in kept] + [seen_line(line, kept=False) for line in dropped]
    codes = set()
    if is_foreign(lines) or has_numbers_alone(lines) or loses_marks((line.text for line in kept), known):
        codes.add("script.unknown")
    if lines and is_unread(lines):
        codes.add("text.unread")
    if is_too_small(lines):
        codes.add("text.too_small")
    return ordered(codes)
