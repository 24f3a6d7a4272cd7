"""What of a page's text is said to be lost, by its lines alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.engines.legibility import (
    SeenLine,
    has_numbers_alone,
    is_foreign,
    is_too_small,
    is_unread,
    sure_part,
)


def line(
    length: float = 20.0,
    *,
    unread: float = 0.0,
    score: float = 0.98,
    kept: bool = True,
    text: str = "invoice total",
    rows: float = 30.0,
) -> SeenLine:
    return SeenLine(text, score, kept, length, unread, int(unread), rows)


READ = line()
SKIPPED = line(unread=15.0, text=": .")
DROPPED = line(kept=False, score=0.5, text="lulasiu la")

LINES = st.builds(
    line,
    st.floats(0, 50),
    unread=st.floats(0, 50),
    score=st.floats(0, 1),
    kept=st.booleans(),
    text=st.text(max_size=12),
    rows=st.floats(1, 90),
)


@pytest.mark.parametrize("lines", [[SKIPPED] * 3, [SKIPPED] * 3 + [READ] * 10, [SKIPPED]])
def test_a_page_or_a_part_of_it_in_an_unknown_script(lines: list[SeenLine]) -> None:
    assert is_foreign(lines)


@pytest.mark.parametrize(
    "lines",
    [
        [READ] * 20,
        [READ] * 16 + [line(4.0, unread=4.0, text="")],
        [READ] * 20 + [line(60.0, unread=40.0, score=0.5)] * 2,
        [line(1.0, unread=1.0, text="")],
    ],
    ids=["known", "one foreign word", "fine print that nobody reads", "a mark"],
)
def test_pages_in_known_scripts(lines: list[SeenLine]) -> None:
    assert not is_foreign(lines)


def test_lines_that_score_low_count_where_they_are_many() -> None:
    low = line(unread=9.0, score=0.5)
    assert is_foreign([low] * 4 + [READ] * 4)
    assert not is_foreign([low] * 1 + [READ] * 7)


def test_numbers_that_are_read_beside_words_that_are_not() -> None:
    numbers, words = [line(text="14.4.1994")] * 3, [line(text="9pmnmpmn", score=0.7)] * 3
    assert has_numbers_alone(numbers + words)
    assert not has_numbers_alone([*numbers, *words, READ])
    assert not has_numbers_alone(words)
    assert not has_numbers_alone(numbers)


def test_how_sure_it_is_that_letters_are_skipped() -> None:
    assert sure_part([SKIPPED, line(unread=15.0, score=0.5)]) == pytest.approx(0.5)
    assert sure_part([READ]) == 0.0


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([READ] * 20, False),
        ([READ] * 20 + [DROPPED], False),
        ([READ] * 3 + [DROPPED], True),
        ([DROPPED], True),
        ([line(2.5, kept=False, text="C")] * 4, False),
        ([line(4.6, kept=False, text="K"), line(3.9, kept=False, text="SO")], False),
        ([line(12.0, kept=False, text="★ → ● ←")] * 3 + [READ], False),
        ([line(2.0, kept=False, text="fomy")] * 3 + [line(3.0)], True),
    ],
    ids=["read", "one of many", "a quarter", "alone", "logos", "grain of wood", "signs", "words in a photo"],
)
def test_text_that_is_not_in_the_result(lines: list[SeenLine], expected: bool) -> None:
    assert is_unread(lines) is expected


def test_a_noticeable_part_that_is_too_small() -> None:
    assert is_too_small([line(rows=8.0)] * 3)
    assert not is_too_small([line(rows=8.0)] * 3 + [READ] * 9), "a small part of it"
    assert not is_too_small([line(10.0, rows=8.0)]), "a word or two"
    assert not is_too_small([])


@given(st.lists(LINES, max_size=8))
def test_the_order_of_lines_does_not_matter(lines: list[SeenLine]) -> None:
    mixed = list(reversed(lines))
    for rule in (is_foreign, is_unread, is_too_small):
        if lines:
            assert rule(lines) == rule(mixed)
