"""Words of lines: their boxes on drawn pages whose words are known, as they are, turned, narrow and wide."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from actors.contracts import PageResult
from actors.engines import build_engine
from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.words import words_of
from actors.settings import EngineConfig
from tests.drawn import letters, words
from tests.models import require_model

Box = tuple[float, float, float, float]


@functools.cache
def engine() -> object:
    require_model()
    return build_engine(EngineConfig(words=True, threads=1))


def read(page: np.ndarray) -> PageResult:
    return engine().recognize([page])[0]  # type: ignore[attr-defined,no-any-return]


def drawn(lines: list[str], size: float, margin: int = 30) -> tuple[np.ndarray, list[tuple[str, Box]]]:
    """A page, and for each word its ink from left to right, and the ink of its line from top to bottom."""
    font = ImageFont.load_default(size)
    width = int(max(font.getlength(line) for line in lines)) + 2 * margin
    sheet = Image.new("L", (width, int(len(lines) * size * 1.8) + 2 * margin), 255)
    pen = ImageDraw.Draw(sheet)
    known: list[tuple[str, Box]] = []
    for number, line in enumerate(lines):
        top = margin + number * size * 1.8
        pen.text((margin, top), line, 0, font)
        _, upper, _, lower = pen.textbbox((margin, top), line, font)
        start = 0
        for word in line.split():
            start = line.index(word, start)
            left = margin + font.getlength(line[:start])
            x0, _, x1, _ = pen.textbbox((left, top), word, font)
            known.append((word, (x0, upper, x1, lower)))
            start += len(word)
    return np.asarray(sheet.convert("RGB")), known


def overlap(polygon: tuple[float, ...], box: Box, matrix: np.ndarray | None = None) -> float:
    """Intersection over union of a word's polygon and a known box, which `matrix` moved."""
    x0, y0, x1, y1 = box
    corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)
    if matrix is not None:
        corners = cv2.transform(corners[None], matrix)[0].astype(np.float32)
    found = np.array(polygon, np.float32).reshape(4, 2)
    shared = cv2.intersectConvexConvex(found, corners)[0]
    return float(shared / (cv2.contourArea(found) + cv2.contourArea(corners) - shared))


def matched(
    result: PageResult, known: list[tuple[str, Box]], matrix: np.ndarray | None = None
) -> Iterator[float]:
    """For each known word the best overlap with a word of that text."""
    found = [word for line in result.lines for word in line.words or ()]
    for text, box in known:
        same = [word for word in found if letters(word.text) == letters(text)]
        yield max((overlap(word.polygon, box, matrix) for word in same), default=0.0)


def share(overlaps: Iterator[float]) -> float:
    values = list(overlaps)
    return sum(value >= 0.7 for value in values) / len(values)


@pytest.mark.parametrize("size", [20, 28, 48])
def test_words_are_where_they_were_drawn(size: int) -> None:
    page, known = drawn(words(size, 14, most=6), size)
    assert share(matched(read(page), known)) >= 0.95


def test_words_of_a_turned_page() -> None:
    page, known = drawn(words(3, 12, most=6), 28, margin=120)
    height, width = page.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 4, 1.0)
    turned = cv2.warpAffine(page, matrix, (width, height), borderValue=(255, 255, 255))
    assert share(matched(read(turned), known, matrix)) >= 0.95


def test_short_lines() -> None:
    page, known = drawn(["No 7", "to", "Sum 9", "ok go", "Total", "page 3"], 30)
    assert share(matched(read(page), known)) >= 0.95


def test_narrow_letters() -> None:
    page, known = drawn(words(5, 12, most=5), 40)
    narrow = np.asarray(Image.fromarray(page).resize((page.shape[1] * 6 // 10, page.shape[0])))
    squeezed = [(text, (x0 * 0.6, y0, x1 * 0.6, y1)) for text, (x0, y0, x1, y1) in known]
    assert share(matched(read(narrow), squeezed)) >= 0.95


def test_a_line_that_is_read_in_pieces() -> None:
    page, known = drawn([" ".join(words(11, 1)[0] for _ in range(45))], 24)
    assert page.shape[1] > 4000
    result = read(page)
    assert len(result.lines) == 1
    assert share(matched(result, known[:8])) >= 0.95 or share(matched(result, known)) >= 0.95


def test_words_are_the_line() -> None:
    page, _ = drawn(words(8, 10, most=6), 26)
    for line in read(page).lines:
        assert " ".join(word.text for word in line.words or ()) == " ".join(line.text.split())


def test_without_the_option_there_are_none() -> None:
    require_model()
    page, _ = drawn(["some words here"], 28)
    result = build_engine(EngineConfig(threads=1)).recognize([page])[0]
    assert [line.words for line in result.lines] == [None]


def test_chinese_characters_are_words_of_their_own() -> None:
    image = np.full((40, 200, 3), 255, np.uint8)
    for left in (10, 60, 120):
        image[8:32, left : left + 30] = 0
    polygon = np.array([(0, 0), (200, 0), (200, 40), (0, 40)], np.float32)
    reading = Reading("中文AB", 0.9, places=(0.12, 0.37, 0.6, 0.7))
    found = words_of(Crop(image, polygon), reading)
    assert [word.text for word in found] == ["中", "文", "AB"]
    assert [word.polygon[0] for word in found] == pytest.approx([10, 60, 120])
    assert [word.polygon[2] for word in found] == pytest.approx([40, 90, 150])
    assert {word.polygon[1] for word in found} == {8}


def test_a_line_without_ink_or_places() -> None:
    polygon = np.array([(0, 0), (100, 0), (100, 40), (0, 40)], np.float32)
    crop = Crop(np.full((40, 100, 3), 200, np.uint8), polygon)
    assert words_of(crop, Reading("", 0.0)) == ()
    assert [word.text for word in words_of(crop, Reading("a b", 0.5, places=(0.1, 0.5, 0.9)))] == ["a", "b"]
