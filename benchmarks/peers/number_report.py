"""Exact numbers of our variants beside the best of the others; pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from benchmarks.peers.tables import table, yes_or_no

if TYPE_CHECKING:
    from benchmarks.peers.report import Row

NUMBERS_NOISE = 0.001
"""How much lower the F1 of exact numbers may be without counting as lower."""


@dataclass(frozen=True)
class NumbersBeside:
    """Exact numbers (F1) of a variant of ours on one set, beside the best of stock and the peers."""

    mode: str
    set: str
    variant: str
    labelled: int
    f1: float
    best: str
    best_f1: float

    @property
    def no_lower(self) -> bool:
        """Whether it reads the numbers as well, but for noise."""
        return self.f1 >= self.best_f1 - NUMBERS_NOISE


def numbers_beside(rows: Sequence[Row]) -> list[NumbersBeside]:
    """Each variant of ours against whoever reads a set's numbers best, whatever its weights."""
    found = []
    for row in rows:
        others = [
            (other.numbers.f1, other.system)
            for other in rows
            if (other.mode, other.set) == (row.mode, row.set) and not other.ours and other.numbers
        ]
        if row.ours and row.numbers and others:
            best_f1, best = max(others)
            labelled, f1 = row.numbers.labelled, row.numbers.f1
            found.append(NumbersBeside(row.mode, row.set, row.system, labelled, f1, best, best_f1))
    return found


def numbers_tree(row: Row) -> dict[str, float] | None:
    """A row's exact numbers as they are written: counts and shares."""
    found = row.numbers
    if found is None:
        return None
    return asdict(found) | {"f1": found.f1, "precision": found.precision, "recall": found.recall}


def number_table(found: Sequence[NumbersBeside]) -> str:
    """The table, with a heading."""
    header = ("mode", "variant", "set", "best other", "labelled", "numbers F1", "the other's", "no lower")
    cells = [
        (
            one.mode,
            one.variant,
            one.set,
            one.best,
            str(one.labelled),
            f"{one.f1:.4f}",
            f"{one.best_f1:.4f}",
            yes_or_no(one.no_lower),
        )
        for one in found
    ]
    lines = [
        "## Exact numbers",
        "",
        "Tokens with three digits or more, without all but digits, dot and comma: F1 of their multisets, "
        f"page by page. No lower: by {NUMBERS_NOISE:g} at most.",
        "",
        table(header, cells, text_columns=4),
    ]
    return "\n".join(lines)
