"""Text from the classes of a model's steps, and its score from the steps that count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.engines.fast.ctc import Reading, collapse
from actors.engines.fast.recognition import decoder

LETTERS = ("", "a", "b", " ")


def read(*classes: int) -> Reading:
    scores = np.linspace(0.5, 1.0, len(classes), dtype=np.float32)
    return collapse(np.array(classes, np.int64), scores, LETTERS)


def test_repeats_and_blanks_are_dropped() -> None:
    assert read(0, 1, 1, 0, 1, 2, 2, 0, 3, 2).text == "aab b"


def test_a_first_step_that_is_a_letter_counts() -> None:
    assert read(1, 1, 0).text == "a"


def test_the_score_is_the_mean_of_the_steps_that_became_letters() -> None:
    reading = collapse(np.array([0, 1, 1, 0, 2]), np.array([0.1, 0.8, 0.2, 0.3, 0.6], np.float32), LETTERS)
    assert reading.steps == (1, 4)
    assert reading.score == pytest.approx(0.7)


@given(st.integers(0, 2**32 - 1), st.integers(1, 300))
def test_the_mean_is_numpys_to_the_last_bit(seed: int, steps: int) -> None:
    scores = np.random.default_rng(seed).uniform(0.3, 1, steps).astype(np.float32)
    reading = collapse(np.arange(steps) % 3 + 1, scores, LETTERS)
    assert reading.score == float(scores.mean())


def test_nothing_but_blanks_is_no_text_and_scores_nothing() -> None:
    assert read(0, 0, 0) == Reading("", 0.0)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_it_is_what_a_loop_over_the_steps_gives(classes: list[int]) -> None:
    text, before = "", 0
    for index in classes:
        if index not in (0, before):
            text += LETTERS[index]
        before = index
    assert read(*classes).text == text


@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
def test_all_heads_give_the_same_reading(seed: int, steps: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 4, (1, steps, len(LETTERS))).astype(np.float32)
    exponents = np.exp(logits - logits.max(axis=2, keepdims=True))
    softmax = exponents / exponents.sum(axis=2, keepdims=True)
    outputs = {
        "softmax": (softmax,),
        "logits": (logits,),
        "best": (softmax.argmax(axis=2), softmax.max(axis=2)),
        "blocks": (softmax.argmax(axis=2), softmax.max(axis=2)),
    }
    readings = [next(decoder(head, LETTERS, None)(found)) for head, found in outputs.items()]
    assert {reading.text for reading in readings} == {readings[0].text}
    assert {reading.steps for reading in readings} == {readings[0].steps}
    assert [reading.score for reading in readings] == pytest.approx([readings[0].score] * 4, abs=1e-5)


def test_classes_that_are_left_out_are_not_read() -> None:
    scores = np.array([[[0.0, 0.2, 0.7, 0.1], [0.9, 0.1, 0.0, 0.0]]], np.float32)
    (reading,) = decoder("softmax", LETTERS, [0, 1, 3])((scores,))
    assert reading.text == "a"
    assert reading.score == pytest.approx(0.2)


KNOWN = Reading("abc", 0.9, (1, 3, 5), (0.1, 0.5, 0.9), (0.8, 0.9, 1.0), (0.7, 0.6, 0.5, 0.4))


def test_a_part_is_replaced_with_all_that_is_known_of_it() -> None:
    found = KNOWN.with_part(slice(1, 2), "xy", [0.4, 0.6], [0.3, 0.2])
    assert (found.text, found.steps, found.score) == ("axyc", (), 0.9)
    assert found.places == (0.1, 0.4, 0.6, 0.9) and found.scores == (0.8, 0.3, 0.2, 1.0)
    assert found.gaps == (0.7, 0.6, 1.0, 0.5, 0.4) and found.has_scores


def test_an_empty_part_is_a_place_between_characters() -> None:
    found = KNOWN.with_part(slice(3, 3), " ", [1.0], [1.0])
    assert (found.text, found.gaps) == ("abc ", (0.7, 0.6, 0.5, 0.4, 0.4))
    assert KNOWN.with_part(slice(0, 1), "x", [0.2], [0.5], [0.1, 0.2]).gaps == (0.1, 0.2, 0.5, 0.4)


def test_where_scores_are_not_known_none_are_made_up() -> None:
    found = Reading("abc", 0.9, places=(0.1, 0.5, 0.9)).with_part(slice(0, 0), "-", [0.0], [1.0])
    assert (found.text, found.scores, found.gaps, found.has_scores) == ("-abc", (), (), False)
