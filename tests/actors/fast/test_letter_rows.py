"""Which components stand in rows: three at least, similar in height, aligned, and near each other."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from actors.engines.fast.letter_rows import stand_in_rows


def found(blots: list[tuple[int, int, int, int]], *, across: bool = True) -> list[bool]:
    """For each blot (left, top, width, height) whether it stands in a row."""
    ink = np.zeros((400, 400), np.uint8)
    for left, top, width, height in blots:
        ink[top : top + height, left : left + width] = 255
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink)
    letters = np.ones(len(stats), bool)
    letters[0] = False
    rows = stand_in_rows(labels, stats, letters, across)
    return [bool(rows[labels[top, left]]) for left, top, _, _ in blots]


def row(count: int, gap: int = 4, height: int = 12) -> list[tuple[int, int, int, int]]:
    return [(20 + index * (8 + gap), 50, 8, height) for index in range(count)]


@pytest.mark.parametrize(("count", "expected"), [(1, False), (2, False), (3, True), (7, True)])
def test_three_make_a_row(count: int, expected: bool) -> None:
    assert found(row(count)) == [expected] * count


@pytest.mark.parametrize(("gap", "expected"), [(2, True), (7, True), (12, False), (40, False)])
def test_letters_of_a_row_are_near_each_other(gap: int, expected: bool) -> None:
    assert found(row(4, gap)) == [expected] * 4


def test_a_row_has_ascenders_and_descenders() -> None:
    """As high above, or as low below, as its neighbours: `l` beside `x`, `p` beside both."""
    assert all(found([(20, 50, 8, 12), (32, 44, 4, 18), (40, 50, 8, 12), (52, 50, 8, 18), (64, 50, 8, 12)]))


def test_neighbours_that_are_much_higher_or_not_aligned_are_none() -> None:
    assert not any(found([(20, 50, 8, 12), (32, 20, 9, 42), (45, 50, 8, 12)]))
    assert not any(found([(20, 50, 8, 12), (32, 57, 8, 12), (44, 64, 8, 12), (56, 71, 8, 12)]))


def test_rows_run_down_too() -> None:
    column = [(50, 20 + 12 * index, 12, 8) for index in range(5)]
    assert not any(found(column))
    assert all(found(column, across=False))


def test_nothing() -> None:
    assert found([]) == []


def test_at_the_edge_of_the_picture() -> None:
    assert all(found([(400 - 12 * index - 9, 388, 8, 12) for index in range(3)]))
