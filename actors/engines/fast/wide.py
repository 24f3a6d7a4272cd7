"""Lines that are too long for one pass: where they can be cut without cutting a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.engines.fast.ink import shares

if TYPE_CHECKING:
    from actors.contracts import Image

_WORD_GAP = 0.17
"""Width of a gap, in line heights, from which it parts words. A space is 0.2 to 0.33 of a font's size, and a
line's picture is a little higher than that; gaps between letters are narrower than 0.1."""

_WINDOW = 0.5
"""Part of the longest piece, counted from its end, in which a place to cut is looked for."""


def cut_places(image: Image, longest: int) -> list[tuple[int, bool]]:
    """Where to cut a line's picture (H×W×3 uint8) into pieces of at most `longest` pixels of width.

    Each place is an x, and whether it lies in a gap between words (else between characters). The widest
    gap near a piece's end is taken; a line without any is cut where its ink is thinnest.
    """
    width = image.shape[1]
    if width <= longest:
        return []
    ink = shares(image)
    places: list[tuple[int, bool]] = []
    start = 0
    while width - start > longest:
        low, high = start + int(longest * (1 - _WINDOW)), start + longest
        place, gap = _widest_gap(ink[low:high])
        start = low + place
        places.append((start, gap >= _WORD_GAP * image.shape[0]))
    return places


def _widest_gap(ink: list[float]) -> tuple[int, int]:
    """Middle and width of the widest run of columns that hold no more ink than the emptiest, nearly."""
    bare = min(ink) + 0.02
    best, run = (0, 0), 0
    for x, value in enumerate([*ink, 1.0 + bare]):
        if value <= bare:
            run += 1
            continue
        if run >= best[1]:
            best = (x - run // 2, run) if run else best
        run = 0
    return best
