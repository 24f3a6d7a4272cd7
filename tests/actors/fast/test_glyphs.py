"""The cheap look at a page: how high its letters are, without a model."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from actors.engines.fast.glyphs import glyph_height
from tests.drawn import page, words


@pytest.mark.parametrize("size", [14, 20, 28, 40])
def test_the_height_follows_the_text(size: int) -> None:
    seen = glyph_height(page(words(1, 12), size))
    assert seen is not None
    assert 0.45 * size <= seen <= 0.8 * size


def test_the_height_is_in_the_pages_pixels_although_a_large_page_is_looked_at_small() -> None:
    small = page(words(1, 20), 20)
    large = cv2.resize(small, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
    heights = glyph_height(small), glyph_height(large)
    assert heights[0] is not None
    assert heights[1] is not None
    assert heights[1] / heights[0] == pytest.approx(5, rel=0.2)


def test_light_text_on_a_dark_page_is_seen_too_or_not_at_all() -> None:
    seen = glyph_height(255 - page(words(1, 12), 24))
    assert seen is None or 4 <= seen <= 40


@pytest.mark.parametrize(
    "blank",
    [
        np.full((300, 200, 3), 255, np.uint8),
        np.zeros((300, 200, 3), np.uint8),
        np.full((1, 1, 3), 255, np.uint8),
        np.full((1, 5000, 3), 255, np.uint8),
        np.full((5000, 1, 3), 255, np.uint8),
        page(["few"], 24),
    ],
    ids=["white", "black", "1x1", "a row", "a column", "three letters"],
)
def test_a_page_without_letters_has_no_height(blank: np.ndarray) -> None:
    assert glyph_height(blank) is None


def test_a_drawing_of_lines_has_no_letters() -> None:
    drawing = np.full((800, 600, 3), 255, np.uint8)
    for y in range(20, 800, 40):
        cv2.line(drawing, (0, y), (600, y), (0, 0, 0), 2)
    assert glyph_height(drawing) is None
