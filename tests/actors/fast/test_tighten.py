"""Of a loose picture of a line the rows with its ink are left, and a margin; of a tight one all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from actors.engines.fast.tighten import fitted, ready_line, tightened
from tests.actors.fast.readings import reading_of


def drawn(text: str, above: int, below: int, size: int = 30) -> tuple[np.ndarray, int]:
    """A line's picture with so many bare rows above and below its ink, and the ink's height."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(text)
    sheet = Image.new("RGB", (int(right - left) + 20, int(bottom - top) + above + below), "white")
    ImageDraw.Draw(sheet).text((10 - left, above - top), text, "black", font)
    return np.asarray(sheet), int(bottom - top)


def test_a_loose_box_is_tightened_to_its_ink_and_a_margin() -> None:
    picture, ink = drawn("1,234.50", above=6, below=30)
    tight = tightened(picture)
    assert 1.3 * ink <= tight.shape[0] <= 1.5 * ink or tight.shape[0] == pytest.approx(
        0.6 * len(picture), abs=2
    )
    assert (tight != 255).any(axis=(1, 2)).sum() == (picture != 255).any(axis=(1, 2)).sum(), "no ink is cut"


def test_a_tight_box_stays() -> None:
    picture, _ = drawn("Agp 12", above=3, below=3)
    assert tightened(picture).shape == picture.shape


def test_a_dash_is_not_blown_up() -> None:
    picture = np.full((50, 60, 3), 255, np.uint8)
    picture[24:27, 10:50] = 0
    assert tightened(picture).shape[0] >= 0.6 * 50


def test_lines_that_reach_in_from_above_and_below_keep_their_picture() -> None:
    picture = np.full((50, 200, 3), 255, np.uint8)
    picture[:2, 30:60] = picture[-2:, 90:120] = picture[20:35, 10:190] = 0
    assert tightened(picture).shape == picture.shape


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_picture_without_ink_stays(value: int) -> None:
    picture = np.full((40, 100, 3), value, np.uint8)
    assert tightened(picture).shape == picture.shape


def test_light_letters_on_dark_paper_are_ink() -> None:
    picture, _ = drawn("1,234.50", above=6, below=30)
    assert tightened(255 - picture).shape == tightened(picture).shape


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 60))
def test_some_rows_are_left_and_they_are_the_pictures_own(seed: int, height: int, width: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    tight = tightened(picture)
    assert 0.6 * height - 1 <= tight.shape[0] <= height
    assert tight.shape[1:] == picture.shape[1:]
    assert np.shares_memory(tight, picture)


def test_a_line_has_room_at_its_ends_and_places_do_not_count_it() -> None:
    picture = np.full((50, 200, 3), 255, np.uint8)
    picture[10:40] = 0  # ink from end to end
    ready = ready_line(picture)
    assert ready.image.shape[1] == 200 + 2 * ready.room
    assert ready.room >= 3
    whole = ready.image.shape[1]
    middle = reading_of("a")
    assert ready.in_line(middle).places == (0.5,)
    ends = replace(reading_of("ab"), places=(ready.room / whole, 1 - ready.room / whole))
    assert ready.in_line(ends).places == pytest.approx((0.0, 1.0))
    outside = replace(reading_of("ab"), places=(0.0, 1.0))
    assert ready.in_line(outside).places == (0.0, 1.0)


@pytest.mark.parametrize("turned", [False, True])
def test_a_box_much_higher_than_its_ink_is_fitted_to_it(turned: bool) -> None:
    picture = np.full((60, 200, 3), 255, np.uint8)
    picture[10:28, 10:190:3] = 0
    polygon = np.array([[50, 40], [250, 40], [250, 100], [50, 100]], np.float32)
    if turned:  # text from top to bottom: its first corner is the upper right one
        polygon = np.array([[100, 40], [100, 240], [40, 240], [40, 40]], np.float32)
    found = fitted(picture, polygon)
    down = (polygon[3] - polygon[0]) / 60
    top, bottom = (found[0] - polygon[0]) @ down, (found[3] - polygon[0]) @ down
    assert 0 <= top <= 10
    assert 28 <= bottom <= 36
    assert found[1] - found[0] == pytest.approx(polygon[1] - polygon[0])


def test_a_box_of_usual_margins_stays() -> None:
    picture = np.full((40, 200, 3), 255, np.uint8)
    picture[8:32, 10:190:3] = 0
    polygon = np.array([[0, 0], [200, 0], [200, 40], [0, 40]], np.float32)
    assert fitted(picture, polygon) is polygon
