"""Which reading counts, where a line or a part of it is read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from actors.engines.fast.ctc import Reading
from actors.engines.fast.doubt import DoubtRule
from actors.engines.fast.parts import whole_line
from actors.engines.fast.reread import Widths, look_again
from tests.actors.fast.readings import reading_of

RULE = DoubtRule(number=0.9, word=0.0)
LINE = np.full((48, 480, 3), 255, np.uint8)
FULL, WIDER = 0.85, 1.0
LINES = 1.5
WORDS = 1.25
WIDTHS = Widths(LINES, WORDS, (FULL, WIDER))


class Looks:
    """Says what it is told for each width, and keeps what it was asked."""

    def __init__(self, answers: Mapping[float, Sequence[Reading]]) -> None:
        self.answers = {width: list(told) for width, told in answers.items()}
        self.asked: list[tuple[float, int]] = []

    def __call__(self, pictures: Sequence[np.ndarray], width: float) -> list[Reading]:
        self.asked += [(width, picture.shape[1]) for picture in pictures]
        return [self.answers[width].pop(0) for _ in pictures]


def again(
    first: Reading, answers: Mapping[float, Sequence[Reading]], whole: Sequence[int] = ()
) -> tuple[Reading, Looks]:
    looks = Looks(answers)
    (reading,) = look_again([LINE], [first], whole, RULE, WIDTHS, looks)
    assert not any(looks.answers.values()), "each answer was asked for"
    return reading, looks


MERGED = reading_of("paid 1,20.50 in cash", unsure={8: 0.6})


def test_a_certain_line_is_read_once() -> None:
    first = reading_of("paid 1,200.50 in cash")
    reading, looks = again(first, {})
    assert reading == first
    assert not looks.asked


def test_only_the_number_is_read_again() -> None:
    reading, looks = again(MERGED, {FULL: [reading_of("1,200.50")]})
    assert reading.text == "paid 1,200.50 in cash"
    assert reading.bound == 1.0
    ((width, columns),) = looks.asked
    assert width == FULL
    assert columns < 0.7 * LINE.shape[1]


def test_a_look_that_sees_nothing_but_a_space_does_not_count() -> None:
    reading, _ = again(MERGED, {FULL: [reading_of(" ")], WIDER: [reading_of("1,200.50")]})
    assert reading.text == "paid 1,200.50 in cash"
    reading, _ = again(MERGED, {FULL: [reading_of(" ")], WIDER: [reading_of(" ")]})
    assert reading.text == MERGED.text


@pytest.mark.parametrize(("read", "again_read"), [("7–19", "7-19"), ("“19”", '"19”'), ("1’900", "1'900")])
def test_dashes_and_quotation_marks_are_those_of_the_whole_line(read: str, again_read: str) -> None:
    reading, looks = again(reading_of(f"on {read} a", unsure={4: 0.5}), {FULL: [reading_of(again_read)]})
    assert reading.text == f"on {read} a"
    assert len(looks.asked) == 1
    assert reading.bound == 1.0


def test_the_surer_one_of_two_equal_looks_counts() -> None:
    reading, _ = again(reading_of("on 719 a", unsure={4: 0.5}), {FULL: [reading_of("719", score=0.99)]})
    assert min(reading.scores) > 0.5


def test_two_looks_that_agree_are_enough() -> None:
    reading, looks = again(MERGED, {FULL: [reading_of("1,20.50", unsure={3: 0.5})]})
    assert reading.text == MERGED.text
    assert reading.bound == 1.0
    assert len(looks.asked) == 1


def test_the_third_look_decides() -> None:
    answers = {
        FULL: [reading_of("1,2000.50", unsure={3: 0.5})],
        WIDER: [reading_of("1,20.50", unsure={3: 0.7})],
    }
    reading, looks = again(MERGED, answers)
    assert reading.text == MERGED.text, "it agrees with the first"
    assert [width for width, _ in looks.asked] == [FULL, WIDER]
    assert reading.bound == 1.0


def test_where_none_agree_the_most_certain_counts_and_the_score_is_no_promise() -> None:
    answers = {
        FULL: [reading_of("1,2000.50", unsure={3: 0.7})],
        WIDER: [reading_of("1,2O0.50", unsure={3: 0.4})],
    }
    reading, _ = again(MERGED, answers)
    assert reading.text == "paid 1,2000.50 in cash"
    assert reading.bound == pytest.approx(0.7**0.3)


def test_several_numbers_of_a_line_keep_their_places() -> None:
    first = reading_of("DE44 799 2588 885 66", unsure={6: 0.5, 15: 0.5})
    reading, _ = again(first, {FULL: [reading_of("7799"), reading_of("8885")]})
    assert reading.text == "DE44 7799 2588 8885 66"


def test_several_open_numbers_of_a_line_keep_their_places() -> None:
    first = reading_of("DE44 799 2588 885 66", unsure={6: 0.5, 15: 0.5})
    unsure = [reading_of("77999", unsure={2: 0.5}), reading_of("88885", unsure={2: 0.5})]
    reading, _ = again(first, {FULL: unsure, WIDER: [reading_of("7799"), reading_of("8885")]})
    assert reading.text == "DE44 7799 2588 8885 66"


def test_a_number_that_fills_its_line_is_read_as_a_line() -> None:
    first = reading_of("800,0000", unsure={7: 0.6})
    reading, looks = again(first, {FULL: [reading_of("800,000.00")]})
    assert reading.text == "800,000.00"
    ((width, columns),) = looks.asked
    assert width == FULL
    assert columns >= LINE.shape[1]


@pytest.mark.parametrize(("score", "taken"), [(0.86, True), (0.84, False)])
def test_a_whole_line_counts_unless_it_is_much_less_sure(score: float, taken: bool) -> None:
    first, full = reading_of("squeezed", score=0.895), reading_of("full", score=score)
    reading, _ = again(first, {LINES: [full]}, whole=[0])
    assert (reading.text, reading.score) == ((full if taken else first).text, score if taken else 0.895)


def test_places_of_a_line_read_again_are_places_in_the_line() -> None:
    """Its picture has nothing behind it, which is no part of the line."""
    width, shown = LINE.shape[1], whole_line(LINE, LINES).image.shape[1]
    again_ = replace(reading_of("full"), places=tuple(width / shown * at for at in (0.1, 0.4, 0.6, 0.9)))
    reading, _ = again(reading_of("ful", score=0.5), {LINES: [again_]}, whole=[0])
    assert reading.places == pytest.approx((0.1, 0.4, 0.6, 0.9))


def test_a_sign_before_a_number_is_not_taken_for_the_same_number() -> None:
    first, full = reading_of("₹7,560.00", score=0.9), reading_of("7,560.00", unsure={0: 0.5})
    answers = {LINES: [full], FULL: [reading_of("₹7,560.00")]}
    reading, _ = again(first, answers, whole=[0])
    assert reading.text == "₹7,560.00"


def test_a_number_that_stays_doubtful_in_a_line_read_again_is_looked_at_once_more() -> None:
    first = reading_of("pay 1,20.50", score=0.8)
    full = reading_of("paid 1,2000.50", score=0.9, unsure={8: 0.5})
    reading, _ = again(first, {LINES: [full], FULL: [reading_of("1,200.50")]}, whole=[0])
    assert reading.text == "paid 1,200.50"


def test_an_answer_of_nothing_is_none() -> None:
    answers = {FULL: [Reading("", 0.0)], WIDER: [Reading("", 0.0)]}
    reading, _ = again(MERGED, answers)
    assert reading.text == MERGED.text
    assert reading.bound < 0.9


def test_a_word_is_read_once_more_and_numbers_of_its_line_by_themselves() -> None:
    first = reading_of("paid 1,20.50 in csh", unsure={8: 0.6, 17: 0.2})
    looks = Looks({WORDS: [reading_of("cash")], FULL: [reading_of("1,200.50")]})
    rule = DoubtRule(number=0.9, word=0.8)
    (reading,) = look_again([LINE], [first], [], rule, WIDTHS, looks)
    assert reading.text == "paid 1,200.50 in cash"
    assert [width for width, _ in looks.asked] == [WORDS, FULL]
    assert reading.bound == 1.0


def test_dots_read_beside_a_number_once_do_not_lower_it_for_good() -> None:
    first = reading_of("131", score=0.98, unsure={0: 0.1})
    answers = {FULL: [reading_of("....131", score=0.5)], WIDER: [reading_of("131", score=0.98)]}
    reading, _ = again(first, answers)
    assert reading.text == "131"
    assert reading.score == pytest.approx(0.98)


def test_signs_of_a_chinese_line_stay_as_wide_as_they_were() -> None:
    first = reading_of("本周五下午价格：1,280.00／台，折扣见附件", unsure={8: 0.5})
    reading, _ = again(first, {FULL: [reading_of(": 1,280.00/", unsure={3: 0.5})]})
    assert reading.text == first.text
    assert reading.bound == 1.0


@pytest.mark.parametrize(("score", "taken"), [(0.95, True), (0.5, False)])
def test_of_two_looks_at_a_word_the_more_certain_one_counts(score: float, taken: bool) -> None:
    first = reading_of("cover plte here", unsure={7: 0.1})
    looks = Looks({WORDS: [reading_of("plate", score=score)]})
    (reading,) = look_again([LINE], [first], [], DoubtRule(number=0.9, word=0.8), WIDTHS, looks)
    assert reading.text == ("cover plate here" if taken else first.text)


def test_the_third_look_sees_what_the_second_one_lost() -> None:
    """The columns of `15` are those of the first reading, though `1` alone was read in them."""
    first = reading_of("15 fifteen in all of it", unsure={1: 0.5})
    answers = {FULL: [reading_of("1", unsure={1: 0.4})], WIDER: [reading_of("15")]}
    reading, looks = again(first, answers)
    assert reading.text == first.text
    (_, second), (_, third) = looks.asked
    assert third / second == pytest.approx(FULL / WIDER, abs=0.03)


def test_a_number_that_was_cut_through_stays_and_is_no_promise() -> None:
    first = reading_of("15 fifteen in all of it", unsure={1: 0.5})
    one = reading_of("1", unsure={1: 0.4})
    reading, _ = again(first, {FULL: [one], WIDER: [one]})
    assert reading.text == first.text
    assert reading.bound < 0.9
