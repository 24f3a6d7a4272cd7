"""Lines and parts of lines that are read again, wider, where the look before may be wrong.

A line that is doubtful as a whole is read again as it is. Of any other only the doubtful parts are: numbers
above all, which nothing beside them can confirm. A number that stays doubtful is read once more, wider still.
What two looks agree on counts. Where none agree, the line scores no higher than its least certain part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from actors.engines.fast.ctc import Reading
from actors.engines.fast.doubt import DoubtRule, Part, certainty, doubtful, has_digits, is_known
from actors.engines.fast.parts import PartPicture, cut_part, put_back, trimmed

if TYPE_CHECKING:
    from actors.contracts import Image

    Look = Callable[[Sequence[Image], float], list[Reading]]
    """Reads pictures at a width, of what their height asks for."""

_MOST = 0.7
"""Share of a line's characters from which it is read again as a whole: its parts would be no cheaper."""

_TRUST = 0.05
"""How much lower an unsqueezed reading of a line may score and still count instead of the squeezed one."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What is read again: a line, or a part of it. `looks`: what the looks at the part said so far."""

    line: int
    part: Part | None = None
    looks: tuple[Reading, ...] = ()


def look_again(
    lines: Sequence[Image],
    readings: Sequence[Reading],
    whole: Sequence[int],
    rule: DoubtRule,
    widths: Sequence[float],
    look: Look,
) -> list[Reading]:
    """Readings of lines (H×W×3 uint8), some of them made anew. `whole`: indexes of the lines that are read
    again as a whole; `widths`: of the looks, one after the other, of what a line's height asks for."""
    current = list(readings)
    questions = list(_questions(current, set(whole), rule))
    for width in widths:
        questions = _asked(lines, current, questions, rule, width, look)
    for one in questions:
        if one.part is not None:
            sure = min(current[one.line].bound, certainty(current[one.line], one.part))
            current[one.line] = replace(current[one.line], bound=sure)
    return current


def _questions(readings: Sequence[Reading], whole: set[int], rule: DoubtRule) -> Iterator[_Question]:
    for index, reading in enumerate(readings):
        parts = [] if index in whole else doubtful(reading, rule)
        letters = sum(part.last - part.first for part in parts)
        if index in whole or letters > _MOST * len(reading.text):
            yield _Question(index)
        else:
            yield from (_Question(index, part) for part in parts)


def _asked(
    lines: Sequence[Image],
    current: list[Reading],
    questions: Sequence[_Question],
    rule: DoubtRule,
    width: float,
    look: Look,
) -> list[_Question]:
    """Put the answers into `current`, and give the questions that they leave open."""
    pictures = [_picture(lines[one.line], current[one.line], one.part) for one in questions]
    answers = look([picture.image for picture in pictures], width)
    left: list[_Question] = []
    together = zip(questions, pictures, answers, strict=True)
    for index, group in groupby(together, key=lambda one: one[0].line):
        current[index], still = _answered(lines[index], current[index], list(group), rule)
        left += still
    return left


def _picture(line: Image, reading: Reading, part: Part | None) -> PartPicture:
    return PartPicture(line, 0, line.shape[1]) if part is None else cut_part(line, reading, part)


def _answered(
    line: Image,
    reading: Reading,
    answers: Sequence[tuple[_Question, PartPicture, Reading]],
    rule: DoubtRule,
) -> tuple[Reading, list[_Question]]:
    """A line's reading after a look at it or at its parts, and what is still open."""
    left: list[_Question] = []
    moved = 0  # characters by which the parts so far have grown
    for question, picture, answer in answers:
        if question.part is None:
            return _whole(question, reading, answer, rule)
        part = Part(question.part.first + moved, question.part.last + moved)
        now = _of_part(reading, part)
        looks = (*(question.looks or (now,)), trimmed(answer))
        chosen = _chosen(now, looks)
        if chosen is not now:
            reading = put_back(reading, part, chosen, picture, line.shape[1])
        moved += len(chosen.text) - (part.last - part.first)
        if has_digits(chosen.text) and not _is_settled(chosen, looks, rule):
            part = Part(part.first, part.first + len(chosen.text))
            left.append(_Question(question.line, part, looks))
    return reading, left


def _whole(
    question: _Question, reading: Reading, answer: Reading, rule: DoubtRule
) -> tuple[Reading, list[_Question]]:
    """The wider reading of a line counts unless it scores much lower. Numbers that are still doubtful, and
    were not read the same before, stay open."""
    if answer.score < reading.score - _TRUST:
        return reading, []
    open_parts = [
        part
        for part in doubtful(answer, rule)
        if has_digits(said := answer.text[part.first : part.last]) and said not in reading.text
    ]
    return answer, [_Question(question.line, part) for part in open_parts]


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
    """Which reading of a part counts: the last look's, which is the widest, unless it says nothing, or is the
    third and agrees with neither of the two before: then the most certain. `now`: the one that counted."""
    answer = looks[-1]
    if not answer.text or not is_known(answer):
        return now
    if len(looks) > 2 and answer.text not in {one.text for one in looks[:-1]}:
        return max((one for one in looks if one.text), key=_certainty)
    return answer


def _is_settled(chosen: Reading, looks: Sequence[Reading], rule: DoubtRule) -> bool:
    """Whether two looks say the same, or the one that counts is certain."""
    return sum(one.text == chosen.text for one in looks) > 1 or not doubtful(chosen, rule)


def _certainty(reading: Reading) -> float:
    return certainty(reading, Part(0, len(reading.text)))
