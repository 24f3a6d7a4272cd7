"""What a line's reading says of the parts that may have lost a character."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.engines.fast.ctc import Reading, collapse
from actors.engines.fast.doubt import (
    NO_DOUBT,
    DoubtRule,
    Part,
    certainty,
    doubtful,
    from_digit_to_digit,
    tokens,
)
from tests.actors.fast.readings import reading_of

RULE = DoubtRule(number=0.9, word=0.7)


def texts(reading: Reading) -> list[str]:
    return [reading.text[part.first : part.last] for part in doubtful(reading, RULE)]


def test_a_certain_line_has_no_doubtful_part() -> None:
    assert texts(reading_of("paid 1,200.50 on 03.04.2021")) == []


def test_a_number_with_an_unsure_gap_is_read_again_and_nothing_beside_it() -> None:
    assert texts(reading_of("paid 1,200.50 in cash", unsure={8: 0.7})) == ["1,200.50"]


@pytest.mark.parametrize("gap", [5, 13], ids=["before it", "behind it"])
def test_the_gaps_beside_a_number_count(gap: int) -> None:
    assert texts(reading_of("paid 1,200.50 in cash", unsure={gap: 0.5})) == ["1,200.50"]


def test_words_are_trusted_longer_than_numbers() -> None:
    assert texts(reading_of("cover plate 4711", unsure={2: 0.3})) == []
    assert texts(reading_of("cover plate 4711", unsure={2: 0.1})) == ["cover"]


def test_neighbors_are_one_part() -> None:
    unsure = {2: 0.1, 7: 0.1, 16: 0.1}
    assert texts(reading_of("DE44 7799 2588 8885", unsure=unsure)) == ["DE44 7799", "8885"]


def test_chinese_beside_a_number_is_no_part_of_it() -> None:
    reading = reading_of("合计3333元", unsure={4: 0.5})
    assert texts(reading) == ["3333"]


def test_a_reading_without_places_has_no_parts() -> None:
    assert doubtful(Reading("1234", 0.2), RULE) == []


@pytest.mark.parametrize(("place", "doubted"), [(0.5, False), (0.9, True)])
def test_a_wide_gap_in_a_number_is_doubtful(place: float, doubted: bool) -> None:
    """Characters at 0.1, 0.2, 0.3 and 0.4, and one more behind them."""
    reading = replace(reading_of("20000"), places=(0.1, 0.2, 0.3, 0.4, place))
    assert texts(reading) == (["20000"] if doubted else [])
    word = replace(reading_of("abcde"), places=reading.places)
    assert texts(word) == []


@given(st.text("ab 12.", max_size=30))
def test_tokens_are_what_stands_between_spaces(text: str) -> None:
    found = [text[part.first : part.last] for part in tokens(text)]
    assert found == [token for token in text.split() if token.strip(".")]


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0.01, 1.0)), min_size=1, max_size=40))
def test_the_certainty_of_a_line_takes_every_step_and_those_of_characters_whole(
    steps: list[tuple[int, float]],
) -> None:
    classes = np.array([index for index, _ in steps])
    scores = np.array([score for _, score in steps], np.float32)
    reading = collapse(classes, scores, ("", "a", "b", "c"))
    if reading.text:
        whole = certainty(reading, Part(0, len(reading.text)))
        every, own = float(np.prod(scores.astype(np.float64))), math.prod(reading.scores)
        assert every - 1e-4 <= whole <= own + 1e-4
        assert whole == pytest.approx(own * (every / own) ** 0.2, rel=1e-3)


def test_equal_neighbors_that_became_one_are_unsure() -> None:
    """Two 3s without a blank step between them: of the second one the model is half sure."""
    classes = np.array([1, 0, 2, 2, 2, 0, 1])
    scores = np.array([1, 1, 0.98, 0.55, 0.9, 1, 1], np.float32)
    reading = collapse(classes, scores, ("", "1", "3"))
    assert reading.text == "131"
    assert reading.score > 0.99
    assert texts(replace(reading, places=(0.1, 0.5, 0.9))) == ["131"]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("3.88X", ["3.88X"]),
        ("sum 240,42 X", ["240,42 X"]),
        ("sum 12x", ["12x"]),
        ("20 x 30", []),
        ("MAX", []),
        ("unit X", []),
    ],
)
def test_a_cross_behind_a_number_at_the_end_may_be_a_percent_sign(text: str, asked: list[str]) -> None:
    found = doubtful(reading_of(text), RULE)
    assert [text[part.first : part.last] for part in found] == asked


def test_a_line_of_which_nothing_is_doubted_is_not_for_a_cross_either() -> None:
    assert doubtful(reading_of("3.88X"), NO_DOUBT) == []


@pytest.mark.parametrize(
    ("text", "number"), [("......24", "24"), ("(1,200.50)/", "1,200.50"), ("A1B2C", "1B2"), ("none", "none")]
)
def test_a_number_goes_from_digit_to_digit(text: str, number: str) -> None:
    part = from_digit_to_digit(text, Part(0, len(text)))
    assert text[part.first : part.last] == number


@pytest.mark.parametrize(("text", "asked"), [("careful", 1), ("由各组组长负责", 0)])
def test_a_run_of_chinese_is_several_words(text: str, asked: int) -> None:
    rule = DoubtRule(number=0.9, word=0.8)
    assert len(doubtful(reading_of(text, unsure={2: 0.2}), rule)) == asked


@pytest.mark.parametrize(
    ("text", "at", "asked"), [("Portwel.", 7, 1), ("Portwer.", 7, 0), ("Portwel.", 6, 0)]
)
def test_a_thin_letter_with_an_unsure_gap_behind_it_may_be_two(text: str, at: int, asked: int) -> None:
    assert len(doubtful(reading_of(text, unsure={at: 0.6}), RULE)) == asked


@pytest.mark.parametrize(("text", "doubted"), [("“I”", False), ("°C", False), ("“It”", True), ("中", True)])
def test_one_letter_by_itself_says_less_than_in_its_line(text: str, doubted: bool) -> None:
    reading = reading_of(f"a {text} b", unsure={2: 0.01})
    assert bool(doubtful(reading, DoubtRule(number=0.9, word=0.55))) == doubted
