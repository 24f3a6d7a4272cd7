"""Score maps of tiles put together: a line is one box, whichever seams it crosses, and found once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from unittest.mock import patch

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.engines.fast.boxes import BoxRule, find_boxes
from actors.engines.fast.mosaic import Mosaic, height_of, with_large, without_haze
from actors.engines.fast.sides import STRIDE, InTiles, Size, TileRule
from actors.engines.fast.small_print import SmallPrint
from actors.engines.fast.tiles import reduced

BOXES = BoxRule(0.3, 0.5, 1.6, whole_pixels=False, max_candidates=3000)
TILES = TileRule(small=0.74, pixels=256 * 256, overlap=64, most_pixels=64 << 20, largest=150)


def way(step: int = 32, letters: float = 10.0, whole: Size | None = None) -> InTiles:
    return InTiles(step, SmallPrint(letters, ((0, 0),), sure=True), whole, 9.5, 30.0, TILES)


def words(page: np.ndarray, start: tuple[float, float], angle: float, length: float, height: int) -> None:
    """A line of dashes from a point on, that go on in one direction (degrees)."""
    along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    ends = np.array(start) + np.outer([0, length], along)
    cv2.line(page, *ends.round().astype(int).tolist(), (0, 0, 0), height)


def scores(picture: np.ndarray) -> np.ndarray:
    """A model that looks at each pixel by itself: the darker, the surer."""
    return 1 - picture.mean(axis=2, dtype=np.float32) / 255


def boxes_of(page: np.ndarray, plan: InTiles) -> list[np.ndarray]:
    mosaic = Mosaic(page, plan, BOXES)
    done = [mosaic.add(tile, scores(mosaic.picture(tile))) for tile in mosaic.tiles]
    assert done == [False] * (len(done) - 1) + [True]
    return mosaic.boxes()


@pytest.mark.parametrize("angle", [0, 3, -7, 45, 90, 88])
@pytest.mark.parametrize("step", [26, 32, 57])
def test_a_line_across_many_seams_is_one_box(angle: float, step: int) -> None:
    page = np.full((1900, 1700, 3), 255, np.uint8)
    start = (150, 150 if angle >= 0 else 500)
    words(page, start, angle, 1400, 12)
    (box,) = boxes_of(page, way(step))
    sides = sorted([float(np.linalg.norm(box[1] - box[0])), float(np.linalg.norm(box[3] - box[0]))])
    assert sides[1] == pytest.approx(1412, rel=0.03)
    assert sides[0] <= 60
    turn = np.radians(angle)
    middle = np.array(start) + 700 * np.array([np.cos(turn), np.sin(turn)])
    assert box.mean(axis=0) == pytest.approx(middle, abs=8)


@settings(deadline=None, max_examples=15)
@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 24), st.integers(40, 900), st.sampled_from([16, 24])),
        min_size=1,
        max_size=25,
        unique_by=lambda one: one[0],
    ),
    st.integers(26, 70),
)
@example([(2, 0, 193, 24), (3, 0, 177, 24), (4, 0, 129, 16)], 26)
def test_lines_are_found_as_on_the_whole_map(lines: list[tuple[int, int, int, int]], step: int) -> None:
    """Nowhere does it matter where the seams are: no line is found twice, none is cut, none is missing.
    A line is a bar here, which may be an outline as well, so that those are not left out."""
    page = np.full((61 * 36, 1300, 3), 255, np.uint8)
    for row, column, length, height in lines:
        page[row * 36 + 4 : row * 36 + 4 + height, column * 16 + 8 : column * 16 + 8 + length] = 0
    plan = way(step)
    with patch("actors.engines.fast.mosaic.without_outlines", lambda page, boxes, letters: list(boxes)):
        ours = boxes_of(page, plan)
    canvas = Size(-(-page.shape[1] // step) * STRIDE, -(-page.shape[0] // step) * STRIDE)
    whole = cv2.convertScaleAbs(scores(reduced(page, canvas, step)), alpha=255)
    rule = replace(BOXES, thresh=int(255 * BOXES.thresh), box_thresh=255 * BOXES.box_thresh)
    theirs = find_boxes(whole, canvas.width // STRIDE * step, canvas.height // STRIDE * step, rule)
    edge = np.array(page.shape[1::-1], np.float32)
    assert len(ours) == len(lines)
    assert sorted(box.tolist() for box in ours) == sorted(np.minimum(box, edge).tolist() for box in theirs)


def test_tiles_may_come_in_any_order_and_from_any_thread() -> None:
    page = np.full((1500, 1500, 3), 255, np.uint8)
    for y in range(40, 1450, 50):
        words(page, (60 + y % 200, y), 0, 1200, 10)
    inorder = boxes_of(page, way())
    mosaic = Mosaic(page, way(), BOXES)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda tile: mosaic.add(tile, scores(mosaic.picture(tile))), mosaic.tiles[::-1]))
    assert sum(done) == 1
    assert [box.tolist() for box in mosaic.boxes()] == [box.tolist() for box in inorder]


def test_boxes_end_where_the_page_does() -> None:
    page = np.full((700, 701, 3), 255, np.uint8)
    page[680:700, 300:701] = 0
    (box,) = boxes_of(page, way(30))
    assert box.max(axis=0) == pytest.approx([701, 700])


def test_a_blank_page_has_no_tiles() -> None:
    assert Mosaic(np.full((3000, 3000, 3), 255, np.uint8), way(), BOXES).tiles == ()


def test_haze_is_taken_away_and_a_label_in_it_stays() -> None:
    """Around a label the model is of two minds: the area is no line, the label is."""
    score_map = np.full((300, 400), 0.02, np.float32)
    score_map[20:280, 20:380] = 0.36
    score_map[140:152, 150:250] = 0.95
    assert find_boxes(score_map, 400, 300, BOXES) == []
    (box,) = find_boxes(without_haze(score_map, BOXES), 400, 300, BOXES)
    assert box.mean(axis=0) == pytest.approx([200, 146], abs=2)


def test_a_line_is_no_haze() -> None:
    score_map = np.zeros((100, 300), np.float32)
    cv2.rectangle(score_map, (30, 40), (270, 52), 0.9, -1)
    score_map = cv2.GaussianBlur(score_map, (0, 0), 2)
    assert without_haze(score_map, BOXES) is score_map


def rectangle(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def test_large_letters_take_the_place_of_their_pieces() -> None:
    pieces = [rectangle(100, 100, 400, 420), rectangle(450, 110, 700, 400)]
    line, heading = rectangle(100, 600, 500, 620), rectangle(90, 80, 1200, 430)
    assert [box.tolist() for box in with_large([*pieces, line], [heading])] == [
        line.tolist(),
        heading.tolist(),
    ]


def test_a_block_of_small_print_is_no_heading() -> None:
    lines = [rectangle(100, 100 + 30 * row, 900, 122 + 30 * row) for row in range(10)]
    block = rectangle(95, 95, 905, 405)
    assert len(with_large(lines, [block])) == 10


def test_a_heading_is_found_once() -> None:
    whole, again = rectangle(100, 100, 900, 300), rectangle(120, 110, 880, 290)
    assert [box.tolist() for box in with_large([whole], [again])] == [whole.tolist()]
    assert len(with_large([], [whole, again])) == 1


def test_the_height_of_a_box_is_its_shorter_side() -> None:
    assert height_of(rectangle(0, 0, 10, 300)) == 10
