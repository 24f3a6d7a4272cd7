"""Which lines of a page are kept, and the scores of those that are not."""

from __future__ import annotations

from collections.abc import Sequence

from actors.engines.fast.ctc import Reading
from actors.engines.fast.lone_characters import is_kept
from actors.engines.fast.scores import ScoreRule


def kept_lines(readings: Sequence[Reading], rule: ScoreRule, *, lone: bool) -> list[bool]:
    """For each line of a page whether it is in the result: one of which nothing was read never is. `lone`:
    whether single characters that score low because another has their shape are kept, too."""
    bound = rule.bound([reading.score for reading in readings])
    # Where no line of a page is sure, a single character is a stain.
    lone = lone and any(reading.score >= bound and reading.text.strip() for reading in readings)
    return [
        bool(reading.text.strip()) and (reading.score >= bound or (lone and is_kept(reading)))
        for reading in readings
    ]


def dropped_scores(readings: Sequence[Reading], kept: Sequence[bool]) -> tuple[float, ...]:
    """See PageResult. Where nothing but spaces was read, nothing was."""
    return tuple(
        reading.score if reading.text.strip() else 0.0
        for reading, is_in in zip(readings, kept, strict=True)
        if not is_in
    )
