"""Lines that are too long for one pass are cut in gaps between words."""

from __future__ import annotations

import numpy as np
import pytest

from actors.engines.fast.wide import cut_places
from tests.drawn import page, words


def line(text: str, size: float = 30) -> np.ndarray:
    """A line's picture, about as detection cuts it."""
    return page([text], size, margin=3, gap=1.1)


def is_bare(image: np.ndarray, x: int) -> bool:
    return bool((image[:, x] > 200).all())


@pytest.mark.parametrize("seed", range(6))
def test_cuts_fall_in_gaps_between_words(seed: int) -> None:
    image = line(" ".join(words(seed, 8)))
    longest = 600
    places = cut_places(image, longest)
    assert places
    edges = [0, *(x for x, _ in places), image.shape[1]]
    assert edges == sorted(edges)
    assert max(np.diff(edges)) <= longest
    assert min(np.diff(edges)[:-1]) >= longest / 2
    for x, is_gap in places:
        assert is_gap
        assert is_bare(image, x)


def test_a_line_that_fits_is_not_cut() -> None:
    assert cut_places(line("short"), 600) == []
    assert cut_places(np.zeros((48, 600, 3), np.uint8), 600) == []


def test_a_line_without_gaps_is_cut_and_says_so() -> None:
    image = line("M" * 80)
    places = cut_places(image, 600)
    assert len(places) >= image.shape[1] // 600
    assert not any(is_gap for _, is_gap in places)


def test_light_text_on_dark_paper() -> None:
    image = 255 - line(" ".join(words(1, 8)))
    assert all(is_gap and (image[:, x] < 60).all() for x, is_gap in cut_places(image, 600))


@pytest.mark.parametrize("image", [np.zeros((48, 9000, 3), np.uint8), np.full((3, 9000, 3), 255, np.uint8)])
def test_a_blank_line_is_cut_somewhere(image: np.ndarray) -> None:
    edges = [0, *(x for x, _ in cut_places(image, 3000)), 9000]
    assert max(np.diff(edges)) <= 3000
    assert min(np.diff(edges)) > 0
