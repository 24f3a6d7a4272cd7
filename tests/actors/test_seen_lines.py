"""Notices by text, score and polygon alone."""

from __future__ import annotations

from functools import partial

from actors.contracts import Line
from actors.engines import seen_lines
from actors.engines.lost_marks import KnownMarks


def line(text: str, width: float = 400.0, height: float = 20.0, score: float = 0.97) -> Line:
    return Line(text, score, (0.0, 0.0, width, 0.0, width, height, 0.0, height))


notices_of = partial(seen_lines.notices_of, known=KnownMarks(vietnamese=False, greek=False))
ENGLISH = line("The customer paid in cash and was given a receipt.")


def test_lines_that_say_little_for_their_length_are_in_an_unknown_script() -> None:
    assert notices_of([line(": ."), line("19 -"), ENGLISH], []) == ("text.unread", "script.unknown")
    assert notices_of([ENGLISH] * 5, []) == ()
    assert notices_of([line("申请书必须在本月底之前提交给部门。")] * 3, []) == ()


def test_vertical_lines_are_as_long_as_they_are_high() -> None:
    assert notices_of([line("申请书必须在本月底之前提交给部门。", 20.0, 400.0)] * 3, []) == ()


def test_dropped_lines_are_lost_text() -> None:
    assert notices_of([ENGLISH], [line("pdiculousfy blurred text of a fax", score=0.4)]) == ("text.unread",)


def test_lines_of_eight_pixels_are_too_small() -> None:
    assert notices_of([line("x" * 60, 320.0, 8.0)], []) == ("text.too_small",)


def test_a_page_without_lines_says_nothing() -> None:
    assert notices_of([], []) == ()
