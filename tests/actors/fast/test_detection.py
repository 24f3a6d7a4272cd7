"""Detection around its model: groups of one shape, and boxes in the pixels of each page."""

from __future__ import annotations

import numpy as np
import pytest

from actors.engines.fast.boxes import BoxRule
from actors.engines.fast.detection import Detector
from actors.engines.fast.sides import LimitRule
from actors.runtimes.contracts import Array, Floats

RULE = BoxRule(0.3, 0.6, 1.5, whole_pixels=False, max_candidates=1000)


class Dark:
    """A session that takes dark pixels for text."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def run(self, batch: Floats) -> tuple[Array, ...]:
        self.shapes.append(batch.shape)
        return ((batch.mean(axis=1, keepdims=True) < 0).astype(np.float32),)

    def release(self) -> None:
        """Nothing to give back."""


def sheet(width: int, height: int, bar: tuple[int, int, int, int]) -> np.ndarray:
    """A white page with a black bar: left, top, right, bottom."""
    drawn = np.full((height, width, 3), 255, np.uint8)
    left, top, right, bottom = bar
    drawn[top:bottom, left:right] = 0
    return drawn


def test_pages_of_one_shape_go_together_as_far_as_the_pixels_allow() -> None:
    session = Dark()
    detector = Detector(session, LimitRule(64, "min"), RULE, pixels=2 * 320 * 160)
    small, large = sheet(320, 160, (40, 40, 240, 60)), sheet(640, 320, (80, 200, 480, 240))
    found = detector.find([small, large, small, small])
    assert sorted(session.shapes) == [(1, 3, 160, 320), (1, 3, 320, 640), (2, 3, 160, 320)]
    assert [len(boxes) for boxes in found] == [1, 1, 1, 1]
    assert (found[0][0] == found[2][0]).all()
    assert found[1][0].mean(axis=0) == pytest.approx([280, 220], abs=2)


def test_boxes_are_in_the_pages_own_pixels() -> None:
    detector = Detector(Dark(), LimitRule(160, "max"), RULE, pixels=1)
    ((box,),) = detector.find([sheet(1600, 800, (400, 400, 1200, 500))])
    assert box.mean(axis=0) == pytest.approx([800, 450], abs=12)
    assert box[0][0] < 400
    assert box[1][0] > 1200


def test_a_small_page_is_padded_and_its_boxes_end_where_it_ends() -> None:
    ((box,),) = Detector(Dark(), LimitRule(64, "min"), RULE, pixels=1).find([sheet(24, 20, (2, 6, 24, 14))])
    assert box.min() >= 0
    assert (box <= [24, 20]).all()


def test_no_pages() -> None:
    assert Detector(Dark(), LimitRule(64, "min"), RULE, pixels=1).find([]) == []
