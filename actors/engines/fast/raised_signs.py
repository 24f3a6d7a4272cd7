"""Small raised and lowered signs, as powers, footnote marks and indices: found by their ink, set in Unicode.

A recognition model reads 10⁴ as 104 more often than not, and that is another number. Where a small glyph
stands above the foot of its neighbors, or below it, it is read by itself, and its digits are set as ⁴ or ₄.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.glyph_boxes import RAISED, SmallRun, glyph_boxes, small_runs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from actors.contracts import Image

    Floats = npt.NDArray[np.float64]

_PLAIN = "0123456789+-=()n"
_RAISED = dict(zip(_PLAIN, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ", strict=True))
_LOWERED = dict(zip(_PLAIN[:-1], "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎", strict=True))
_SET = {"raised": _RAISED, "lowered": _LOWERED}
_AS_PLAIN = str.maketrans(
    {sign: plain for signs in (_RAISED, _LOWERED) for plain, sign in signs.items()}
    | {"−": "-", "–": "-", "—": "-"}
)
_LIKE_DIGITS = str.maketrans({"O": "0", "o": "0", "I": "1", "l": "1", "|": "1"})

_DIGIT = re.compile("[0-9]")
_MAY_HAVE = re.compile("[^\\s][0-9⁰¹²³⁴-⁹₀-₉ªº⁺⁻]")
"""Texts that are looked at: a digit follows something."""

_MINUS = re.compile("[0-9][-−–]$")
"""What stands before a power is its sign."""

_REPLACED = re.compile("[0-9⁰¹²³⁴-⁹₀-₉ªº⁺⁻⁽⁾+\\-−–()ⁿn]+")
"""What a small sign may have been read as."""

_SURE, _VERY_SURE = 0.8, 0.95
"""Score from which a sign is what it was read as by itself: where the line has it, too, and where not."""

_OFF = 0.6
"""How far a character's place may be from its glyph, over the height of digits."""

_EARLY, _LATE = 0.1, 0.2
"""How far before and behind its glyph a character's place often is."""

_SPACE = 0.25
"""Width of a space at least, over the height of full glyphs: 0.2 to 0.33 of a font's size."""

_MARGIN = 0.25
"""White around a sign that is read by itself, over its height."""

_OWN_RINGS = ("%", "‰", "°", "º", "℃", "℉")
"""Signs that have a small 0 of their own."""

_LOW_DIGITS = frozenset("012")
"""Digits of the old style that are as low as an x: between a 3 and a 7, which descend, they seem raised."""

_FULL_DIGITS = tuple("0123456789o")

_ON_THE_LINE = re.compile("[a-fhik-oqr-xzA-IK-PR-Z01268]")
"""Letters and digits that end where the line of letters is, in every style."""

_NEAREST = 5

Read = Callable[[Sequence["Image"]], list[Reading]]


@dataclass(frozen=True, slots=True)
class _Found:
    """A run of small glyphs of the line with this index, and the boxes of all its glyphs, N×4 in 0..1 of the
    picture."""

    line: int
    run: SmallRun
    boxes: Floats


def set_apart(crops: Sequence[Crop], readings: Sequence[Reading], read_alone: Read) -> Sequence[Reading]:
    """What the lines of a page say, with small raised and lowered digits in Unicode's signs for them. Needs
    readings with `places`."""
    found = [
        one
        for index, (crop, reading) in enumerate(zip(crops, readings, strict=True))
        if len(reading.places) == len(reading.text) and _MAY_HAVE.search(reading.text)
        for one in _found(index, crop, reading)
    ]
    if not found:
        return readings
    readings = list(readings)
    signs = read_alone([_picture(crops[one.line].image, one.run) for one in found])
    for one, sign in reversed(list(zip(found, signs, strict=True))):  # from the end, so that places stay
        readings[one.line] = _with_sign(readings[one.line], one, sign)
    return readings


def _found(index: int, crop: Crop, reading: Reading) -> list[_Found]:
    boxes, (height, width) = glyph_boxes(crop.image)
    return [
        _Found(index, run, boxes / (width, height, width, height))
        for run in small_runs(boxes, (height, width))
        if _has_digit(reading, run)
    ]


def _has_digit(reading: Reading, run: SmallRun) -> bool:
    """Whether something like a digit was read about where a run is; else it is a quotation mark or such."""
    low, high = run.before - _EARLY * run.unit, run.right + _OFF * run.unit
    near = (sign for sign, place in zip(reading.text, reading.places, strict=True) if low < place < high)
    return any(_REPLACED.match(sign) for sign in near)


def _picture(line: Image, run: SmallRun) -> Image:
    """The sign by itself, on its background."""
    import cv2
    import numpy as np

    height, width = line.shape[:2]
    top, bottom = int(run.top * height), max(round(run.bottom * height), int(run.top * height) + 1)
    left, right = int(run.left * width), max(round(run.right * width), int(run.left * width) + 1)
    sign = np.ascontiguousarray(line[top:bottom, left:right])
    margin = max(2, round(_MARGIN * (bottom - top)))
    paper = np.median(line.reshape(-1, 3), axis=0).tolist()
    border = (margin, margin, margin, margin)
    picture: Image = cv2.copyMakeBorder(sign, *border, cv2.BORDER_CONSTANT, value=paper)
    return picture


def _with_sign(reading: Reading, found: _Found, sign: Reading) -> Reading:
    """The reading of a line with what a run says, if it is sure that this is digits, and which ones."""
    run = found.run
    plain = sign.text.replace(" ", "").translate(_AS_PLAIN)
    alike = plain.translate(_LIKE_DIGITS)
    if sign.score < _SURE or not _DIGIT.search(alike) or not set(alike) <= set(_SET[run.kind]):
        return reading
    span = _span_of(alike, reading, run)
    if span is None and alike == plain and sign.score >= _VERY_SURE:
        span = _span_at(reading, run)
    if span is None:
        return reading
    span = _without_space(reading, span, run)
    if reading.text[span[1] :].startswith(_OWN_RINGS) or (alike == "0" and "º" in reading.text[slice(*span)]):
        return reading
    if not _may_stand(reading.text[: span[0]], reading.text[span[1] :], run):
        return reading
    if _LOW_DIGITS.issuperset(_DIGIT.findall(alike)) and not _is_above_the_line(reading, found):
        return reading
    return _replaced(reading, span, "".join(_SET[run.kind][one] for one in alike), run)


def _replaced(reading: Reading, span: tuple[int, int], text: str, run: SmallRun) -> Reading:
    start, end = span
    if _MINUS.search(reading.text[:start]) and run.kind == "raised" and text[0] not in "⁻⁺":
        start, text = start - 1, "⁻" + text  # it touched the digit before it
    step = (run.right - run.left) / len(text)
    places = tuple(run.left + (index + 0.5) * step for index in range(len(text)))
    return replace(
        reading,
        text=reading.text[:start] + text + reading.text[end:],
        places=reading.places[:start] + places + reading.places[end:],
        scores=(),
        gaps=(),
    )


def _is_above_the_line(reading: Reading, found: _Found) -> bool:
    """Whether a run stands above letters and digits that end on the line; not, if there are none."""
    import numpy as np

    run, boxes = found.run, found.boxes
    if run.kind == "lowered":
        return True
    places = np.array(
        [
            place
            for character, place in zip(reading.text, reading.places, strict=True)
            if _ON_THE_LINE.match(character) and not run.before < place <= run.right
        ]
    )
    if not places.size:
        return False
    places = places[np.argsort(np.abs(places - run.left), kind="stable")[:_NEAREST]]
    middles = (boxes[:, 0] + boxes[:, 2]) / 2
    feet = boxes[np.abs(places[:, None] - middles[None, :]).argmin(axis=1), 3]
    return bool(np.median(feet) - run.bottom >= RAISED * run.height)


def _may_stand(before: str, behind: str, run: SmallRun) -> bool:
    """Whether such a sign can stand between these: an index stands at a letter, no digit follows at once, and
    behind a dot that was not read as one it is the rest of a broken letter."""
    last = before[-1:]
    if behind[:1] in _FULL_DIGITS:
        return False
    if run.kind == "lowered":
        return last.isalpha() or last in (")", "]")
    return bool(last.strip()) and not (run.behind_a_dot and last.isalnum())


def _without_space(reading: Reading, span: tuple[int, int], run: SmallRun) -> tuple[int, int]:
    """A span with the space before it, where the ink leaves no room for one: the model takes the white below
    a raised sign for a space."""
    start, end = span
    if reading.text[start - 1 : start] == " " and run.left - run.before < _SPACE * run.unit:
        return start - 1, end
    return span


def _span_of(plain: str, reading: Reading, run: SmallRun) -> tuple[int, int] | None:
    """Where the line has the same digits, at the run's place."""
    text = reading.text.translate(_AS_PLAIN)
    middle, off = (run.left + run.right) / 2, _OFF * run.unit
    best: tuple[float, int] | None = None
    start = text.find(plain)
    while start >= 0:
        places = reading.places[start : start + len(plain)]
        distance = abs((places[0] + places[-1]) / 2 - middle)
        behind = places[0] > run.before - _EARLY * run.unit
        if behind and distance <= off and (best is None or distance < best[0]):
            best = (distance, start)
        start = text.find(plain, start + 1)
    return (best[1], best[1] + len(plain)) if best else None


def _span_at(reading: Reading, run: SmallRun) -> tuple[int, int] | None:
    """What was read at the run's place as other signs of its kind."""
    right = run.right + _LATE * run.unit
    inside = [index for index, place in enumerate(reading.places) if run.before < place <= right]
    if not inside or not _REPLACED.fullmatch(reading.text[inside[0] : inside[-1] + 1]):
        return None
    return inside[0], inside[-1] + 1
