"""Selections of pages: what they mean, by themselves, of a document, and of columns of rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.selection import ALL_PAGES, PageSelection


@pytest.mark.parametrize(
    ("text", "count", "expected"),
    [
        ("1", 3, [0]),
        ("1-3", 2, [0, 1]),
        ("-1", 4, [3]),
        ("-2--1", 4, [2, 3]),
        ("3-", 5, [2, 3, 4]),
        ("2--2", 5, [1, 2, 3]),
        ("1,3-5", 9, [0, 2, 3, 4]),
        ("1, -1", 1, [0]),
        ("5", 4, []),
        ("-3", 2, []),
    ],
)
def test_indexes(text: str, count: int, expected: list[int]) -> None:
    assert list(PageSelection.parse(text).indexes(count)) == expected


@pytest.mark.parametrize("text", ["", "0", "a", "1-0", "3-2", "-1--2", "1,,2", "1..3", "1;2"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"page|before it begins"):
        PageSelection.parse(text)


def test_one_spelling() -> None:
    assert str(PageSelection.parse(" 1 , 3 - 5".replace(" - ", "-"))) == "1,3-5"
    assert str(PageSelection.parse("4-4,4,2-,-1")) == "4,2-,-1"
    assert PageSelection.parse("1-") == ALL_PAGES


_PAGES = st.integers(-6, 6).filter(bool)
_RANGES = st.tuples(_PAGES, _PAGES).filter(lambda one: (one[0] > 0) != (one[1] > 0) or one[0] <= one[1])


@given(st.lists(_RANGES, min_size=1, max_size=3), st.integers(1, 9))
def test_columns_agree_with_indexes(ranges: list[tuple[int, int]], count: int) -> None:
    selection = PageSelection(tuple(ranges))
    pages, counts = np.arange(-1, 12, dtype=np.int32), np.full(13, count, np.int32)
    wanted = selection.wants(pages, counts)
    assert pages[wanted].tolist() == list(selection.indexes(count))
    assert selection.counts(counts[:1]).tolist() == [len(selection.indexes(count))]
    assert list(PageSelection.parse(str(selection)).indexes(count)) == list(selection.indexes(count))


def test_the_first_that_is_missing() -> None:
    assert ALL_PAGES.first_missing((0, 1, 3)) == 2
    assert PageSelection.parse("3-4").first_missing((2,)) == 3
    assert PageSelection.parse("-1").first_missing((4,)) == 0
