"""How well two readings agree, and how right one is: over characters, words and lines."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.engines.fast.overlap import same_boxes
from actors.rows import page_text

if TYPE_CHECKING:
    from actors.contracts import PageResult


@dataclass(frozen=True, slots=True)
class Agreement:
    """A reading against another one of the same pages, whatever the order of their lines.

    `cer`: characters to change, over the characters of the other reading; a line that has no counterpart is
    wrong as a whole. `found`: share of the other's lines that have one; `equal`: with the same text.
    """

    cer: float
    found: float
    equal: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A reading against the truth: F1 of its words, whatever their order, and character error rate of each
    page's text as it stands. Over so many pages."""

    word_f1: float
    cer: float
    pages: int


def agreement(ours: Sequence[PageResult], theirs: Sequence[PageResult]) -> Agreement:
    """How `ours` agrees with `theirs`, page by page."""
    from rapidfuzz.distance import Levenshtein

    wrong = characters = lines = found = equal = 0
    for our, their in zip(ours, theirs, strict=True):
        pairs = same_boxes([line.polygon for line in their.lines], [line.polygon for line in our.lines])
        texts = [(their.lines[i].text, our.lines[j].text) for i, j in pairs]
        alone = sum(len(line.text) for line in (*their.lines, *our.lines))
        alone -= sum(len(one) + len(other) for one, other in texts)
        wrong += alone + sum(Levenshtein.distance(one, other) for one, other in texts)
        characters += sum(len(line.text) for line in their.lines)
        lines += len(their.lines)
        found += len(pairs)
        equal += sum(one == other for one, other in texts)
    return Agreement(wrong / max(1, characters), found / max(1, lines), equal / max(1, lines))


def accuracy(read: Sequence[PageResult], truths: Sequence[str | None]) -> Accuracy | None:
    """How right a reading is on the pages whose text is known; None if there is none."""
    from rapidfuzz.distance import Levenshtein

    known = [
        (page_text(page.lines), truth) for page, truth in zip(read, truths, strict=True) if truth is not None
    ]
    if not known:
        return None
    both = said = asked = wrong = characters = 0
    for text, truth in known:
        ours, theirs = Counter(words(text)), Counter(words(truth))
        both += (ours & theirs).total()
        said += ours.total()
        asked += theirs.total()
        wrong += Levenshtein.distance(_plain(text), _plain(truth))
        characters += len(_plain(truth))
    return Accuracy(2 * both / max(1, said + asked), wrong / max(1, characters), len(known))


def words(text: str) -> list[str]:
    """Maximal runs of letters, marks and digits, without regard to case or to forms of a character."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(one if unicodedata.category(one)[0] in "LMN" else " " for one in folded).split()


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())
