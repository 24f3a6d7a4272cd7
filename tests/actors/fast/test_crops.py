"""Crops: the pixels of a line, upright, and its polygon from where the text begins."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from actors.engines.fast.boxes import order_corners
from actors.engines.fast.crops import cut

PAGE = cv2.GaussianBlur(
    np.random.default_rng(3).integers(0, 255, (120, 200, 3), dtype=np.uint8), (5, 5), sigmaX=2
)


def upright(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def warped(box: np.ndarray, width: int, height: int, page: np.ndarray = PAGE) -> np.ndarray:
    """What PaddleX cuts."""
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(box, target)
    return cv2.warpPerspective(
        page, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    )


@pytest.mark.parametrize("size", [(20, 10), (101, 30), (199, 37), (64, 48), (200, 120)])
def test_a_box_along_the_axes_is_a_slice_with_the_pixels_of_the_transform(size: tuple[int, int]) -> None:
    width, height = size
    for left, top in ((0, 0), (200 - width, 120 - height), ((200 - width) // 2, (120 - height) // 3)):
        box = upright(left, top, left + width, top + height)
        crop = cut(PAGE, box)
        assert crop is not None
        assert (crop.image == PAGE[top : top + height, left : left + width]).all()
        assert (crop.image == warped(box, width, height)).all()
        assert (crop.polygon == box).all()


LARGE = np.random.default_rng(4).integers(0, 255, (900, 4200, 3), dtype=np.uint8)


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 4100), st.integers(0, 850), st.integers(5, 3000), st.integers(5, 60))
def test_a_slice_has_the_pixels_of_the_transform_although_opencvs_corners_are_off(
    left: int, top: int, width: int, height: int
) -> None:
    """Of a long box far from the origin by up to a thousandth; a length may lose a pixel by it."""
    box = upright(left, top, min(left + width, 4200), min(top + height, 900))
    corners = order_corners(cv2.boxPoints(cv2.minAreaRect(box.astype(np.int32))))
    norms = [np.linalg.norm(corners[index] - corners[(index + 1) % 4]) for index in range(4)]
    size = int(max(norms[0], norms[2])), int(max(norms[1], norms[3]))
    theirs = warped(corners, *size, page=LARGE)
    crop = cut(LARGE, box)
    assert crop is not None
    turned = size[1] / size[0] >= 1.5
    assert (crop.image == (np.rot90(theirs) if turned else theirs)).all()


def test_a_long_straight_line_is_not_copied() -> None:
    crop = cut(LARGE, upright(1003, 301, 3500, 340))
    assert crop is not None
    assert np.shares_memory(crop.image, LARGE)


CORNERS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 120)), min_size=4, max_size=4)


@settings(deadline=None, max_examples=100)
@given(CORNERS)
def test_a_crop_has_the_pixels_that_paddlex_cuts(corners: list[tuple[int, int]]) -> None:
    regions = pytest.importorskip("paddlex.inference.pipelines.components.common.crop_image_regions")
    box = order_corners(cv2.boxPoints(cv2.minAreaRect(np.array(corners, np.int32))))
    box = np.clip(np.rint(box), 0, [200, 120]).astype(np.float32)
    assume(min(cv2.minAreaRect(box.astype(np.int32))[1]) >= 2)  # detection gives none below 5 pixels
    crop = cut(PAGE, box)
    theirs = regions.CropByPolys().get_minarea_rect_crop(PAGE, box.astype(np.int16))
    assert crop is not None
    assert crop.image.shape == theirs.shape
    assert (crop.image == theirs).all()


def test_a_box_that_ends_beyond_the_page_repeats_its_edge() -> None:
    crop = cut(PAGE, upright(180, 100, 210, 125))
    assert crop is not None
    assert crop.image.shape == (25, 30, 3)
    assert (crop.image[:20, 20:] == PAGE[100:, -1:]).all()


def test_a_tall_crop_is_turned_to_the_left_and_its_polygon_begins_where_the_text_does() -> None:
    crop = cut(PAGE, upright(40, 10, 60, 110))
    assert crop is not None
    assert (crop.image == np.rot90(PAGE[10:110, 40:60])).all()
    assert crop.polygon.tolist() == [[60, 10], [60, 110], [40, 110], [40, 10]]


def test_from_one_and_a_half_times_as_high_as_wide_a_crop_is_tall() -> None:
    square, tall = cut(PAGE, upright(40, 10, 60, 39)), cut(PAGE, upright(40, 10, 60, 40))
    assert square is not None
    assert tall is not None
    assert square.image.shape == (29, 20, 3)
    assert tall.image.shape == (20, 30, 3)


@pytest.mark.parametrize("angle", [-20, 8, 15])
def test_a_tilted_line_is_straightened(angle: float) -> None:
    page = np.full((200, 300, 3), 255, np.uint8)
    bar = cv2.boxPoints(((150, 100), (160, 24), angle))
    cv2.fillPoly(page, [np.rint(bar).astype(np.int32)], (0, 0, 0))
    box = cv2.boxPoints(((150, 100), (180, 44), angle))
    order = np.argsort(box[:, 0])
    left, right = box[order[:2]], box[order[2:]]
    left, right = left[np.argsort(left[:, 1])], right[np.argsort(right[:, 1])]
    crop = cut(page, np.array([left[0], right[0], right[1], left[1]], np.float32))
    assert crop is not None
    assert crop.image.shape[0] == pytest.approx(44, abs=2)
    assert crop.image.shape[1] == pytest.approx(180, abs=2)
    dark = crop.image[:, :, 0] < 128
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    assert (rows[-1] - rows[0], columns[-1] - columns[0]) == pytest.approx((24, 160), abs=5)


@pytest.mark.parametrize("box", [upright(5, 5, 5, 30), upright(5, 5, 30, 5), upright(5, 5, 5, 5)])
def test_an_empty_box_is_no_crop(box: np.ndarray) -> None:
    assert cut(PAGE, box) is None


def test_a_line_that_lies_askew_far_down_a_long_page_is_straightened() -> None:
    """OpenCV itself straightens nothing in pictures of 32,768 pixels."""
    page = np.full((40_000, 300, 3), 255, np.uint8)
    corners = np.array([[40, 38_010], [250, 38_040], [248, 38_060], [38, 38_030]], np.float32)
    cv2.fillPoly(page, [corners.astype(np.int32)], (0, 0, 0))
    far, near = cut(page, corners), cut(page[37_900:38_200], corners - np.array([0, 37_900], np.float32))
    assert far is not None
    assert near is not None
    assert np.abs(far.image.astype(int) - near.image.astype(int)).mean() <= 1
    assert far.image.mean() < 60


def test_a_line_too_long_to_be_straightened_is_cut_out_as_it_lies() -> None:
    page = np.full((120, 50_000, 3), 255, np.uint8)
    crop = cut(page, np.array([[10, 10], [49_000, 60], [49_000, 90], [10, 40]], np.float32))
    assert crop is not None
    assert crop.image.shape[1] >= 48_900
