"""Short blocks of one make side by side, as addresses are: name beside name, street beside street.

Level lines make no rows of them. In a table the cells of a column are alike, and those of a row are not; here
the lines of a column differ, and those of a row are alike.
"""

from __future__ import annotations

from collections.abc import Sequence

from actors.layout.geometry import Box

_FEWEST, _MOST = 3, 7
"""Lines of a block."""

_ALIKE = 0.75
"""Share of the rows whose two lines are alike, at least."""

_EDGE = 0.6
"""Line heights within which the left edges of a block's lines lie."""

_LEVEL = 0.6
"""Line heights between the middles of two lines of a row, at most."""


def are_blocks(left: Sequence[Box], right: Sequence[Box], texts: Sequence[str], height: float) -> bool:
    """Whether what stands on two sides are such blocks. `texts`: of all lines, by their place."""
    for block in (left, right):
        if not _FEWEST <= len(block) <= _MOST or not _is_flush(block, height):
            return False
        if len({_make(texts[box.place]) for box in block}) < 2:
            return False
    rows = [
        (one, other) for one in left for other in right if abs(one.middle - other.middle) < _LEVEL * height
    ]
    alike = sum(_make(texts[one.place]) == _make(texts[other.place]) for one, other in rows)
    return len(rows) >= _FEWEST and alike >= _ALIKE * len(rows)


def _is_flush(block: Sequence[Box], height: float) -> bool:
    edges = [box.left for box in block]
    return max(edges) - min(edges) < _EDGE * height


def _make(text: str) -> str:
    """What a line is made of: words, a number before or behind words, or no words."""
    words = [word for word in text.split() if any(map(str.isalpha, word))]
    if not words:
        return "number"
    if text[:1].isdecimal():
        return "number, words"
    return "words, number" if text.rstrip(".,")[-1:].isdecimal() else "words"
