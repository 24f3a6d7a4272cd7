"""Boxes from a score map: along the axes and tilted ones, and grown as PaddleOCR grows them."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from actors.engines.fast.boxes import BoxRule, find_boxes, mean_score, order_corners
from actors.engines.fast.offset import grow
from actors.engines.fast.options import STOCK_BOXES

OURS = replace(STOCK_BOXES, whole_pixels=False)
RULES = pytest.mark.parametrize("rule", [STOCK_BOXES, OURS], ids=["stock", "ours"])


def score_map(*rectangles: tuple[float, float, float, float, float], score: float = 0.9) -> np.ndarray:
    """A map of 320 x 200 with rectangles: centre x and y, width, height, degrees."""
    drawn = np.zeros((200, 320), np.float32)
    for x, y, width, height, angle in rectangles:
        corners = cv2.boxPoints(((x, y), (width, height), angle))
        cv2.fillPoly(drawn, [np.rint(corners).astype(np.int32)], score)
    return drawn


def stock_grown(corners: np.ndarray, ratio: float) -> np.ndarray:
    """PaddleX's unclip, and the smallest rectangle around it."""
    pyclipper = pytest.importorskip("pyclipper", reason="comes with PaddleOCR")
    offset = pyclipper.PyclipperOffset()
    offset.AddPath(corners, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    distance = cv2.contourArea(corners) * ratio / cv2.arcLength(corners, True)
    (around,) = offset.Execute(distance)
    return order_corners(cv2.boxPoints(cv2.minAreaRect(np.array(around, np.int32))))


@RULES
def test_a_rectangle_along_the_axes_grows_by_the_same_on_all_sides(rule: BoxRule) -> None:
    (box,) = find_boxes(score_map((160, 100, 120, 20, 0)), 320, 200, rule)
    added = 120 * 20 * 1.5 / (2 * 140)
    expected = [[100 - added, 90 - added], [220 + added, 90 - added], [220 + added, 110 + added]]
    assert np.abs(box[:3] - expected).max() <= 1


@RULES
@pytest.mark.parametrize("angle", [-60, -20, -3, 3, 20, 45, 60])
def test_a_tilted_rectangle_stays_tilted(rule: BoxRule, angle: float) -> None:
    (box,) = find_boxes(score_map((160, 100, 120, 20, angle)), 320, 200, rule)
    along = box[1] - box[0] if abs(angle) < 45 else np.array([0.0, 0.0])
    sides = sorted((np.linalg.norm(box[1] - box[0]), np.linalg.norm(box[2] - box[1])))
    assert sides == pytest.approx([20 + 25.7, 120 + 25.7], abs=5)
    if along.any():
        assert np.degrees(np.arctan2(along[1], along[0])) == pytest.approx(angle, abs=2)


@RULES
def test_boxes_are_in_the_pages_pixels_whole_and_on_the_page(rule: BoxRule) -> None:
    boxes = find_boxes(score_map((160, 100, 120, 20, 0), (10, 6, 30, 14, 0)), 640, 600, rule)
    assert len(boxes) == 2
    for box in boxes:
        assert (box == np.rint(box)).all()
        assert (box >= 0).all()
        assert (box <= [640, 600]).all()
    widest = max(boxes, key=lambda box: box[1][0] - box[0][0])
    assert widest.mean(axis=0) == pytest.approx([320, 300], abs=2)


@RULES
def test_what_is_no_text_is_no_box(rule: BoxRule) -> None:
    assert find_boxes(score_map(), 320, 200, rule) == []
    assert find_boxes(score_map((160, 100, 120, 1, 0)), 320, 200, rule) == [], "too thin"
    assert find_boxes(score_map((160, 100, 120, 20, 0), score=0.5), 320, 200, rule) == [], "too weak"


def test_no_more_contours_are_looked_at_than_the_rule_allows() -> None:
    specks = score_map(*((20 * x, 20 * y, 10, 10, 0) for x in range(1, 15) for y in range(1, 9)))
    assert len(find_boxes(specks, 320, 200, OURS)) == 112
    assert len(find_boxes(specks, 320, 200, replace(OURS, max_candidates=7))) == 7


def test_corners_begin_at_the_top_left_and_go_clockwise() -> None:
    expected = np.array([[1, 1], [9, 1], [9, 5], [1, 5]], np.float32)
    for order in ([0, 1, 2, 3], [2, 3, 0, 1], [3, 1, 0, 2]):
        assert (order_corners(expected[order]) == expected).all()


def test_the_score_of_a_box_is_the_mean_inside_it() -> None:
    drawn = score_map((160, 100, 120, 20, 0))
    drawn[:, 160:] *= 0.5
    inside = np.array([[110, 95], [210, 95], [210, 105], [110, 105]], np.float32)
    assert mean_score(drawn, inside) == pytest.approx(0.675, abs=0.01)


SIZES = st.tuples(st.floats(4, 300), st.floats(4, 300), st.floats(-90, 90))


@settings(deadline=None, max_examples=60)
@given(SIZES)
def test_growing_by_closed_form_is_what_the_polygon_library_gives_within_a_pixel(
    sizes: tuple[float, float, float],
) -> None:
    width, height, angle = sizes
    corners = order_corners(cv2.boxPoints(((500.3, 500.7), (width, height), angle)))
    added = width * height * 1.5 / (width + height)
    closed = cv2.contourArea(cv2.boxPoints(((500.3, 500.7), (width + added, height + added), angle)))
    theirs = stock_grown(corners, 1.5)
    assert closed == pytest.approx(cv2.contourArea(theirs), abs=2 * (width + height + 2 * added) + 8)
    grown = order_corners(cv2.boxPoints(((500.3, 500.7), (width + added, height + added), angle)))
    reach = np.abs((grown.max(axis=0) - grown.min(axis=0)) - (theirs.max(axis=0) - theirs.min(axis=0)))
    if abs(abs(angle) - 45) > 40:
        assert reach.max() <= 2.5


@settings(deadline=None, max_examples=200)
@given(SIZES, st.floats(1, 3))
def test_the_drawn_arcs_are_the_polygon_librarys(sizes: tuple[float, float, float], ratio: float) -> None:
    pyclipper = pytest.importorskip("pyclipper", reason="comes with PaddleOCR")
    width, height, angle = sizes
    corners = order_corners(cv2.boxPoints(((500.3, 500.7), (width, height), angle)))
    distance = cv2.contourArea(corners) * ratio / cv2.arcLength(corners, True)
    assume(distance > 3)
    offset = pyclipper.PyclipperOffset()
    offset.AddPath(corners, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    (theirs,) = offset.Execute(distance)
    ours = np.array(grow(corners, distance), np.int32)
    hulls = (cv2.convexHull(points)[:, 0].tolist() for points in (ours, np.array(theirs, np.int32)))
    left, right = (sorted(map(tuple, hull)) for hull in hulls)
    assert left == right
