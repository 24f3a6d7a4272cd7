"""Which lines are kept, and what is told of the others."""

from __future__ import annotations

from actors.engines.fast.ctc import Reading
from actors.engines.fast.keeping import dropped_scores, kept_lines
from actors.engines.fast.scores import ScoreRule

RULE = ScoreRule(0.75)
READINGS = [
    Reading("total", 0.9),
    Reading("blurred", 0.5),
    Reading("", 0.0),
    Reading("  ", 0.98),
    Reading("1", 0.5),
]


def test_lines_that_score_enough_are_kept() -> None:
    assert kept_lines(READINGS, RULE, lone=False) == [True, False, False, False, False]


def test_a_single_stroke_is_kept_beside_lines_that_are_sure() -> None:
    assert kept_lines(READINGS, RULE, lone=True)[-1]
    assert not kept_lines(READINGS[1:], RULE, lone=True)[-1]


def test_what_was_not_read_is_never_kept() -> None:
    assert kept_lines(READINGS, ScoreRule(0.0), lone=False) == [True, True, False, False, True]


def test_scores_of_lines_that_are_not_kept() -> None:
    assert dropped_scores(READINGS, [True, False, False, False, True]) == (0.5, 0.0, 0.0)
