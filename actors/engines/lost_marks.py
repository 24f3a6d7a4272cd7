"""Whether a page is in Vietnamese, and its letters with two marks are lost: most models skip them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_TWO_MARKS = "ếạộứễ"
"""Letters of Vietnamese that no other language has: a model that knows these knows all."""

_HORNED = frozenset("ơưƠƯ")
_BARRED = frozenset("đĐ")
"""Letters that Vietnamese alone has among the languages of today, and one that it shares with Croatian."""

_WORD = re.compile(r"[^\W\d_]+")
_KEPT_CONSONANTS = frozenset("bcdđghklmnpqstvx")
"""Letters of words whose only vowel was skipped: `Hp`, `th`, `sng`. Those with an r are none: Croatian has
`krv` and `prst`."""

_LEAST_WORDS, _LEAST_BARE = 2, 3
_PART = 0.1
"""Words of a page that are Vietnamese, and share of all words that they are, from which a part of it is."""


def knows_two_marks(characters: Collection[str]) -> bool:
    """Whether a model with these characters reads Vietnamese."""
    known = set(characters)
    return all(letter in known for letter in _TWO_MARKS)


def lacks_two_marks(texts: Iterable[str]) -> bool:
    """Whether the lines of a page, as a model without the letters reads them, are Vietnamese in part."""
    words = [word for text in texts for word in _WORD.findall(text)]
    horned = sum(not _HORNED.isdisjoint(word) for word in words)
    barred = sum(not _BARRED.isdisjoint(word) for word in words)
    bare = sum(_is_bare(word) for word in words)
    found = horned + barred + (bare if horned or barred else 0)
    if found < max(_LEAST_WORDS, _PART * len(words)):
        return False
    return horned >= _LEAST_WORDS or (barred >= _LEAST_WORDS and bare >= _LEAST_BARE)


def _is_bare(word: str) -> bool:
    """Whether a word has no vowel, and is no abbreviation."""
    return len(word) > 1 and not word.isupper() and _KEPT_CONSONANTS.issuperset(word.lower())
