"""The signs of check boxes in the text: in the line they belong to, once, and not for letters."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from actors.engines.fast.crops import Crop, cut
from actors.engines.fast.ctc import Reading
from actors.engines.fast.ticks import set_ticks
from tests.actors.fast.engines import engine

LABEL = Reading("Married", 0.99, places=(0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95))


def paper(*boxes: tuple[int, int, str]) -> np.ndarray:
    """A page with boxes of 26 pixels: left, top and whether one is ticked (x)."""
    sheet = Pictures.new("RGB", (600, 200), "white")
    pen = ImageDraw.Draw(sheet)
    for x, y, state in boxes:
        pen.rectangle((x, y, x + 26, y + 26), outline="black", width=2)
        if state:
            pen.line((x + 5, y + 5, x + 21, y + 21), "black", 2)
            pen.line((x + 5, y + 21, x + 21, y + 5), "black", 2)
    return np.asarray(sheet)


def crop(page: np.ndarray, left: int, top: int, right: int, bottom: int) -> Crop:
    found = cut(page, np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32))
    assert found is not None
    return found


def reading(text: str, score: float = 0.99) -> Reading:
    """Its characters are spread evenly."""
    return Reading(text, score, places=tuple((index + 0.5) / len(text) for index in range(len(text))))


def read(page: np.ndarray, *lines: tuple[tuple[int, int, int, int], Reading]) -> list[str]:
    crops = [crop(page, *place) for place, _ in lines]
    crops, readings = set_ticks(page, crops, [reading for _, reading in lines])
    assert len(crops) == len(readings)
    for reading in readings:
        assert len(reading.places) == len(reading.text)
    return [reading.text for reading in readings]


def test_a_box_stands_before_the_text_on_its_right() -> None:
    page = paper((200, 57, "x"))
    assert read(page, ((20, 50, 120, 90), LABEL), ((240, 50, 300, 90), reading("yes"))) == [
        "Married",
        "☒ yes",
    ]


def test_the_line_reaches_over_its_box() -> None:
    page = paper((200, 57, ""))
    lines = [crop(page, 20, 50, 120, 90), crop(page, 240, 50, 300, 90)]
    (_, found), _ = set_ticks(page, lines, [LABEL, reading("yes")])
    assert found.polygon[0].tolist() == pytest.approx([200, 50], abs=3)
    assert found.polygon[1].tolist() == [300, 50]
    assert found.image.shape[:2] == (40, pytest.approx(100, abs=3))


def test_a_box_behind_its_text() -> None:
    page = paper((310, 57, ""))
    assert read(page, ((240, 50, 300, 90), reading("yes")), ((20, 50, 120, 90), LABEL))[0] == "yes ☐"


def test_a_box_away_from_all_text_of_its_row_is_a_line() -> None:
    page = paper((400, 57, "x"))
    assert read(page, ((20, 50, 120, 90), LABEL)) == ["Married", "☒"]


def test_a_box_in_no_row_is_nothing() -> None:
    page = paper((400, 150, "x"))
    assert read(page, ((20, 50, 120, 90), LABEL)) == ["Married"]


@pytest.mark.parametrize("misread", ["口", "X", "□", "☑", ""])
def test_a_line_that_is_only_the_box_is_not_doubled(misread: str) -> None:
    page = paper((200, 57, "x"))
    lines = [
        ((20, 50, 120, 90), LABEL),
        ((195, 50, 231, 90), reading(misread)),
        ((240, 50, 300, 90), reading("no")),
    ]
    assert read(page, *lines) == ["Married", "☒ no"]


def test_a_letter_in_a_box_stays_a_letter() -> None:
    page = paper((200, 57, "x"))
    lines = [
        ((20, 50, 120, 90), LABEL),
        ((195, 50, 231, 90), reading("K")),
        ((240, 50, 300, 90), reading("no")),
    ]
    assert read(page, *lines) == ["Married", "K", "no"]


@pytest.mark.parametrize(
    ("text", "expected"), [("□ yes", "☒ yes"), ("口yes", "☒ yes"), ("x yes", "☒ yes"), ("Dyes", "Dyes")]
)
def test_a_sign_in_the_line_is_replaced(text: str, expected: str) -> None:
    page = paper((204, 57, "x"))
    assert read(page, ((20, 50, 120, 90), LABEL), ((200, 50, 330, 90), reading(text)))[1] == expected


def test_a_box_that_was_left_out_of_its_line_is_put_in() -> None:
    page = paper((204, 57, ""))
    places = Reading("yes", 0.99, places=(0.5, 0.7, 0.9))
    assert read(page, ((20, 50, 120, 90), LABEL), ((200, 50, 330, 90), places))[1] == "☐ yes"


def test_chinese_squares_are_letters() -> None:
    page = paper((204, 57, ""))
    lines = [((20, 50, 120, 90), reading("出口方向")), ((200, 50, 330, 90), reading("口内科室"))]
    assert read(page, *lines) == ["出口方向", "口内科室"]


def test_a_page_that_was_read_badly_is_left_alone() -> None:
    page = paper((204, 57, ""))
    lines = [((20, 50, 120, 90), reading("Haa1", 0.6)), ((240, 50, 330, 90), reading("EaN", 0.7))]
    assert read(page, *lines) == ["Haa1", "EaN"]
    assert read(page) == []


def test_a_form() -> None:
    sheet = Pictures.new("RGB", (760, 420), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(26)
    questions = ["Smoker", "Allergic to penicillin", "Previous surgery", "Insured abroad"]
    states = ["x.", ".x", "x.", ".."]
    for row, (question, state) in enumerate(zip(questions, states, strict=True)):
        y = 60 + 84 * row
        pen.text((40, y), question, "black", font, anchor="lm")
        for place, (answer, ticked) in enumerate(zip(("yes", "no"), state, strict=True)):
            x = 420 + 170 * place
            pen.rectangle((x, y - 15, x + 30, y + 15), outline="black", width=3)
            if ticked == "x":
                pen.line((x + 4, y - 11, x + 26, y + 11), "black", 3)
                pen.line((x + 4, y + 11, x + 26, y - 11), "black", 3)
            pen.text((x + 46, y), answer, "black", font, anchor="lm")
    lines = engine().recognize([np.asarray(sheet)])[0].lines
    for row, state in enumerate(states):
        y = 60 + 84 * row
        of_row = [line for line in lines if abs((line.polygon[1] + line.polygon[7]) / 2 - y) < 20]
        text = " ".join(line.text for line in sorted(of_row, key=lambda line: line.polygon[0]))
        assert re.findall("[☐☑☒]", text) == ["☒" if ticked == "x" else "☐" for ticked in state]
        assert re.search("[☐☒] yes [☐☒] no$", text)
