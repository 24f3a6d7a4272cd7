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


@pytest.mark.parametrize("shape", [(300, 200), (1, 40), (40, 1), (31, 31), (700, 900)])
def test_ink_is_what_opencvs_adaptive_threshold_finds(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the components are those of OpenCV's own choice of an algorithm, in whatever order."""
    seen: list[tuple[np.ndarray, np.ndarray]] = []
    real = cv2.connectedComponentsWithStatsWithAlgorithm

    def noting(ink: np.ndarray, *rest: int) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
        found = real(ink, *rest)
        seen.append((ink.copy(), found[2]))
        return found

    monkeypatch.setattr(cv2, "connectedComponentsWithStatsWithAlgorithm", noting)
    grey = cv2.GaussianBlur(
        np.random.default_rng(6).integers(0, 255, shape, dtype=np.uint8), (5, 5), sigmaX=1.2
    )
    glyph_height(cv2.merge([grey] * 3))
    ((ink, stats),) = seen
    grey = cv2.cvtColor(cv2.merge([grey] * 3), cv2.COLOR_BGR2GRAY)
    expected = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 15)
    assert (ink == expected).all()
    assert ink.any() or min(shape) == 1
    theirs = cv2.connectedComponentsWithStats(expected, connectivity=8)[2]
    assert sorted(stats[1:].tolist()) == sorted(theirs[1:].tolist())


def test_a_drawing_of_lines_has_no_letters() -> None:
    drawing = np.full((800, 600, 3), 255, np.uint8)
    for y in range(20, 800, 40):
        cv2.line(drawing, (0, y), (600, y), (0, 0, 0), 2)
    assert glyph_height(drawing) is None
