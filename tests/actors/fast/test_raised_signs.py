"""Small raised and lowered digits are set as such, and nothing else is."""

from __future__ import annotations

import random
from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.glyph_boxes import glyph_boxes, small_runs
from actors.engines.fast.raised_signs import set_apart
from tests.actors.fast.engines import engine
from tests.actors.fast.readings import Reader

RAISED, LOWERED = 0.42, -0.17
"""How far above and below the line small text is drawn, over the height of capitals."""


def drawn(*parts: str | tuple[str, float], size: int = 32, scale: float = 0.66) -> np.ndarray:
    """A line (H×W×3 uint8) of text; parts with a number are small, and raised by it."""
    font, small = ImageFont.load_default(size), ImageFont.load_default(round(size * scale))
    capitals = -font.getbbox("H", anchor="ls")[1]
    line = Pictures.new("RGB", (40 * size, round(capitals * 2)), "white")
    pen, x = ImageDraw.Draw(line), size / 3
    for part in parts:
        text, up = (part, 0.0) if isinstance(part, str) else part
        used = font if isinstance(part, str) else small
        pen.text((x, capitals * (1.45 - up)), text, "black", used, anchor="ls")
        x += used.getlength(text)
    return np.asarray(line)[:, : round(x + size / 3)]


def runs(line: np.ndarray) -> list[tuple[str, int]]:
    """Kind of small glyphs, and how many glyphs stand before them."""
    boxes, size = glyph_boxes(line)
    return [
        (run.kind, int((boxes[:, 0] < run.left * size[1] - 0.5).sum())) for run in small_runs(boxes, size)
    ]


@pytest.mark.parametrize("size", [20, 28, 40, 80])
@pytest.mark.parametrize("scale", [0.58, 0.66, 0.8])
def test_small_glyphs_are_found_at_any_size(size: int, scale: float) -> None:
    assert runs(drawn("Count 3 x 10", ("4", RAISED), " per cell", size=size, scale=scale)) == [("raised", 9)]
    assert runs(drawn("H", ("2", LOWERED), "O and more", size=size, scale=0.6)) == [("lowered", 1)]


def test_a_sign_belongs_to_its_power() -> None:
    boxes, size = glyph_boxes(drawn("Dose 5 x 10", ("-6", RAISED), " mol"))
    (run,) = small_runs(boxes, size)
    assert (boxes[:, 0] >= run.left * size[1] - 0.5).sum() == 5


@pytest.mark.parametrize(
    "text",
    ["Total 1,234.56", "'tis \"so\" it's", "25°C and 7*3", "page j-g (q) {y}", "x-ray, 5'10\" tall", "1"],
)
def test_ordinary_lines_have_none(text: str) -> None:
    assert runs(drawn(text)) == []


def test_parts_of_other_lines_and_noise_are_none() -> None:
    line = drawn("Sum 1234 and 5678").copy()
    line[:9, 120:128] = 0  # what hangs down from the line above
    assert runs(line) == []
    assert runs(np.random.default_rng(3).integers(0, 256, (40, 300, 3), dtype=np.uint8)) == []
    assert runs(np.full((40, 300, 3), 255, np.uint8)) == []
    assert runs(np.zeros((3, 3, 3), np.uint8)) == []


def places(text: str, line: np.ndarray) -> tuple[float, ...]:
    """Where the characters of a line of one size would be."""
    return tuple((index + 0.5) / len(text) for index in range(len(text)))


def apart(line: np.ndarray, text: str, at: Sequence[float], sign: Reading) -> str:
    """What becomes of a line's text."""
    crop = Crop(line, np.zeros((4, 2), np.float32))
    return set_apart([crop], [Reading(text, 0.99, places=tuple(at))], Reader(sign.text, sign.score))[0].text


def centers(line: np.ndarray) -> list[float]:
    """The middles of a line's glyphs in 0..1 of its width."""
    boxes, size = glyph_boxes(line)
    middles: list[float] = (boxes[:, ::2].mean(axis=1) / size[1]).tolist()
    return middles


POWER = drawn("310", ("4", RAISED), "mol")
AT = centers(POWER)


def test_the_digit_is_replaced_where_it_stands() -> None:
    assert apart(POWER, "3104mol", AT, Reading("4", 0.99)) == "310⁴mol"
    assert apart(POWER, "310ªmol", AT, Reading("4", 0.99)) == "310⁴mol"
    assert apart(POWER, "310⁴mol", AT, Reading("4", 0.99)) == "310⁴mol"


@pytest.mark.parametrize("sign", [Reading("4", 0.5), Reading("A", 1.0), Reading("'", 1.0), Reading("", 0.0)])
def test_what_is_no_sure_digit_by_itself_stays(sign: Reading) -> None:
    assert apart(POWER, "3104mol", AT, sign) == "3104mol"


def test_another_digit_at_its_place_is_replaced_only_if_sure() -> None:
    assert apart(POWER, "3101mol", AT, Reading("4", 0.9)) == "3101mol"
    assert apart(POWER, "3101mol", AT, Reading("4", 0.99)) == "310⁴mol"
    assert apart(POWER, "310*mol", AT, Reading("4", 0.99)) == "310*mol"


def test_places_go_with_the_characters() -> None:
    line = drawn("10", ("-6", RAISED), "mol")
    at = centers(line)
    crop = Crop(line, np.zeros((4, 2), np.float32))
    given = Reading("106mol", 0.99, places=tuple(at[:2] + at[3:]))
    (reading,) = set_apart([crop], [given], Reader("-6"))
    assert reading.text == "10⁻⁶mol"
    assert len(reading.places) == len(reading.text)
    assert list(reading.places) == sorted(reading.places)


def test_lines_without_digits_or_places_are_not_looked_at() -> None:
    crop = Crop(POWER, np.zeros((4, 2), np.float32))
    reader = Reader("4")
    given = [Reading("310 mol", 0.9), Reading("mol", 0.9, places=(0.1, 0.5, 0.9))]
    assert list(set_apart([crop, crop], given, reader)) == given
    assert not reader.seen


def texts(lines: Sequence[np.ndarray]) -> list[str]:
    """What the engine reads on a page of lines."""
    sheet = np.full((sum(line.shape[0] + 30 for line in lines), 1000, 3), 255, np.uint8)
    y = 10
    for line in lines:
        sheet[y : y + line.shape[0], 40 : 40 + line.shape[1]] = line[:, :940]
        y += line.shape[0] + 30
    return [line.text for line in engine().recognize([sheet])[0].lines]


def test_powers_footnotes_and_indices_on_a_page() -> None:
    found = texts(
        [
            drawn("Cell count 3.2 x 10", ("4", RAISED), " per ml"),
            drawn("Dose 5 x 10", ("-6", RAISED), " mol"),
            drawn("The rule of 1931", ("7", RAISED), " was kept"),
            drawn("as they said.", ("12", RAISED), " Then"),
            drawn("Residual CO", ("2", LOWERED), " in air"),
            drawn("Area 118 m", ("2", RAISED), " each"),
        ]
    )
    together = "\n".join(found)
    for sign in ("10⁴ per", "10⁻⁶ mol", "1931⁷ was", "said.¹²", "CO₂", "m²"):
        assert sign in together


def test_numbers_stay_what_they_are() -> None:
    chance = random.Random(5)
    lines = [
        f"No. {chance.randint(10, 9999)}-{chance.choice('ABKX')}{chance.randint(1, 99)} of "
        f"{chance.randint(1, 31)}/{chance.randint(1, 12)}/{chance.randint(1990, 2030)}, "
        f"{chance.randint(1, 999)},{chance.randint(100, 999)}.{chance.randint(10, 99)} EUR, "
        f"{chance.randint(1, 99)}%"
        for _ in range(24)
    ]
    worn = [
        cv2.GaussianBlur(drawn(line, size=20 + 2 * (at % 4)), (0, 0), 0.8) for at, line in enumerate(lines)
    ]
    assert not set("".join(texts(worn))) & set("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉")
