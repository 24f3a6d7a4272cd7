"""A drawn circle is no letter, nothing is no text, and a piece of a line that goes on is none either."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from actors.engines.fast.outlines import without_outlines
from tests.drawn import page as text_page


def box(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def remains(page: np.ndarray, one: np.ndarray, letters: float = 10.0) -> bool:
    return bool(without_outlines(page, [one], letters))


@pytest.mark.parametrize("radius", [70, 100, 150, 600])
@pytest.mark.parametrize("dark", [False, True])
def test_a_large_circle_is_an_outline(radius: int, dark: bool) -> None:
    page = np.full((1600, 1600, 3), 255, np.uint8)
    cv2.circle(page, (800, 800), radius, (0, 0, 0), 2)
    around = box(*(800 + sign * (radius + 6) for sign in (-1, -1, 1, 1)))
    assert not remains(255 - page if dark else page, around)


@pytest.mark.parametrize("size", [24, 60, 200, 900])
@pytest.mark.parametrize("text", ["O", "I", "7", "SALE", "a long line of words"])
@pytest.mark.parametrize("dark", [False, True])
def test_letters_of_any_size_are_text(size: int, text: str, dark: bool) -> None:
    page = text_page([text], size, margin=size)
    page = 255 - page if dark else page
    ys, xs = np.nonzero(page.min(axis=2) != page[0, 0, 0])
    margin = max(2, size // 6)
    around = box(xs.min() - margin, ys.min() - margin, xs.max() + margin, ys.max() + margin)
    assert remains(page, around)


def test_a_small_circle_may_be_a_letter() -> None:
    page = np.full((200, 200, 3), 255, np.uint8)
    cv2.circle(page, (100, 100), 12, (0, 0, 0), 2)
    assert remains(page, box(84, 84, 116, 116))


def test_a_piece_of_a_curve_is_no_digit() -> None:
    """It goes on beyond the box; a digit beside it does not."""
    page = np.full((600, 600, 3), 255, np.uint8)
    cv2.circle(page, (300, 300), 250, (0, 0, 0), 2)
    assert not remains(page, box(42, 280, 60, 320))
    cv2.putText(page, "7", (62, 312), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2)
    assert remains(page, box(42, 280, 86, 320))


def test_nothing_is_no_text() -> None:
    page = np.full((200, 200, 3), 240, np.uint8)
    assert not remains(page, box(50, 50, 90, 62))
    assert not remains(page, box(50, 50, 50, 62))


def test_an_underlined_word_is_text() -> None:
    page = np.array(text_page(["12 345"], 30, margin=30))
    ys, xs = np.nonzero(page.min(axis=2) < 128)
    cv2.line(page, (0, int(ys.max()) + 5), (page.shape[1], int(ys.max()) + 5), (0, 0, 0), 2)
    assert remains(page, box(xs.min() - 4, ys.min() - 4, xs.max() + 4, ys.max() + 8))
