"""Check boxes are found, with their state; letters, cells and codes are none."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from actors.engines.fast.check_boxes import CHECKED, CROSSED, EMPTY, find_check_boxes

LINE = 40
"""Height of the lines beside the boxes, in pixels."""


def tick(pen: ImageDraw.ImageDraw, kind: str, x: int, y: int, side: int, stroke: int) -> None:
    """Draw a mark into a box."""
    if kind in ("cross", "beyond"):
        inset = side // 6 if kind == "cross" else -side // 8
        near, far = inset, side - inset
        pen.line((x + near, y + near, x + far, y + far), 0, stroke)
        pen.line((x + near, y + far, x + far, y + near), 0, stroke)
    if kind in ("check", "checked beyond"):
        out = side // 4 if kind == "checked beyond" else -side // 8
        pen.line((x + side // 5, y + side // 2, x + side * 2 // 5, y + side * 4 // 5), 0, stroke)
        pen.line((x + side * 2 // 5, y + side * 4 // 5, x + side + out, y - out), 0, stroke)
    if kind == "filled":
        pen.rectangle((x + side // 4, y + side // 4, x + side * 3 // 4, y + side * 3 // 4), 0)


def page(kinds: list[str], side: int, stroke: int, radius: float = 0.0) -> np.ndarray:
    """A page (H×W×3 uint8) with a box in each row, and a word behind it."""
    sheet = Pictures.new("L", (400, 80 * len(kinds) + 60), 255)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(24)
    for row, kind in enumerate(kinds):
        x, y = 50, 60 + 80 * row
        pen.rounded_rectangle((x, y, x + side, y + side), radius * side, outline=0, width=stroke)
        tick(pen, kind, x, y, side, stroke)
        pen.text((x + side + 14, y + side / 2), "Asthma", 0, font, anchor="lm")
    return np.asarray(sheet.convert("RGB")).copy()


STATES = {
    "empty": EMPTY,
    "cross": CROSSED,
    "beyond": CROSSED,
    "check": CHECKED,
    "checked beyond": CHECKED,
    "filled": CROSSED,
}


@pytest.mark.parametrize(("side", "stroke"), [(16, 1), (20, 2), (26, 2), (34, 3), (44, 3)])
@pytest.mark.parametrize("radius", [0.0, 0.1])
def test_boxes_and_their_states(side: int, stroke: int, radius: float) -> None:
    kinds = list(STATES)
    found = find_check_boxes(page(kinds, side, stroke, radius), LINE)
    assert [box.sign for box in found] == [STATES[kind] for kind in kinds]
    for row, box in enumerate(found):
        assert abs(box.left - 50) <= 3
        assert abs(box.top - 60 - 80 * row) <= 3
        assert abs(box.side - side) <= 5


@pytest.mark.parametrize("scale", [0.6, 2.0, 4.0])
def test_pages_of_any_size(scale: float) -> None:
    sheet = cv2.resize(
        page(["empty", "cross"], 30, 3), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
    )
    assert [box.sign for box in find_check_boxes(sheet, LINE * scale)] == [EMPTY, CROSSED]


def test_blurred_and_noisy_boxes() -> None:
    noise = np.random.default_rng(1).normal(0, 12, (300, 400, 3))
    sheet = cv2.GaussianBlur(page(["empty", "cross", "check"], 26, 2), (0, 0), 0.8)[:300]
    worn = np.clip(sheet + noise, 0, 255).astype(np.uint8)
    assert [box.sign for box in find_check_boxes(worn, LINE)] == [EMPTY, CROSSED, CHECKED]


@pytest.mark.parametrize("size", [18, 26, 34])
def test_letters_are_no_boxes(size: int) -> None:
    chance, font = random.Random(size), ImageFont.load_default(size)
    sheet = Pictures.new("L", (900, 900), 255)
    pen = ImageDraw.Draw(sheet)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789#@&%"
    for row in range(int(800 / size / 1.5)):
        text = " ".join("".join(chance.choices(letters, k=chance.randint(1, 8))) for _ in range(9))
        pen.text((30, 30 + row * size * 1.5), text, 0, font)
    assert find_check_boxes(np.asarray(sheet.convert("RGB")), 1.7 * size) == []


def test_cells_of_tables_are_no_boxes() -> None:
    sheet = np.full((300, 400, 3), 255, np.uint8)
    for edge in range(20, 261, 30):
        sheet[edge : edge + 2, 20:262] = 0
        sheet[20:262, edge : edge + 2] = 0
    assert find_check_boxes(sheet, LINE) == []


def test_places_for_letters_are_no_boxes() -> None:
    sheet = Pictures.new("L", (500, 120), 255)
    pen = ImageDraw.Draw(sheet)
    for place in range(8):
        pen.rectangle((40 + place * 34, 40, 66 + place * 34, 66), outline=0, width=2)
    assert find_check_boxes(np.asarray(sheet.convert("RGB")), LINE) == []


def test_marks_of_a_code_are_no_boxes() -> None:
    modules = np.random.default_rng(4).integers(0, 2, (29, 29), np.uint8)
    for y, x in ((0, 0), (0, 22), (22, 0)):
        modules[max(0, y - 1) : y + 8, max(0, x - 1) : x + 8] = 0
        modules[y : y + 7, x : x + 7] = 1
        modules[y + 1 : y + 6, x + 1 : x + 6] = 0
        modules[y + 2 : y + 5, x + 2 : x + 5] = 1
    code = np.kron(1 - modules, np.full((4, 4), 255, np.uint8))
    sheet = np.full((220, 320, 3), 255, np.uint8)
    sheet[50 : 50 + code.shape[0], 60 : 60 + code.shape[1]] = code[..., None]
    assert find_check_boxes(sheet, LINE) == []


def test_what_is_written_is_not_looked_at() -> None:
    sheet = page(["empty", "cross"], 26, 2)
    assert len(find_check_boxes(sheet, LINE)) == 2
    (left,) = find_check_boxes(sheet, LINE, [(40, 40, 200, 100)])
    assert left.sign == CROSSED


def test_tiny_lines_and_odd_pictures() -> None:
    for shape in ((1, 1), (3, 500), (500, 2)):
        assert find_check_boxes(np.zeros((*shape, 3), np.uint8), LINE) == []
    assert find_check_boxes(page(["empty"], 26, 2), 8) == []
