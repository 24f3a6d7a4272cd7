"""Single characters, as in the cells of a table: read as they stand, and with room beside them.

A 1 is as tall as a line of vertical text, and is cut out as one: turned. It is also so narrow that the model
sees hardly more than it; with nothing beside it (`Recogniser.read_alone`) it errs five times less often.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from actors.contracts import Image
from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.ink import mask
from actors.engines.fast.page_script import in_alphabet, is_alphabetic_page, is_east_asian

_TALLEST = 4.0
"""Height over width up to which a box may hold a single character: a 1 without serifs is 3 times as tall as
wide, and its box has a margin."""

_WIDEST = 1.2
"""Width over height up to which a box may hold a single character, or two narrow ones."""

_VERTICAL = 0.9
"""Score from which two characters or more of Chinese or Japanese are vertical text."""

_SURE = 0.98
"""Score from which a character is left as it was read at first."""

_ONE = 0.85
"""Width over height from which a box has more than one character, or a wide one. What is read in it is never
sure: squeezed to four steps of the model, `404` is a 4 and `-3` a 3, at scores of 0.99."""

_BEHIND, _BEHIND_WORD = 0.25, 0.05
"""How much lower the reading with room beside it may score and still counts: of one character, of more."""

_LEAST = 0.45
"""Score from which a single character that stands upright counts instead of one that lies on its side:
vertical text has two or more."""

_KNOWN_LYING = frozenset("2345689ABDEFGKPRSabdefgkpqy")
_SURE_LYING = 0.95
"""Characters that look like no other when they lie on their side, and the score from which they were read
so. Of 790 of them on rendered tables none was another; a 7 is an L then, a - a 1, an I a 一."""

_FLAT, _THIN, _FULL, _DRAWN = 1.8, 0.35, 0.8, 0.9
"""A dash is as many times wider than high, so thin for its box, and so full of ink; the score it gets. The
model reads a third of those that stand alone as something else."""

_LEAST_KEPT = {0.45: frozenset("1Il|+-–"), 0.6: frozenset("0OoxXsSvVwWcCzZ")}
"""Scores from which characters are kept whose shape is that of another one, or of its small or large letter,
whose part is missing from their score. Logos and handwriting are round more often than a stroke."""

Read = Callable[[Sequence[Image]], list[Reading]]


def settle(
    crops: Sequence[Crop], readings: Sequence[Reading], read_alone: Read
) -> tuple[Sequence[Crop], Sequence[Reading]]:
    """The lines of a page and what they say, with its single characters settled: those that were turned, or
    are not sure, are read again as they stand; on a page in an alphabet none is Chinese or Japanese; and
    their polygons begin at the upper left corner."""
    alphabetic = is_alphabetic_page(readings)
    crops, readings = list(crops), list(readings)
    again = []
    for index, (crop, reading) in enumerate(zip(crops, readings, strict=True)):
        if not _may_be_lone(crop):
            continue
        if _is_doubtful(crop, reading, alphabetic):
            again.append(index)
        elif len(reading.text.strip()) == 1:
            crops[index] = as_it_stands(crop)
    standing = [as_it_stands(crops[index]) for index in again]
    alone = read_alone([crop.image for crop in standing])
    for index, crop, reading in zip(again, standing, alone, strict=True):
        crops[index], readings[index] = _better(crops[index], readings[index], crop, reading, alphabetic)
    return crops, readings


def as_it_stands(crop: Crop) -> Crop:
    """A crop that was turned, turned back."""
    import numpy as np

    if not crop.turned:
        return crop
    upright: Image = np.rot90(crop.image, -crop.turned)
    return replace(crop, image=upright, polygon=np.roll(crop.polygon, crop.turned, axis=0), turned=0)


def is_kept(reading: Reading) -> bool:
    """Whether a line is kept whatever its page's bound is: a single character that scores low because
    another one has its shape."""
    text = reading.text.strip()
    return any(text in shared and reading.score >= least for least, shared in _LEAST_KEPT.items())


def _may_be_lone(crop: Crop) -> bool:
    height, width = crop.image.shape[:2]
    return bool(width <= (_TALLEST if crop.turned else _WIDEST) * height)


def _is_doubtful(crop: Crop, reading: Reading, alphabetic: bool) -> bool:
    foreign = is_east_asian(reading.text)
    if crop.turned:
        vertical = foreign and len(reading.text.strip()) > 1 and reading.score >= _VERTICAL
        return not vertical and not (reading.text in _KNOWN_LYING and reading.score >= _SURE_LYING)
    if reading.score < _SURE or (alphabetic and foreign):
        return True
    return len(reading.text.strip()) != 1 or crop.image.shape[1] > _ONE * crop.image.shape[0]


def _better(
    crop: Crop, first: Reading, standing: Crop, alone: Reading, alphabetic: bool
) -> tuple[Crop, Reading]:
    """The crop and the reading that count. `alone`: of the crop as it stands."""
    if alphabetic:
        first, alone = in_alphabet(first, lying=crop.turned > 0), in_alphabet(alone)
        if alone.score < _DRAWN and _is_dash(standing.image):
            return standing, Reading("-", _DRAWN)
    if crop.turned and len(first.text.strip()) > 1:
        return (standing, alone) if alone.score > first.score else (crop, first)
    if first.text.strip() == alone.text.strip():
        return standing, max(first, alone, key=lambda reading: reading.score)
    behind = _BEHIND if len(first.text.strip()) < 2 else _BEHIND_WORD
    enough = _LEAST if crop.turned else first.score - behind
    counts = alone.text and alone.score >= min(enough, first.score)
    return standing, alone if counts else first


def _is_dash(image: Image) -> bool:
    """Whether a picture shows one stroke from left to right."""
    import numpy as np

    ink = mask(image)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not rows.size:
        return False
    height, width = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
    thin = height <= _THIN * image.shape[0] and width >= _FLAT * height
    return bool(thin and ink.sum() >= _FULL * height * width)
