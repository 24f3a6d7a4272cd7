"""Unions of intervals, which bands are made of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.layout.bands import Interval, joined, overlapping

_INTERVALS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda one: (float(one[0]), float(sum(one)))),
    min_size=1,
    max_size=12,
)


@given(_INTERVALS, _INTERVALS, st.integers(0, 4))
def test_some_more_joined_to_a_union_are_the_union_of_all(
    some: list[Interval], more: list[Interval], least: int
) -> None:
    union = overlapping(list(some), least)
    assert joined(union, more, least) == overlapping([*union, *more], least)
    assert union == overlapping(list(some), least), "the union itself is as it was"
