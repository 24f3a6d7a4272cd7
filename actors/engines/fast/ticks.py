"""Check boxes among the lines of a page: each as a sign in the line beside it, or as a line of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from actors.engines.fast.check_boxes import EMPTY, Area, CheckBox, find_check_boxes
from actors.engines.fast.crops import Crop, cut
from actors.engines.fast.ctc import Reading
from actors.engines.fast.lone_characters import as_it_stands
from actors.engines.fast.page_script import is_alphabetic_page, is_east_asian

if TYPE_CHECKING:
    from actors.contracts import Image

_BOXES = frozenset("□☐☑☒■▢▣⊠⊡")
_BRACKETS = frozenset("[]|")
_LIKE_EMPTY = frozenset("OoD0Q")
_LIKE_TICKED = frozenset("xX×✓✔✕✘√vV")
"""What a box may have been read as: for certain; on a page in an alphabet, beside 口 and all others of East
Asia; and where it stands alone."""

_SQUARE_LETTERS = frozenset("ABDEFHPR8")
"""Characters that look like a ticked box where they are small, so that no score makes one of them."""

_READ, _READ_LINE = 0.9, 0.85
"""Median score of a page's lines, but for those of one character, from which it is looked at; and score of
one line at least in the row of a box. Below, it is often in a script that the model does not know, whose
letters may be squares."""

_PERFECT = 0.95
"""How straight the worst side of a ticked box must be where it was read as something round."""

_WORD = re.compile(r"\S+")
_END = 0.1
"""How far beyond the middle of its first and last letter a word is looked over, over the line's height."""

_ONLY = 1.7
"""Width of a line over that of a box up to which it has nothing else in it."""

_UNSURE, _LETTER = 0.7, 0.9
"""Scores below which the text of a line that has nothing but a box in it counts for nothing, and an O."""

_NEAR, _LEVEL = 2.5, 0.5
"""How far a line is at most from its box, over the lines' height, and how far their middles are off."""

_TO_THE_RIGHT = 2.0
"""How much further than the text to its left that to the right of a box may be: most stand before theirs."""

_ROOM = 1.8
"""From letter to letter, over the box's side, where one stands in a line and was not read."""

_LATE = 0.15
"""How far behind its box a sign's place may be, over the box's side."""

_SCORE = 0.9
"""Score of a line that is a box alone: as often as its sign is right, to a tenth. Of 660 drawn boxes 616 have
the right state (0.93), of 509 from seeds kept aside 455 (0.89)."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line and its extent in pixels of the page."""

    crop: Crop
    reading: Reading
    left: float
    top: float
    right: float
    bottom: float

    def holds(self, box: CheckBox) -> bool:
        """Whether a box's middle is in it."""
        x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        return self.left < x < self.right and self.top < y < self.bottom


def set_ticks(
    page: Image, crops: Sequence[Crop], readings: Sequence[Reading]
) -> tuple[Sequence[Crop], Sequence[Reading]]:
    """The lines of a page (H×W×3 uint8 BGR) and what they say, with the signs of its check boxes: before the
    text to the right of one, else behind that to the left, else alone. Needs readings with `places`."""
    scores = [reading.score for reading in readings if len(reading.text.strip()) > 1]
    if not scores or median(scores) < _READ:
        return crops, readings
    lines = [_line(crop, reading) for crop, reading in zip(crops, readings, strict=True)]
    heights = [line.bottom - line.top for line in lines if not line.crop.turned]
    if not heights:
        return crops, readings
    height, alphabetic = median(heights), is_alphabetic_page(readings)
    written = [area for line in lines for area in _written(line, alphabetic)]
    boxes = find_check_boxes(page, height, written)
    if not boxes:
        return crops, readings
    for box in boxes:
        lines = _with_box(page, lines, box, height, alphabetic)
    return [line.crop for line in lines], [line.reading for line in lines]


def _written(line: _Line, alphabetic: bool) -> Iterator[Area]:
    """Where the words of a line are that hold nothing that may be a box."""
    reading = line.reading
    if line.crop.turned or reading.score < _UNSURE or len(reading.places) != len(reading.text):
        return
    wide, end = line.right - line.left, _END * (line.bottom - line.top)
    for word in _WORD.finditer(reading.text):
        if len(word[0]) > 1 and not any(_is_like_box(sign, alphabetic) for sign in word[0]):
            first, last = reading.places[word.start()], reading.places[word.end() - 1]
            yield line.left + first * wide - end, line.top, line.left + last * wide + end, line.bottom


def _with_box(page: Image, lines: list[_Line], box: CheckBox, height: float, alphabetic: bool) -> list[_Line]:
    """The lines with one box more; the same where it is a letter of one of them, or stands by itself."""
    rest = list[_Line]()
    within: tuple[int, tuple[int, int]] | None = None
    for line in lines:
        if not line.holds(box):
            rest.append(line)
        elif line.right - line.left <= _ONLY * box.side:
            if not _may_be_box(line.reading, box, alphabetic):
                return lines
        else:
            span = _span(line, box, alphabetic)
            if span is None or line.reading.score < _UNSURE:
                return lines
            within = (len(rest), span)
            rest.append(line)
    if within is None:
        return _with_box_beside(page, rest, box, height)
    index, span = within
    rest[index] = replace(
        rest[index], reading=_put(rest[index].reading, span, box.sign, _share(rest[index], box))
    )
    return rest


def _may_be_box(reading: Reading, box: CheckBox, alphabetic: bool) -> bool:
    """Whether what was read where nothing but a box is may be that box."""
    text = reading.text.strip()
    if (reading.score < _UNSURE and text not in _SQUARE_LETTERS) or _is_like_box(text, alphabetic):
        return True
    if box.sign == EMPTY:
        return set(text) <= _LIKE_EMPTY and reading.score < _LETTER
    return set(text) <= _LIKE_TICKED or (box.straight >= _PERFECT and set(text) <= _LIKE_EMPTY)


def _is_like_box(signs: str, alphabetic: bool) -> bool:
    """Whether signs are boxes, or what only a box can be on a page in an alphabet."""
    if set(signs) <= _BOXES:
        return True
    return alphabetic and all(sign in _BRACKETS or is_east_asian(sign) for sign in set(signs) - _BOXES)


def _span(line: _Line, box: CheckBox, alphabetic: bool) -> tuple[int, int] | None:
    """Which characters of a line are a box: no characters where it was left out; None if it is a letter."""
    reading, wide = line.reading, line.right - line.left
    text, places = reading.text, reading.places
    if line.crop.turned or len(places) != len(text):
        return None
    start = (box.left - line.left) / wide
    end = (box.right + _LATE * box.side - line.left) / wide
    inside = [index for index, place in enumerate(places) if start <= place <= end and text[index] != " "]
    if not inside:
        after = sum(place < start for place in places)
        room = (places[after : after + 1] or (2.0,))[0] - (places[after - 1] if after else -1.0)
        return (after, after) if alphabetic and room >= _ROOM * box.side / wide else None
    span = inside[0], inside[-1] + 1
    signs = text[slice(*span)]
    if _is_like_box(signs, alphabetic):
        return span
    stands_alone = text[: span[0]][-1:] in ("", " ") and text[span[1] :][:1] in ("", " ")
    like = _LIKE_EMPTY if box.sign == EMPTY else _LIKE_TICKED
    return span if alphabetic and stands_alone and set(signs) <= like else None


def _put(reading: Reading, span: tuple[int, int], sign: str, place: float) -> Reading:
    """A reading with a sign instead of some characters, and spaces around it."""
    before, behind = reading.text[: span[0]].rstrip(" "), reading.text[span[1] :].lstrip(" ")
    middle = f"{' ' if before else ''}{sign}{' ' if behind else ''}"
    places = (
        *reading.places[: len(before)],
        *[place] * len(middle),
        *reading.places[len(reading.places) - len(behind) :],
    )
    return replace(reading, text=before + middle + behind, places=places)


def _with_box_beside(page: Image, lines: list[_Line], box: CheckBox, height: float) -> list[_Line]:
    """A box that is in no line goes to the one beside it; it is a line where others are in its row, but away;
    and nothing else."""
    middle, far = (box.top + box.bottom) / 2, (float("inf"), -1)
    ahead, back, best = [far], [far], 0.0
    for index, line in enumerate(lines):
        if abs((line.top + line.bottom) / 2 - middle) > _LEVEL * height or line.crop.turned:
            continue
        best = max(best, line.reading.score)
        if line.left > box.left:
            ahead.append((max(0.0, line.left - box.right), index))
        else:
            back.append((max(0.0, box.left - line.right), index))
    right, left = min(ahead), min(back)
    gap, index = right if right[0] <= _TO_THE_RIGHT * left[0] else left
    if best < _READ_LINE:
        return lines
    if gap > _NEAR * height:
        return [*lines, _alone(page, box)]
    return [*lines[:index], _joined(page, lines[index], box), *lines[index + 1 :]]


def _joined(page: Image, line: _Line, box: CheckBox) -> _Line:
    """A line with a box before or behind it."""
    import numpy as np

    corners = line.crop.polygon.copy()
    along = (corners[1] - corners[0]) / max(1.0, float(np.linalg.norm(corners[1] - corners[0])))
    is_ahead = box.left < line.left
    if is_ahead:
        corners[[0, 3]] -= along * max(0.0, line.left - box.left)
    else:
        corners[[1, 2]] += along * max(0.0, box.right - line.right)
    crop = cut(page, corners)
    crop = replace(as_it_stands(crop), polygon=corners) if crop else replace(line.crop, polygon=corners)
    wider = _line(crop, line.reading)
    text = line.reading.text
    places = tuple(
        (line.left + place * (line.right - line.left) - wider.left) / (wider.right - wider.left)
        for place in line.reading.places
    )
    span = (0, 0) if is_ahead else (len(text), len(text))
    return replace(
        wider, reading=_put(replace(line.reading, places=places), span, box.sign, _share(wider, box))
    )


def _alone(page: Image, box: CheckBox) -> _Line:
    import numpy as np

    edges = [(box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)]
    corners = np.array(edges, np.float32)
    crop = cut(page, corners)
    assert crop is not None, "a box has pixels"
    return _line(replace(as_it_stands(crop), polygon=corners), Reading(box.sign, _SCORE, places=(0.5,)))


def _line(crop: Crop, reading: Reading) -> _Line:
    left, top = crop.polygon.min(axis=0).tolist()
    right, bottom = crop.polygon.max(axis=0).tolist()
    return _Line(crop, reading, left, top, right, bottom)


def _share(line: _Line, box: CheckBox) -> float:
    """Where the middle of a box is, in 0..1 of a line's width."""
    return ((box.left + box.right) / 2 - line.left) / (line.right - line.left)
