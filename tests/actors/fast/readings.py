"""Readings as the model gives them, made from texts: each character at its place, and as certain as told."""

from __future__ import annotations

from collections.abc import Mapping

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
