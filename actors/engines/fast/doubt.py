"""Which parts of a line may have lost a character, judged by the reading itself.

A squeezed line gives each character fewer steps of the model. Two equal neighbors need a blank step between
them, and a point needs one of its own: where there is none they are lost, and the mean score of the line
hardly shows it. What shows it is the probability of each single step, the blank ones included: of 571 numbers
that lost a character at 0.7 of their width, 563 have a product below 0.7.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from actors.engines.fast.ctc import Reading

_TOKEN = re.compile(
    r"[^\s\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f]+"
    r"|[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f]+"
)
"""What stands between spaces, parted where Chinese or Japanese, which knows none, begins or ends."""

_EAST_ASIAN = re.compile(r"[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f]")

_DIGIT = re.compile(r"\d")

_LIKE_PERCENT = re.compile(r"\d ?[Xx]$")
"""What a percent sign of few dots at the end of a line is read as, without any doubt."""

_OF_NUMBER, _OF_WORD = 0.3, 0.2
"""Exponents of the gaps in the certainty of numbers and words. Steps between characters are unsure in worn
print, too, where nothing was lost. Where a fifth of the numbers of real pages are doubted, 25 of 221 numbers
of rendered sheets that a second look corrects are not with an exponent of 1, 16 with 0.3, 22 with 0; where a
twentieth of the words are, 9 of 57 such words with 1, one with 0.2."""

_THIN, _TWO = frozenset("ilt"), 0.65
"""Letters that are lost beside an equal one, and how sure the gap behind them is when they are. It is in
0.8 % of the words of real pages that are not doubted as a whole."""

_GAP = 2.2
"""Distance between neighbors of a number, in its own typical ones, from which a character may be missing
between them. Characters are one to three steps of the model apart: less says nothing."""


@dataclass(frozen=True, slots=True)
class DoubtRule:
    """Probability, 0..1, that all of a part is right, below which it is read again: `number` of one that has
    digits, which no word around it can confirm, and `word` of any other."""

    number: float
    word: float


NO_DOUBT = DoubtRule(number=0.0, word=0.0)
"""Nothing is read again."""


@dataclass(frozen=True, slots=True)
class Part:
    """Characters of a line's text, from `first` to before `last`, that are read again together."""

    first: int
    last: int


def certainty(reading: Reading, part: Part) -> float:
    """How sure it is, 0..1, that a part says all that stands there: the product of its characters' scores,
    and of the gaps in it and beside it, which count less (see _OF_NUMBER)."""
    weight = _OF_NUMBER if has_digits(reading.text[part.first : part.last]) else _OF_WORD
    gaps = math.prod(reading.gaps[part.first : part.last + 1])
    return math.prod(reading.scores[part.first : part.last]) * math.pow(gaps, weight)


def _has_gap(reading: Reading, part: Part) -> bool:
    """Whether two neighbors of a number are much farther apart than others of it: a sign that the model does
    not see, as the apostrophe of `20'000`, leaves its place empty, and no step of it unsure."""
    places = reading.places[part.first : part.last]
    steps = sorted(after - before for before, after in pairwise(places))
    return len(steps) > 1 and steps[-1] > _GAP * steps[len(steps) // 2]


def has_digits(text: str) -> bool:
    """Whether a digit of any script is in a text."""
    return _DIGIT.search(text) is not None


def from_digit_to_digit(text: str, part: Part) -> Part:
    """A part of a text that has digits without the signs and letters at its ends: what is unsure of a row of
    leader dots before a number, or of a bracket behind it, is not unsure of the number."""
    places = [match.start() for match in _DIGIT.finditer(text, part.first, part.last)]
    return Part(places[0], places[-1] + 1) if places else part


def is_known(reading: Reading) -> bool:
    """Whether it is known where each character stands: not where one of the model's is several code points
    long."""
    return len(reading.gaps) == len(reading.text) + 1 and len(reading.places) == len(reading.text)


def doubtful(reading: Reading, rule: DoubtRule) -> list[Part]:
    """The parts of a line that are to be read again, from left to right; neighbors are one part."""
    if not is_known(reading):
        return []
    found: list[Part] = []
    before: Part | None = None
    for part in tokens(reading.text):
        if _is_doubtful(reading, part, rule):
            if before is not None and found and found[-1].last == before.last:
                found[-1] = Part(found[-1].first, part.last)
            else:
                found.append(part)
        before = part
    if rule.number and before is not None and _LIKE_PERCENT.search(reading.text):
        found = [*(part for part in found if part.last < before.first), _with_number(reading, before)]
    return found


def _is_doubtful(reading: Reading, part: Part, rule: DoubtRule) -> bool:
    sure, text = certainty(reading, part), reading.text[part.first : part.last]
    if has_digits(text):
        return sure < rule.number or (rule.number > 0 and _has_gap(reading, part))
    if sure < math.pow(rule.word, _words_in(text)) and not _is_one_letter(text):
        return True
    return rule.word > 0 and _may_be_two(reading, part)


def _may_be_two(reading: Reading, part: Part) -> bool:
    """Whether a thin letter of a word may be two equal ones that became one: the steps of the second are in
    the gap behind it."""
    if _is_one_letter(reading.text[part.first : part.last]):
        return False
    inside = range(part.first, part.last)
    return any(reading.text[index] in _THIN and reading.gaps[index + 1] < _TWO for index in inside)


def _is_one_letter(text: str) -> bool:
    """Whether a part is a letter of an alphabet, with signs or without: by itself the `I` between quotation
    marks is read as any stroke, and the `C` of a temperature runs together with its degree."""
    return sum(map(str.isalnum, text)) == 1 and not _EAST_ASIAN.search(text)


def _words_in(text: str) -> float:
    """How many words a part is: one between spaces; of Chinese and Japanese, two characters are about one."""
    return max(1.0, len(text) / 2) if _EAST_ASIAN.match(text) else 1.0


def _with_number(reading: Reading, last: Part) -> Part:
    """The last part of a line; with the number before it, where it is a sign alone."""
    if last.last - last.first > 1:
        return last
    *_, number, _ = tokens(reading.text)
    return Part(number.first, last.last)


def tokens(text: str) -> Iterator[Part]:
    """The words and numbers of a text; without the spaces between them, and what is nothing but signs: a
    dash or a row of dots is read worse by itself than in its line."""
    for match in _TOKEN.finditer(text):
        if any(map(str.isalnum, match[0])):
            yield Part(*match.span())
