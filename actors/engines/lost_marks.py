"""Languages of which a model knows the letters, but not with their marks: it skips these, and is sure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

_TWO_MARKS = "ếạộứễ"
"""Letters of Vietnamese that no other language has: a model that knows these knows all."""

_ACCENTS = "άέίόύή"
"""The same of Greek, which has an accent in nearly every word."""

_HORNED = frozenset("ơưƠƯ")
_BARRED = frozenset("đĐ")
"""Letters that Vietnamese alone has among the languages of today, and one that it shares with Croatian."""

_WORD = re.compile(r"[^\W\d_]+")
_GREEK = re.compile("[\u0370-\u03ff]{3,}")
"""What is a word of Greek and no sign of a formula."""

_KEPT_CONSONANTS = frozenset("bcdđghklmnpqstvx")
"""Letters of words whose only vowel was skipped: `Hp`, `th`, `sng`. Those with an r are none: Croatian has
`krv` and `prst`."""

_MARKED, _BARE = 2, 3
_PART, _PART_OF_FEW = 0.05, 0.2
"""Words with such letters, and those without vowels, from which a page is Vietnamese; and share of all words
that both are: the first for a noticeable part of a page, the second where there is but one of each."""

_LEAST_GREEK = 2
_GREEK_PART = 0.1
"""Words of Greek, and their share of all, from which a noticeable part of a page is."""


@dataclass(frozen=True, slots=True)
class KnownMarks:
    """Whether a model knows the letters of Vietnamese with two marks, and those of Greek with an accent."""

    vietnamese: bool
    greek: bool


def marks_of(characters: Collection[str]) -> KnownMarks:
    """What a model with these characters knows."""
    known = set(characters)
    return KnownMarks(known.issuperset(_TWO_MARKS), known.issuperset(_ACCENTS))


def loses_marks(texts: Iterable[str], known: KnownMarks) -> bool:
    """Whether the lines of a page, as a model reads them, are in such a language, or a noticeable part is."""
    words = [word for text in texts for word in _WORD.findall(text)]
    return (not known.vietnamese and _is_vietnamese(words)) or (not known.greek and _is_greek(words))


def _is_vietnamese(words: list[str]) -> bool:
    horned = sum(not _HORNED.isdisjoint(word) for word in words)
    barred = sum(not _BARRED.isdisjoint(word) for word in words)
    bare = sum(_is_bare(word) for word in words)
    found = horned + barred + bare
    if horned >= _MARKED or (horned + barred >= _MARKED and bare >= _BARE):
        return found >= _PART * len(words)
    if horned and bare >= _BARE:
        return found >= 2 * _PART * len(words)
    return horned > 0 and bare > 0 and found >= _PART_OF_FEW * len(words)


def _is_bare(word: str) -> bool:
    """Whether a word has no vowel, and is no abbreviation."""
    return len(word) > 1 and not word.isupper() and _KEPT_CONSONANTS.issuperset(word.lower())


def _is_greek(words: list[str]) -> bool:
    found = sum(_GREEK.search(word) is not None for word in words)
    return found >= max(_LEAST_GREEK, _GREEK_PART * len(words))
