"""Letters with marks that the model confuses with plain ones, told by their ink in lines of their language.

At every width it reads ď as d’, ť as t, ı as i and Æ as AE, and often ű as ü. The languages that have these
are known by others, which it reads well; in their lines the ink tells which letter it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.glyph_boxes import glyph_boxes
from actors.engines.fast.glyph_of import glyphs_of
from actors.engines.fast.ink import mask, runs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from actors.contracts import Image

_CZECH = frozenset("řůěŘŮĚ")
_SLOVAK = frozenset("ľĺŕĽĹŔ")
_TURKISH = frozenset("ğĞıİ")
_NORDIC = frozenset("øØåÅæÆ")
_ROMANIAN = frozenset("ăĂțșȚȘ")

_HUNGARIAN = frozenset("őŐűŰ")

_DOUBLE_ACUTE = {"ü": "ű", "Ü": "Ű"}
_AS_HIGH = 0.85
"""Height of the marks above a letter, over that of those above ő and ű in its line, from which they are no
dots."""

_SEEN = 5
"""Height of these marks in pixels from which it can be told from that of dots."""

_AS_SLANTED = 0.6
"""How slanted those marks are at least, over these: bold dots are as high, and upright."""

_COMMA_BELOW = str.maketrans("şţŞŢ", "șțȘȚ")
_DOTTED = frozenset("iıIİ")
_CARON = {"d": "ď", "t": "ť", "l": "ľ", "L": "Ľ"}
_APOSTROPHES = frozenset("’'‘`´")

_LOW = frozenset("acemnorsuvxz")
"""Letters as high as an x, and no lower."""

_FEW = 3
"""Of them that tell where an x begins, at least."""

_LEVEL, _HIGHER = 0.17, 0.28
"""How far tops of equally high letters differ at most, and those of others at least, in heights of an x."""

_MARK = (0.15, 0.75)
"""Height of a caron that stands beside its letter as an apostrophe does, in heights of an x."""

_REACH = 0.4
"""How far beyond its letter such a caron goes, in heights of an x."""

_BESIDE = 0.3
"""How far the middle of such a caron is to the right of its letter's at least, twice, in heights of an x: the
dot of an i stands above its middle."""

_TALL = frozenset("bdfhkl")
_RINGED = 1.16
"""Height of an A with a ring at least, over that of these letters."""

_WIDE = {"A": 1.2, "E": 1.15}
"""Width over height from which a glyph that was read as this is an Æ, if it is no two letters that touch."""

_TWO_LETTERS = 1.5
"""The same from which an A and an E touch: an Æ has 1.3 in the median of 230 fonts, both side by side 1.7."""

_WIDEST = 1.4
"""Width of a d, t or l with its caron at most, in heights of an x: what is wider is two letters, and what is
lower than an x no letter."""

_OPENING = re.compile(r"(?<!\w)['‘‚](?=\w)")
_CONTRACTED = re.compile(r"(?:s|d|ll|re|ve)\b")
"""A quotation mark before a word; and what English has behind an apostrophe, and no word with a caron."""

Edit = tuple[int, int, str]
"""Characters of a text from the first to before the second index, and what they are."""


class _Part(NamedTuple):
    """Ink that hangs together."""

    left: int
    top: int
    right: int
    bottom: int
    area: int


@dataclass(frozen=True, slots=True)
class _Print:
    """What is seen of a line: its ink and the parts of that, its glyphs (left, top, right, bottom), which one
    each character is, where an x begins, and how high it is: 0 where too few letters tell."""

    ink: npt.NDArray[np.bool_]
    parts: list[_Part]
    boxes: list[list[int]]
    glyphs: list[int | None]
    top: float
    height: float


def settle_marks(crops: Sequence[Crop], readings: Sequence[Reading]) -> Sequence[Reading]:
    """What the lines of a page say, with the letters of their language. Needs readings with `places`."""
    return [_settled(crop.image, reading) for crop, reading in zip(crops, readings, strict=True)]


def _settled(image: Image, reading: Reading) -> Reading:
    letters = frozenset(reading.text)
    if letters & _ROMANIAN and not letters & _TURKISH:  # a ğ may be read as ă
        return replace(reading, text=reading.text.translate(_COMMA_BELOW))
    rules: list[Callable[[str, _Print], list[Edit]]] = []
    if letters & _TURKISH and letters & _DOTTED:
        rules.append(_dots)
    if letters & (_CZECH | _SLOVAK):
        rules.append(_carons)
    if letters & _NORDIC and not letters.isdisjoint("AE"):
        rules.append(_ligatures)
    if letters & _HUNGARIAN and not letters.isdisjoint(_DOUBLE_ACUTE):
        rules.append(_double_acutes)
    if not rules or len(reading.places) != len(reading.text):
        return reading
    seen = _print_of(image, reading)
    edits = sorted(edit for rule in rules for edit in rule(reading.text, seen))
    for start, end, text in reversed(edits):  # from the end, so that indexes stay
        reading = _edited(reading, start, end, text)
    return reading


def _print_of(image: Image, reading: Reading) -> _Print:
    boxes, (height, width) = glyph_boxes(image)
    places = [place * width for place in reading.places]
    glyphs = glyphs_of(reading.text, places, boxes.tolist(), height)
    scale = image.shape[0] / height
    scaled = [[round(side * scale) for side in box] for box in boxes.tolist()]
    pairs = zip(reading.text, glyphs, strict=True)
    low = [scaled[glyph] for letter, glyph in pairs if glyph is not None and letter in _LOW]
    ink = mask(image)
    if len(low) < _FEW:
        return _Print(ink, [], scaled, glyphs, 0.0, 0.0)
    top = median(box[1] for box in low)
    return _Print(ink, _parts(ink), scaled, glyphs, top, max(1.0, median(box[3] for box in low) - top))


def _parts(ink: npt.NDArray[np.bool_]) -> list[_Part]:
    import cv2
    import numpy as np

    _, _, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    return [
        _Part(left, top, left + width, top + height, area)
        for left, top, width, height, area in stats[1:].tolist()
    ]


def _dots(text: str, seen: _Print) -> list[Edit]:
    """Each i with a dot or without one."""
    import numpy as np

    edits = []
    for index, (letter, glyph) in enumerate(zip(text, seen.glyphs, strict=True)):
        if letter not in _DOTTED or glyph is None or not seen.height or _may_touch(text, seen, index):
            continue
        left, top, right, bottom = seen.boxes[glyph]
        parts = runs(np.asarray(seen.ink[top:bottom, left:right].any(axis=1)))
        if not parts:
            continue
        above = (seen.top - top - parts[-1][0]) / seen.height  # of its body, over the top of an x
        dotted = len(parts) > 1
        if above >= _HIGHER and dotted:
            found = "İ"
        elif abs(above) <= _LEVEL and letter != "I":
            found = "i" if dotted else "ı"
        else:
            continue
        if found != letter:
            edits.append((index, index + 1, found))
    return edits


def _double_acutes(text: str, seen: _Print) -> list[Edit]:
    """Each ü whose marks are as high and as slanted as those of the line's ő and ű."""
    marks = [(index, letter, _mark(seen, index)) for index, letter in enumerate(text)]
    known = [mark for _, letter, mark in marks if letter in _HUNGARIAN and mark[0]]
    if not known:
        return []
    height, slant = (median(measure) for measure in zip(*known, strict=True))
    if height < _SEEN or slant < 1:
        return []
    return [
        (index, index + 1, _DOUBLE_ACUTE[letter])
        for index, letter, (high, slanted) in marks
        if letter in _DOUBLE_ACUTE and high >= _AS_HIGH * height and slanted >= _AS_SLANTED * slant
    ]


def _mark(seen: _Print, index: int) -> tuple[int, float]:
    """Height in pixels of what stands above a letter by itself, and how far its upper end is to the right of
    its lower one; 0 for nothing."""
    import numpy as np

    glyph = seen.glyphs[index]
    if glyph is None:
        return 0, 0.0
    left, top, right, bottom = seen.boxes[glyph]
    ink = seen.ink[top:bottom, left:right]
    parts = runs(np.asarray(ink.any(axis=1)))
    if len(parts) < 2:
        return 0, 0.0
    first, end = parts[0]
    upper, lower = (float(np.flatnonzero(ink[row]).mean()) for row in (first, end - 1))
    return end - first, upper - lower


def _carons(text: str, seen: _Print) -> list[Edit]:
    """Each d, t and l with an apostrophe, or the ink of one, at its upper right."""
    edits = []
    own = "dtlL" if _SLOVAK.intersection(text) else "dt"
    for index, letter in enumerate(text):
        if letter not in own:
            continue
        if text[index + 1 : index + 2] in _APOSTROPHES:
            if not _is_apostrophe(text, index + 1):
                edits.append((index, index + 2, _CARON[letter]))
        elif not _may_touch(text, seen, index) and _has_caron(index, seen):
            edits.append((index, index + 1, _CARON[letter]))
    return edits


def _is_apostrophe(text: str, index: int) -> bool:
    """Whether what was read as an apostrophe is one, or a closing quotation mark, and no caron."""
    behind = text[index + 1 : index + 2]
    if behind.isupper() or _CONTRACTED.match(text, index + 1):
        return True
    return not behind.isalpha() and _OPENING.search(text, 0, index) is not None


def _may_touch(text: str, seen: _Print, index: int) -> bool:
    """Whether a letter beside this one has no glyph, so that the glyph of this one may be of both."""
    beside = (other for other in (index - 1, index + 1) if 0 <= other < len(text))
    return any(seen.glyphs[other] is None and not text[other].isspace() for other in beside)


def _has_caron(index: int, seen: _Print) -> bool:
    """Whether a mark stands beside the upper part of a letter, and is no other letter's."""
    glyph = seen.glyphs[index]
    if glyph is None or not seen.height:
        return False
    left, top, right, bottom = seen.boxes[glyph]
    if right - left > _WIDEST * seen.height or bottom - top < seen.height:
        return False
    low, tall = (share * seen.height for share in _MARK)
    others = [seen.boxes[other] for other in seen.glyphs if other is not None and other != glyph]
    reach = right + _REACH * seen.height
    near = [part for part in seen.parts if part.right > left and part.left < reach]
    body = max((part for part in near if part.left < right), key=lambda part: part.area, default=None)
    return body is not None and any(
        low <= part.bottom - part.top <= tall
        and part.bottom <= seen.top + _LEVEL * seen.height
        and part.left + part.right > body.left + body.right + _BESIDE * seen.height
        and not any(_covers(other, part) for other in others)
        for part in near
    )


def _covers(box: Sequence[int], part: _Part) -> bool:
    """Whether a third of a part or more is in the columns of a glyph."""
    shared = min(box[2], part.right) - max(box[0], part.left)
    return 3 * shared >= part.right - part.left


def _ligatures(text: str, seen: _Print) -> list[Edit]:
    """Each A, E or both that are an Æ, and each A with a ring."""
    edits: list[Edit] = []
    tall = [
        _height(seen.boxes[glyph])
        for letter, glyph in zip(text, seen.glyphs, strict=True)
        if glyph is not None and letter in _TALL
    ]
    for index, (letter, glyph) in enumerate(zip(text, seen.glyphs, strict=True)):
        if letter not in _WIDE or glyph is None:
            continue
        box = seen.boxes[glyph]
        both = index - 1 if letter == "E" else index
        if text[both : both + 2] == "AE" and None in seen.glyphs[both : both + 2]:
            if _WIDE["E"] * _height(box) <= box[2] - box[0] < _TWO_LETTERS * _height(box):
                edits.append((both, both + 2, "Æ"))
        elif box[2] - box[0] >= _WIDE[letter] * _height(box):
            if not _may_touch(text, seen, index):
                edits.append((index, index + 1, "Æ"))
        elif letter == "A" and len(tall) > 1 and _height(box) >= _RINGED * median(tall):
            edits.append((index, index + 1, "Å"))
    return edits


def _height(box: Sequence[int]) -> int:
    return box[3] - box[1]


def _edited(reading: Reading, start: int, end: int, text: str) -> Reading:
    """A reading with one letter instead of one or two."""
    place = sum(reading.places[start:end]) / (end - start)
    score = max(reading.scores[start:end], default=reading.score)
    return reading.with_part(slice(start, end), text, [place], [score])
