"""Readings as the model gives them, made from texts: each character at its place, and as certain as told; and
who reads always the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actors.contracts import Image
from actors.engines.fast.ctc import Reading


def reading_of(text: str, *, unsure: Mapping[int, float] | None = None, score: float = 1.0) -> Reading:
    """A reading whose characters are spread evenly over the line. `unsure`: of gaps, by the index of the
    character behind them, how certain they are."""
    gaps = [1.0] * (len(text) + 1)
    for index, value in (unsure or {}).items():
        gaps[index] = value
    count = len(text)
    places = tuple((index + 0.5) / max(1, count) for index in range(count))
    return Reading(text, score, (), places, (score,) * count, tuple(gaps))


class Reader:
    """Reads a text with a score in every picture, and keeps these."""

    def __init__(self, text: str, score: float = 1.0) -> None:
        self.reading = Reading(text, score)
        self.seen: list[Image] = []

    def __call__(self, lines: Sequence[Image]) -> list[Reading]:
        self.seen += lines
        return [self.reading for _ in lines]
