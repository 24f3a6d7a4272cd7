"""The order of lines: from top to bottom, and from left to right on one line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.engines.fast.order import sort_boxes


def box(x: float, y: float) -> np.ndarray:
    return np.array([[x, y], [x + 5, y], [x + 5, y + 5], [x, y + 5]], np.float32)


def begins(boxes: list[np.ndarray]) -> list[tuple[float, float]]:
    return [(float(one[0][0]), float(one[0][1])) for one in boxes]


def test_lines_go_from_top_to_bottom() -> None:
    assert begins(sort_boxes([box(0, 50), box(0, 0), box(0, 25)])) == [(0, 0), (0, 25), (0, 50)]


def test_boxes_on_one_line_go_from_left_to_right_although_one_lies_higher() -> None:
    assert begins(sort_boxes([box(90, 20), box(5, 27), box(50, 23)])) == [(5, 27), (50, 23), (90, 20)]


def test_ten_pixels_apart_are_two_lines() -> None:
    assert begins(sort_boxes([box(5, 30), box(90, 20)])) == [(90, 20), (5, 30)]


def test_no_boxes() -> None:
    assert sort_boxes([]) == []


PLACES = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 60)), max_size=25)


@settings(deadline=None, max_examples=100)
@given(PLACES)
def test_the_order_is_paddlexs(places: list[tuple[int, int]]) -> None:
    sorting = pytest.importorskip("paddlex.inference.pipelines.components.common.sort_boxes")
    boxes = [box(x, y) for x, y in places]
    theirs = sorting.SortQuadBoxes()(np.array(boxes, np.int16)) if boxes else []
    assert begins(sort_boxes(boxes)) == begins(theirs)
