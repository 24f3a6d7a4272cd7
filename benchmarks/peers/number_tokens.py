"""Exact numbers of a page: tokens with three digits and more, as a multiset; pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

LEAST_DIGITS = 3
_OTHER = re.compile(r"[^0-9.,]")


@dataclass(frozen=True)
class NumberScore:
    """How many numbers the labels have, how many were read, and how many of them are the same ones."""

    labelled: int
    read: int
    hits: int

    @property
    def precision(self) -> float:
        """Of the numbers that were read, those that are there; 1 where none was read."""
        return self.hits / self.read if self.read else 1.0

    @property
    def recall(self) -> float:
        """Of the numbers that are there, those that were read; 1 where there is none."""
        return self.hits / self.labelled if self.labelled else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.labelled + self.read
        return 2 * self.hits / both if both else 1.0


def number_tokens(text: str) -> Counter[str]:
    """The tokens between white space that hold three digits or more, without all but digits, dot and comma.

    After NFKC, so that digits of full width count as digits.
    """
    stripped = (_OTHER.sub("", token) for token in unicodedata.normalize("NFKC", text).split())
    return Counter(token for token in stripped if sum(map(str.isdigit, token)) >= LEAST_DIGITS)


def score_numbers(pages: Iterable[tuple[str, str]]) -> NumberScore:
    """Texts of pages, each as labelled and as read: hits are counted page by page, and added up."""
    labelled = read = hits = 0
    for truth, found in pages:
        wanted, got = number_tokens(truth), number_tokens(found)
        labelled += wanted.total()
        read += got.total()
        hits += (wanted & got).total()
    return NumberScore(labelled, read, hits)
