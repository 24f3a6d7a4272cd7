"""The score of a page number does not depend on the leader dots before it."""

from __future__ import annotations

import pytest

from actors.engines.fast.ctc import Reading
from actors.engines.fast.leaders import without_leaders


def reading(text: str, dots: float, others: float, bound: float = 1.0) -> Reading:
    scores = tuple(dots if character in ".…" else others for character in text)
    return Reading(text, sum(scores) / len(scores), scores=scores, bound=bound)


@pytest.mark.parametrize("text", ["…3", "....18", "…….24", ". . . xii", "‥‥ 131 "])
def test_a_page_number_is_as_sure_as_its_digits(text: str) -> None:
    (found,) = without_leaders([reading(text, dots=0.5, others=0.99, bound=0.1)])
    assert found.text == text
    assert found.score == pytest.approx(0.99, abs=0.01)
    assert found.bound > 0.9


def test_a_title_before_the_dots_counts() -> None:
    (found,) = without_leaders([reading("2 Draining ......... 19", dots=0.4, others=0.96, bound=0.5)])
    assert found.score == pytest.approx(0.96)
    assert found.bound == 0.5


@pytest.mark.parametrize("text", ["……", "...", "wait ...", "to be … or not", "3.14", "so…c1", "1.2 3"])
def test_other_dots_count(text: str) -> None:
    one = reading(text, dots=0.5, others=0.99)
    assert without_leaders([one]) == [one]


def test_a_number_that_is_not_sure_stays_so() -> None:
    one = reading("…3", dots=0.5, others=0.8)
    assert without_leaders([one]) == [one]
