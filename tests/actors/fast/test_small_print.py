"""How small the small print of a large page is, whatever stands around it, and what is no print at all."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from actors.engines.fast.small_print import is_blank, small_print
from tests.drawn import page as text_page
from tests.drawn import words


def placed(sheet: np.ndarray, text: np.ndarray, left: int, top: int) -> None:
    sheet[top : top + text.shape[0], left : left + text.shape[1]] = text


def blank(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), 255, np.uint8)


def smallest(page: np.ndarray) -> float:
    return small_print(page)[0].height


@pytest.mark.parametrize("size", [14, 20, 40, 70])
@pytest.mark.parametrize("dark", [False, True])
def test_the_height_follows_the_text(size: int, dark: bool) -> None:
    text = text_page(words(1, 40), size)
    text = 255 - text if dark else text
    assert 0.42 * size <= smallest(text) <= 0.8 * size


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_text_that_lies_on_its_side_has_the_same_height(turns: int) -> None:
    text = text_page(words(1, 60), 24)
    turned = np.ascontiguousarray(np.rot90(text, turns))
    assert smallest(turned) == pytest.approx(smallest(text), rel=0.25)


def test_large_headings_do_not_hide_small_print() -> None:
    sheet = blank(6000, 6000)
    placed(sheet, text_page(["GRAND SUMMER SALE", "EVERYTHING MUST GO"] * 5, 300), 100, 100)
    assert all(one.height >= 60 for one in small_print(sheet))
    placed(sheet, text_page(words(3, 12), 18), 4000, 5500)
    found = small_print(sheet)
    assert 7 <= found[0].height <= 14
    assert any(abs(x - 4200) < 600 and abs(y - 5600) < 500 for x, y in found[0].places)


def test_circles_and_lines_do_not_matter() -> None:
    """A sheet with many drawn shapes and few labels, none of them ten letters long."""
    sheet = blank(5600, 4000)
    chance = np.random.default_rng(4)
    for x, y, radius in chance.integers((0, 0, 15), (5600, 4000, 200), (80, 3)).tolist():
        cv2.circle(sheet, (x, y), radius, (0, 0, 0), 2)
        cv2.line(sheet, (x, y), (x + 3 * radius, y - radius), (0, 0, 0), 2)
    assert all(one.height > 20 or not one.sure for one in small_print(sheet))
    for number in range(6):
        placed(
            sheet, text_page([f"DN {150 + number}"], 22, margin=6), 300 + 800 * number, 3000 - 400 * number
        )
    assert 9 <= smallest(sheet) <= 18


@pytest.mark.parametrize("shape", [(9000, 700), (700, 11000), (5000, 5000)])
def test_a_few_words_anywhere_are_seen(shape: tuple[int, int]) -> None:
    for seed in range(4):
        sheet = blank(shape[1], shape[0])
        chance = np.random.default_rng(seed)
        text = text_page(["harbour 4711"], 26, margin=4)
        placed(
            sheet,
            text,
            int(chance.integers(0, shape[1] - text.shape[1])),
            int(chance.integers(0, shape[0] - 60)),
        )
        assert 10 <= smallest(sheet) <= 22


@pytest.mark.parametrize("name", ["blobs", "weave", "dots", "stripes", "noise", "white", "black"])
def test_textures_are_not_taken_for_small_print(name: str) -> None:
    """The model is asked about what is irregular enough; what is regular is known."""
    chance = np.random.default_rng(2)
    y, x = np.mgrid[0:2100, 0:2100]
    rough = chance.normal(0, 1, (2100, 2100)).astype(np.float32)
    grey = {
        "blobs": 128 + 400 * cv2.GaussianBlur(rough, (0, 0), 1.5),
        "weave": 150 + 50 * np.sin(x * 0.63) * np.sin(y * 0.63) + 8 * rough,
        "dots": np.where((np.cos((x + y) * 0.56) + np.cos((x - y) * 0.56)) / 4 + 0.5 < x / 2100, 255, 0),
        "stripes": (x // 3 % 2) * 255,
        "noise": 128 + 60 * rough,
        "white": np.full_like(rough, 255),
        "black": np.zeros_like(rough),
    }[name]
    page = cv2.merge([np.clip(grey, 0, 255).astype(np.uint8)] * 3)
    found = small_print(page)
    assert not any(one.sure for one in found)
    if name not in ("blobs", "noise"):  # the model is asked about these
        assert not found or found[0].height >= 12


def test_words_whose_letters_hang_together_are_seen_too() -> None:
    """As in script: each word is one stroke along its line."""
    sheet = blank(700, 6000)
    chance = np.random.default_rng(5)
    for y in range(40, 5900, 60):
        x = 30
        while x < 560:
            length = int(chance.integers(60, 140))
            at = np.arange(length)
            curve = y + 10 * np.sin(at * 0.7) + 4 * np.sin(at * 0.23)
            cv2.polylines(sheet, [np.stack([x + at, curve], 1).astype(np.int32)], False, (0, 0, 0), 3)
            x += length + 14
    assert 8 <= smallest(sheet) <= 20


@pytest.mark.parametrize("shape", [(1, 1), (1, 30000), (30000, 1), (8, 65535), (31, 31)])
def test_pages_of_odd_shapes(shape: tuple[int, int]) -> None:
    assert small_print(np.full((*shape, 3), 255, np.uint8)) == []
    noise = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert len(small_print(noise)) <= 3


def test_many_letters_need_no_model() -> None:
    assert small_print(text_page(words(7, 60, most=9), 20, width=500))[0].sure
    assert not small_print(text_page(["harbour"], 20))[0].sure


def test_blank_is_what_has_one_colour_nearly() -> None:
    page = np.full((50, 60, 3), (10, 200, 90), np.uint8)
    assert is_blank(page)
    page[3, 4, 1] += 8
    assert is_blank(page)
    page[3, 5, 2] += 30
    assert not is_blank(page)
