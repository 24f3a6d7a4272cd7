"""Lone characters that the model takes for others are told by the shape of their ink."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from actors.contracts import Image
from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.lone_shapes import glyph_in, settle_by_shape


def picture(*strokes: tuple[int, int, int, int], size: tuple[int, int] = (40, 36), thick: int = 3) -> Image:
    """Lines from a point to another (x, y), black on white."""
    drawn = np.full((*size, 3), 250, np.uint8)
    for x, y, end_x, end_y in strokes:
        cv2.line(drawn, (x, y), (end_x, end_y), (10, 10, 10), thick)
    return drawn


def ring(width: int, height: int) -> Image:
    drawn = np.full((40, 44, 3), 250, np.uint8)
    cv2.ellipse(drawn, (22, 20), (width // 2, height // 2), 0, 0, 360, (10, 10, 10), 3)
    return drawn


SLASH = picture((22, 7, 12, 30))
BRACKET = picture((20, 6, 20, 32), (15, 6, 20, 6), (15, 32, 20, 32))
ONE = picture((18, 8, 18, 30), (12, 13, 18, 8))
FOOTED = picture((18, 8, 18, 30), (12, 11, 18, 8), (11, 30, 25, 30))
ITALIC = picture((20, 8, 15, 30), (13, 13, 20, 8))
ITALIC_I = picture((20, 8, 16, 30))
TINY_CROSS = picture((14, 20, 21, 30), (21, 20, 14, 30), thick=2)
SEVEN = picture((10, 8, 24, 8), (24, 8, 14, 30))
STROKE = picture((18, 8, 18, 30))
TALL = picture((12, 8, 12, 30), (12, 8, 24, 8), (12, 19, 24, 19), (12, 30, 24, 30))
CROSS = picture((12, 8, 24, 30), (24, 8, 12, 30))
SMALL_CROSS = picture((12, 15, 24, 30), (24, 15, 12, 30))


def settled(image: Image, text: str, score: float = 0.99) -> Reading:
    """What becomes of a lone character beside three others that are as high as capitals."""
    nowhere = np.zeros((4, 2), np.float32)
    crops = [Crop(image, nowhere), *(Crop(TALL, nowhere) for _ in range(3))]
    return settle_by_shape(crops, [Reading(text, score), *(Reading("E", 0.99) for _ in range(3))])[0]


@pytest.mark.parametrize(
    ("image", "text", "expected"),
    [
        (SLASH, "1", "/"),
        (SLASH, "I", "/"),
        (SLASH, "7", "7"),
        (BRACKET, "1", "]"),
        (BRACKET[:, ::-1], "1", "1"),
        (ONE, "1", "1"),
        (FOOTED, "1", "1"),
        (ITALIC, "1", "1"),
        (ITALIC_I, "I", "I"),
        (SEVEN, "1", "1"),
        (ring(26, 26), "0", "O"),
        (ring(16, 26), "0", "0"),
        (ring(14, 14), "0", "0"),
        (CROSS, "x", "X"),
        (SMALL_CROSS, "X", "x"),
        (CROSS, "X", "X"),
        (TINY_CROSS, "X", "X"),
    ],
)
def test_shapes(image: Image, text: str, expected: str) -> None:
    found = settled(np.ascontiguousarray(image), text)
    assert found.text == expected
    assert found.score == 0.99


@pytest.mark.parametrize(("score", "expected"), [(0.8, "I"), (0.99, "1")])
def test_a_bare_stroke_that_is_not_sure_is_no_one(score: float, expected: str) -> None:
    assert settled(STROKE, "1", score) == Reading(expected, score)


def test_a_shape_is_surer_than_the_reading_was() -> None:
    assert settled(SLASH, "1", 0.6) == Reading("/", 0.9)


def test_where_only_digits_are_read_there_are_no_letters() -> None:
    nowhere = np.zeros((4, 2), np.float32)
    crops = [Crop(ring(26, 26), nowhere), *(Crop(TALL, nowhere) for _ in range(3))]
    digits = [Reading("0", 0.9), *(Reading("8", 0.99) for _ in range(3))]
    assert settle_by_shape(crops, digits) == digits


def test_without_others_the_size_says_nothing() -> None:
    one = Reading("X", 0.9)
    assert settle_by_shape([Crop(SMALL_CROSS, np.zeros((4, 2), np.float32))], [one]) == [one]


def test_the_lines_of_a_table_are_no_part_of_a_glyph() -> None:
    framed = SLASH.copy()
    framed[:, :2] = framed[:2] = 10
    bare, inside = glyph_in(SLASH), glyph_in(framed)
    assert bare is not None and inside is not None
    assert (bare == inside).all()
    assert glyph_in(np.full((20, 20, 3), 250, np.uint8)) is None
