"""Which lines are kept: by the page's median, by a fixed score on pages of few lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.engines.fast.scores import ScoreRule

RULE = ScoreRule(thresh=0.75, of_median=0.7, least_lines=4)
SCORES = st.lists(st.floats(0, 1), max_size=12)


def test_on_a_page_of_many_lines_the_median_decides() -> None:
    assert RULE.bound([1.0, 1.0, 0.9, 0.1]) == pytest.approx(0.7 * 0.95)
    assert RULE.bound([0.5] * 4) == pytest.approx(0.35), "a script that the model hardly knows"


@pytest.mark.parametrize("scores", [[], [0.3], [0.99, 0.4, 0.3]])
def test_on_a_page_of_few_lines_it_says_nothing(scores: list[float]) -> None:
    assert RULE.bound(scores) == 0.75


@given(SCORES)
def test_the_bound_is_never_above_the_fixed_score(scores: list[float]) -> None:
    assert 0 <= RULE.bound(scores) <= RULE.thresh


@given(SCORES)
def test_without_a_share_of_the_median_the_score_is_fixed(scores: list[float]) -> None:
    assert ScoreRule(0.6).bound(scores) == 0.6
