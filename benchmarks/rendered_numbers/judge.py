"""From readings to shares, paired tests and promises kept; pure functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.rendered_numbers.kinds import Item
from benchmarks.rendered_numbers.match import Read, errors, folded, is_exact

SIGNIFICANT = 0.05
PROMISES = (0.95, 0.98)
"""Scores from which on a line is meant to be right."""


@dataclass(frozen=True)
class Case:
    """One item of a sheet, and what each system read of it."""

    font: str
    x_height: int
    wear: str
    item: Item
    read: dict[str, Read]

    def right(self, system: str) -> bool:
        """Whether a system read it exactly."""
        return is_exact(self.item.text, self.read[system].text)

    def errors(self, system: str) -> int:
        """Characters that a system got wrong."""
        return errors(self.item.text, self.read[system].text)

    def told(self, system: str) -> str:
        """What a system read, with its score."""
        read = self.read[system]
        return f"{read.text!r} {'-' if read.score is None else f'{read.score:.3f}'}"

    @property
    def length(self) -> int:
        """Characters that are compared."""
        return len(folded(self.item.text))


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """The share, 1 of nothing."""
        return self.part / self.whole if self.whole else 1.0


@dataclass(frozen=True)
class Paired:
    """A system against another one on the same items: what only the other read, what only it read.

    `p`: of McNemar's exact test, to both sides; `held`: the same after Holm's correction.
    """

    dimension: str
    value: str
    system: str
    items: int
    lost: int
    won: int
    p: float
    held: float

    @property
    def is_worse(self) -> bool:
        """Whether it lost significantly."""
        return self.lost > self.won and self.held < SIGNIFICANT


@dataclass(frozen=True)
class Promise:
    """Characters in readings of at least a score: how many there are to read, how many are wrong."""

    least: float
    characters: int
    wrong: int
    items: int
    items_wrong: int

    @property
    def share(self) -> float:
        """Wrong characters over all of them."""
        return self.wrong / self.characters if self.characters else 0.0


DIMENSIONS: Mapping[str, Callable[[Case], str]] = {
    "font": lambda case: case.font,
    "size": lambda case: f"{case.x_height} px",
    "wear": lambda case: case.wear,
}
COMPARED: Mapping[str, Callable[[Case], str]] = {**DIMENSIONS, "kind": lambda case: case.item.kind}
"""What a paired test takes apart, each value by itself."""


def exact(cases: Iterable[Case], system: str) -> Share:
    """How many a system read exactly."""
    right = [case.right(system) for case in cases]
    return Share(sum(right), len(right))


def character_errors(cases: Iterable[Case], system: str) -> Share:
    """Character error rate: edit distances over the characters of the truth."""
    counts = [(case.errors(system), case.length) for case in cases]
    return Share(sum(wrong for wrong, _ in counts), sum(length for _, length in counts))


def split(cases: Iterable[Case], key: Callable[[Case], str]) -> dict[str, list[Case]]:
    """Cases by a property, in the order in which its values come."""
    found: dict[str, list[Case]] = {}
    for case in cases:
        found.setdefault(key(case), []).append(case)
    return found


def mcnemar(lost: int, won: int) -> float:
    """Two-sided p of McNemar's exact test: that of `lost` and `won` tosses of an even coin."""
    tosses, fewer = lost + won, min(lost, won)
    below = sum(math.comb(tosses, count) for count in range(fewer + 1))
    return float(min(1.0, 2 * below / 2**tosses))


def holm(values: Sequence[float]) -> list[float]:
    """Holm's correction of several p-values, each at its place."""
    corrected = [0.0] * len(values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=lambda place: values[place])):
        highest = max(highest, min(1.0, (len(values) - rank) * values[place]))
        corrected[place] = highest
    return corrected


def paired(cases: Sequence[Case], system: str, other: str) -> list[Paired]:
    """A system against another by font, size, wear and kind; corrected for the number of all these tests."""
    groups = [
        (dimension, value, group)
        for dimension, key in COMPARED.items()
        for value, group in split(cases, key).items()
    ]
    counts = [lost_and_won(group, system, other) for _, _, group in groups]
    plain = [mcnemar(lost, won) for lost, won in counts]
    return [
        Paired(dimension, value, system, len(group), lost, won, p, held)
        for (dimension, value, group), (lost, won), p, held in zip(
            groups, counts, plain, holm(plain), strict=True
        )
    ]


def lost_and_won(cases: Iterable[Case], system: str, other: str) -> tuple[int, int]:
    """Items that only the other read exactly, and those that only the system did."""
    pairs = [(case.right(system), case.right(other)) for case in cases]
    return pairs.count((False, True)), pairs.count((True, False))


def lost_share(cases: Iterable[Case], system: str, other: str) -> Share:
    """Of the items that the other reads exactly, those that the system does not."""
    kept = [case.right(system) for case in cases if case.right(other)]
    return Share(kept.count(False), len(kept))


def promise(cases: Iterable[Case], system: str, least: float) -> Promise:
    """What a score of at least `least` was worth."""
    sure = [case for case in cases if (case.read[system].score or 0.0) >= least]
    wrong = [case.errors(system) for case in sure]
    return Promise(
        least,
        sum(case.length for case in sure),
        sum(wrong),
        len(sure),
        sum(map(bool, wrong)),
    )
