"""What of a page's text was lost: rules over its lines that know no engine.

A line is seen as long ink: so many times as long as high, of which so much became no character. Lengths are
those of letters, without the white between them; half of it is about a letter of an alphabet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_SURE = 0.8
"""Score from which what a line says is certain, so that what it does not say is in no known script: in 162
rendered pages of 16 unknown languages half of such lines score more."""

_SKIPS = (0.15, 1.0)
"""Share of a line's length that was not read, and length, from which it is a line that the model skips. Lines
of known languages have up to 0.05, of gaps that are rules, arrows and logos."""

_SURE_PART = 0.1
"""Share of a page's length that is skipped for sure, from which a noticeable part is in an unknown script.
On 240 labelled pages in known ones it is 0.07 at most (signatures, rules); one foreign word on a page of 17
lines is 0.02."""

_PART, _OF_LINES = 0.15, 0.25
"""The same of lines that also score low, and share of the lines that are such: fine print that nobody reads
is in few long lines of a form."""

_LEAST, _PIECES = 5.0, 4
"""Skipped length of a page from which it counts, in pieces that stand apart: scribbles have less."""

_ALONE, _LEAST_ALONE = 0.5, 5.0
"""Where one line alone is skipped: its share of the page, and its length."""

_LOST_PART, _LOST = 0.15, 12.0
"""Share of a page's length that is lost, and length, from which a noticeable part of its text is: some two
dozen letters, half a line of print."""

_LIKE_TEXT = 3.0
"""Length from which a dropped line looks like text: logos, seals, punch holes and scribbles that detection
takes for text are up to 2.7 times as long as high."""

_WORDS, _WORDS_PART, _WORD = 3, 0.35, (1.5, 3)
"""Short lines that are lost, and share of the page's length, from which that is noticeable, too; length and
letters of one such: labels of a form, words in a photo."""

_NUMBER, _NO_WORD, _NUMBERS = 0.97, 0.9, 3
"""Score of so many numbers at least, and of as many words at most, where a page's numbers alone are read: on
none of 249 labelled pages in known scripts, but for one upside down."""

_SIGNS = 3
"""Signs without any letter from which a line that is not kept is no text."""

_EMPTY_LOST, _EMPTY_LONGEST = 6.0, 5.0
"""Where nothing of a page was kept: length that is lost, and that of the longest line. Grain of wood had
4.6."""


_ILLEGIBLE = 8
"""Height of a line's box in pixels, up to which it is too small: of rendered print in four fonts words have
an F1 of 0.15 to 0.83 in such boxes (0.9 where a scan was reduced), and of 0.8 to 1.0 in those of 10 pixels;
the scores of the lines are 0.8 to 0.97."""

_SMALL, _SMALL_PART = 30.0, 0.35
"""Length of such lines of a page, and share of its length that they are, from which that is noticeable: two
lines of print."""


@dataclass(frozen=True, slots=True)
class SeenLine:
    """One line that detection found. `length`: of its letters in heights of their ink, and `unread`: of those
    that became no character, which stand in so many `pieces`; `kept`: whether it is in the result; `rows`:
    height of its box in pixels of the page."""

    text: str
    score: float
    kept: bool
    length: float
    unread: float
    pieces: int
    rows: float

    @property
    def is_skipped(self) -> bool:
        """Whether a noticeable part of it was not read."""
        return self.unread >= max(_SKIPS[0] * self.length, _SKIPS[1])

    @property
    def lost(self) -> float:
        """How much of it is not in the result."""
        if self.kept:
            return self.unread
        return self.length if self.length >= _LIKE_TEXT and not self.has_signs_alone else 0.0

    @property
    def is_number(self) -> bool:
        """Whether it is digits and no letter."""
        return sum(map(str.isdigit, self.text)) >= _WORD[1] and not any(map(str.isalpha, self.text))

    @property
    def is_word(self) -> bool:
        """Whether it is letters more than digits, or something of the kind that is not in the result."""
        letters = sum(map(str.isalpha, self.text))
        if letters >= _WORD[1] and letters > sum(map(str.isdigit, self.text)):
            return True
        return not self.kept and self.length >= _WORD[0] and not self.is_number

    @property
    def is_lost_word(self) -> bool:
        """Whether it is as long as a word at least, has letters, and is not in the result."""
        letters = sum(map(str.isalnum, self.text))
        return not self.kept and self.length >= _WORD[0] and letters >= _WORD[1]

    @property
    def has_signs_alone(self) -> bool:
        """Whether what was read of it are arrows, stars and such."""
        signs = "".join(self.text.split())
        return len(signs) >= _SIGNS and not any(map(str.isalnum, signs))


def is_foreign(lines: Sequence[SeenLine]) -> bool:
    """Whether a noticeable part of a page is in a script that the model skips."""
    skipped = [line for line in lines if line.is_skipped]
    total, unread = sum(line.length for line in lines), sum(line.unread for line in skipped)
    if unread < _LEAST or sum(line.pieces for line in skipped) < _PIECES:
        return False
    if len(skipped) == 1 and unread < max(_ALONE * total, _LEAST_ALONE):
        return False
    sure = sum(line.unread for line in skipped if line.score >= _SURE or not line.text.strip())
    counted = sum(line.length >= 1.0 for line in lines)
    return sure >= _SURE_PART * total or (unread >= _PART * total and len(skipped) >= _OF_LINES * counted)


def has_numbers_alone(lines: Sequence[SeenLine]) -> bool:
    """Whether the numbers of a page are read for sure, and none of its words is: letters that are taken for
    those of another script, in print that is as good as that of the numbers."""
    numbers = sum(line.score >= _NUMBER for line in lines if line.is_number)
    words = [line.score for line in lines if line.is_word]
    return numbers >= _NUMBERS and len(words) >= _NUMBERS and max(words) < _NO_WORD


def sure_part(lines: Sequence[SeenLine]) -> float:
    """Part, 0..1, of what is skipped on a page that is so for sure."""
    unread = [
        (line.unread, line.score >= _SURE or not line.text.strip()) for line in lines if line.is_skipped
    ]
    return sum(length for length, sure in unread if sure) / max(1e-9, sum(length for length, _ in unread))


def is_unread(lines: Sequence[SeenLine]) -> bool:
    """Whether a noticeable part of a page's text is not in the result, or all of it."""
    lost, total = sum(line.lost for line in lines), sum(line.length for line in lines)
    if any(line.kept for line in lines):
        words = [line.length for line in lines if line.is_lost_word]
        many = len(words) >= _WORDS and sum(words) >= _WORDS_PART * total
        return many or lost >= max(_LOST, _LOST_PART * total)
    return lost >= _EMPTY_LOST and max(line.length for line in lines) >= _EMPTY_LONGEST


def is_too_small(lines: Sequence[SeenLine]) -> bool:
    """Whether a noticeable part of a page's text is too small to be read, whatever its scores say."""
    small = sum(line.length for line in lines if line.rows <= _ILLEGIBLE)
    return small >= max(_SMALL, _SMALL_PART * sum(line.length for line in lines))
