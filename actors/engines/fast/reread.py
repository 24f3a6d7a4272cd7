"""Lines and parts of lines that are read again, wider, where the look before may be wrong.

A line that is doubtful as a whole is read again as it is. Of any other only the doubtful parts are: numbers
above all, which nothing beside them can confirm. A number that stays doubtful is read once more, wider still.
What two looks agree on counts. Where none agree, the line scores no higher than its least certain part.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from actors.engines.fast.ctc import Reading
from actors.engines.fast.doubt import (
    DoubtRule,
    Part,
    certainty,
    doubtful,
    from_digit_to_digit,
    has_digits,
    is_known,
    tokens,
)
from actors.engines.fast.parts import PartPicture, cut_part, put_back, trimmed, whole_line

if TYPE_CHECKING:
    from actors.contracts import Image

    Look = Callable[[Sequence[Image], float], list[Reading]]
    """Reads pictures at a width, of what their height asks for."""

_MOST = 0.7
"""Share of a line's characters from which it is read again as a whole: its parts would be no cheaper."""

_SAME_SIGN = str.maketrans("–—−“”″’‘′", "---\"\"\"'''")
"""Dashes and quotation marks: which of its kind one is shows in a whole line, not in a part."""

_TRUST = 0.05
"""How much lower an unsqueezed reading of a line may score and still count instead of the squeezed one."""


@dataclass(frozen=True, slots=True)
class Widths:
    """How wide the looks are, of what a line's height asks for: at whole `lines`, at `words`, and at
    `numbers`, one after the other."""

    lines: float
    words: float
    numbers: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Question:
    """A part of a line that is read again. `score`: of the line before its words, or its numbers, were;
    `looks`: what the looks at it said so far; `columns`: of the line's picture, in which the part stands.
    They stay the same: what a look lost would not be in a picture that is cut by what it read."""

    line: int
    part: Part
    score: float
    looks: tuple[Reading, ...] = ()
    columns: tuple[int, int] | None = None

    def is_number(self, readings: Sequence[Reading]) -> bool:
        """Whether the part has digits."""
        return has_digits(readings[self.line].text[self.part.first : self.part.last])


def look_again(
    lines: Sequence[Image],
    readings: Sequence[Reading],
    whole: Sequence[int],
    rule: DoubtRule,
    widths: Widths,
    look: Look,
) -> list[Reading]:
    """Readings of lines (H×W×3 uint8), some of them made anew. `whole`: indexes of the lines that are read
    again as a whole, before their parts are doubted."""
    current = _lines_again(lines, readings, whole, widths.lines, look)
    words = [one for one in _questions(readings, current, set(whole), rule) if not one.is_number(current)]
    _asked(lines, current, words, rule, widths.words, look)
    numbers = [one for one in _questions(readings, current, set(whole), rule) if one.is_number(current)]
    for width in widths.numbers:
        numbers = _asked(lines, current, numbers, rule, width, look)
    for one in numbers:
        reading = current[one.line]
        sure = certainty(reading, from_digit_to_digit(reading.text, one.part))
        current[one.line] = replace(reading, bound=min(reading.bound, sure))
    return current


def _lines_again(
    lines: Sequence[Image], readings: Sequence[Reading], whole: Sequence[int], width: float, look: Look
) -> list[Reading]:
    current = list(readings)
    pictures = [whole_line(lines[index], width) for index in whole]
    answers = look([picture.image for picture in pictures], width)
    for index, picture, answer in zip(whole, pictures, answers, strict=True):
        # What a look says far less surely is not better for its width.
        if answer.score >= current[index].score - _TRUST:
            current[index] = picture.in_line(answer, lines[index].shape[1])
    return current


def _questions(
    before: Sequence[Reading], current: Sequence[Reading], whole: set[int], rule: DoubtRule
) -> Iterator[_Question]:
    """Which parts are doubtful. Of a line that was read again only numbers are that it did not have."""
    for index, reading in enumerate(current):
        parts = doubtful(reading, rule)
        if index in whole:
            known = _words(before[index].text) if reading is not before[index] else set()
            parts = [part for part in parts if _is_new_number(reading.text[part.first : part.last], known)]
        elif sum(part.last - part.first for part in parts) > _MOST * len(reading.text):
            parts = [Part(0, len(reading.text))]
        yield from (_Question(index, part, reading.score) for part in parts)


def _is_new_number(said: str, known: set[str]) -> bool:
    return has_digits(said) and not _words(said) <= known


def _asked(
    lines: Sequence[Image],
    current: list[Reading],
    questions: Sequence[_Question],
    rule: DoubtRule,
    width: float,
    look: Look,
) -> list[_Question]:
    """Put the answers into `current`, and give the questions that they leave open."""
    pictures = [
        cut_part(lines[one.line], current[one.line], one.part, width, one.columns) for one in questions
    ]
    answers = look([picture.image for picture in pictures], width)
    left: list[_Question] = []
    together = zip(questions, pictures, answers, strict=True)
    for index, group in groupby(together, key=lambda one: one[0].line):
        current[index], still = _answered(lines[index], current[index], list(group), rule)
        left += still
    return left


def _answered(
    line: Image,
    reading: Reading,
    answers: Sequence[tuple[_Question, PartPicture, Reading]],
    rule: DoubtRule,
) -> tuple[Reading, list[_Question]]:
    """A line's reading after a look at parts of it, and what is still open."""
    left: list[_Question] = []
    moved = 0  # characters by which the parts so far have grown
    for question, picture, answer in answers:
        part = Part(question.part.first + moved, question.part.last + moved)
        now = _of_part(reading, part)
        looks = (*(question.looks or (now,)), trimmed(answer))
        chosen = _chosen(now, looks)
        if chosen is not now:
            reading = put_back(reading, part, chosen, picture, line.shape[1], question.score)
        moved += len(chosen.text) - (part.last - part.first)
        if has_digits(chosen.text) and not _is_settled(chosen, looks, rule):
            part = Part(part.first, part.first + len(chosen.text))
            columns = picture.left, picture.right
            left.append(_Question(question.line, part, question.score, looks, columns))
    return reading, left


def _words(text: str) -> set[str]:
    return {text[part.first : part.last] for part in tokens(text)}


def _of_part(reading: Reading, part: Part) -> Reading:
    """A part of a line's reading as one of its own."""
    scores = reading.scores[part.first : part.last]
    return Reading(
        reading.text[part.first : part.last],
        sum(scores) / max(1, len(scores)),
        places=reading.places[part.first : part.last],
        scores=scores,
        gaps=reading.gaps[part.first : part.last + 1],
    )


def _chosen(now: Reading, looks: Sequence[Reading]) -> Reading:
    """Which reading of a part counts: of a number the last look's, which is the widest, unless it says
    nothing, or nothing new, or is the third and agrees with neither of the two before: then the most certain,
    as of a word. `now`: the one that counted."""
    answer = looks[-1]
    if not answer.text.strip() or not is_known(answer):
        return now
    if answer.text != now.text and _is_same(now.text, answer.text):
        return now
    if answer.text != looks[0].text and _is_cut_off(now.text, answer.text):
        return now
    if not has_digits(now.text + answer.text):
        return max(answer, now, key=_certainty)
    if len(looks) > 2 and answer.text not in {one.text for one in looks[:-1]}:
        return max((one for one in looks if one.text.strip()), key=_certainty)
    return answer


def _is_settled(chosen: Reading, looks: Sequence[Reading], rule: DoubtRule) -> bool:
    """Whether two looks say the same, or the one that counts is certain."""
    same = (_is_same(chosen.text, one.text) for one in looks)
    return sum(same) > 1 or not doubtful(chosen, rule)


def _is_same(text: str, other: str) -> bool:
    """Whether another text says no more than a text does, but for what is only seen in a whole line."""
    return text.translate(_SAME_SIGN) == other.translate(_SAME_SIGN) or _is_wider_form(text, other)


def _is_cut_off(text: str, other: str) -> bool:
    """Whether another text is the first or last part of a text: its picture was cut through the rest, where
    the gaps of handwriting are wider within a number than beside it. Of equal ones one may be too many."""
    said = other.strip()
    if len(said) >= len(text):
        return False
    return (text.startswith(said) and text[len(said) :].strip(said[-1]) != "") or (
        text.endswith(said) and text[: -len(said)].strip(said[0]) != ""
    )


def _is_wider_form(text: str, other: str) -> bool:
    """Whether a text is another one with signs of full width: a part by itself does not show that its line is
    Chinese, and its signs are read as narrow ones with a space."""
    plain = unicodedata.normalize("NFKC", text)
    return plain != text and _without_spaces(plain) == _without_spaces(unicodedata.normalize("NFKC", other))


def _without_spaces(text: str) -> str:
    return "".join(text.split())


def _certainty(reading: Reading) -> float:
    return certainty(reading, Part(0, len(reading.text)))
