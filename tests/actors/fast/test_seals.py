"""Text under a seal is read as if it were not there, and the seal's words beside it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.seals import Seal, find_seals, ink_of, moved, without, worth_keeping
from tests.actors.fast.engines import engine

LINES = (
    "This is to certify that the goods listed below",
    "were inspected on 7 June 2024 at the premises",
    "of the exporter and found to agree with order",
    "number 5583-K of 12 March, EUR 12,480.50 paid",
    "Authorised by Ingrid Salonen, Director",
)
COLORS = {"red": (205, 30, 45), "blue": (40, 60, 190), "green": (20, 140, 70)}
PLANES = {"blue": 0, "green": 1, "red": 2}


def document() -> Pictures.Image:
    sheet = Pictures.new("RGB", (800, 480), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(28)
    for row, line in enumerate(LINES):
        pen.text((60, 60 + 72 * row), line, (15, 15, 15), font)
    return sheet


def stamped(color: str, word: str = "") -> np.ndarray:
    """The document (H×W×3 uint8 RGB) with a round seal, or a word in a frame, over its lines."""
    stencil = Pictures.new("L", (800, 480), 0)
    pen = ImageDraw.Draw(stencil)
    if word:
        pen.rectangle((330, 150, 690, 250), outline=255, width=6)
        pen.text((510, 200), word, 255, ImageFont.load_default(56), anchor="mm")
    else:
        pen.ellipse((400, 110, 700, 410), outline=255, width=9)
        pen.ellipse((510, 220, 590, 300), outline=255, width=4)
        for letter, place in zip(
            "EXPORT", ((430, 200), (470, 160), (540, 132), (600, 140), (650, 180), (672, 240)), strict=True
        ):
            pen.text(place, letter, 255, ImageFont.load_default(30), anchor="mm")
    part = np.asarray(stencil, np.float32)[..., None] / 255 * 0.75
    page = np.asarray(document(), np.float32)
    return (page * (1 - part) + page * np.array(COLORS[color], np.float32) / 255 * part).astype(np.uint8)


def bgr(page: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(page[..., ::-1])


@pytest.mark.parametrize("color", COLORS)
def test_a_seal_is_found_by_its_color(color: str) -> None:
    (seal,) = find_seals(bgr(stamped(color)))
    assert seal.plane == PLANES[color]
    assert (seal.left, seal.top) == pytest.approx((400, 110), abs=8)
    assert (seal.right, seal.bottom) == pytest.approx((700, 410), abs=8)


@pytest.mark.parametrize("scale", [0.6, 2.5])
def test_at_any_size(scale: float) -> None:
    page = Pictures.fromarray(stamped("red"))
    resized = page.resize((round(page.width * scale), round(page.height * scale)))
    (seal,) = find_seals(bgr(np.asarray(resized)))
    assert seal.right - seal.left == pytest.approx(300 * scale, rel=0.1)


def test_pages_without_one() -> None:
    plain = np.asarray(document())
    assert find_seals(bgr(plain)) == []
    assert without(plain, []) is plain
    panel = plain.copy()
    panel[140:300, 300:700] = np.minimum(panel[140:300, 300:700], COLORS["red"])
    assert find_seals(bgr(panel)) == [], "a panel has no paper"
    beside = plain.copy()
    beside[420:470, 300:304] = beside[420:424, 300:500] = COLORS["red"]
    assert find_seals(bgr(beside)) == [], "nothing is under it"
    assert find_seals(np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8)) == []
    assert find_seals(np.zeros((1, 1, 3), np.uint8)) == []


def test_its_ink_becomes_paper_and_the_text_stays() -> None:
    page = bgr(stamped("red"))
    clean = without(page, find_seals(page))
    plain = bgr(np.asarray(document()))
    assert np.abs(clean.astype(int) - plain).mean() < 1
    assert (np.abs(clean.astype(int) - plain).max(axis=2) > 90).mean() < 0.001
    assert (page == bgr(stamped("red"))).all(), "the page itself is not changed"


def test_a_seal_by_itself_has_none_of_the_text() -> None:
    page = bgr(stamped("red", "APPROVED"))
    (seal,) = find_seals(page)
    alone = ink_of(page, seal)
    assert alone.shape == (seal.bottom - seal.top, seal.right - seal.left, 3)
    black = bgr(np.asarray(document()))[seal.top : seal.bottom, seal.left : seal.right].max(axis=2) < 60
    colored = page[seal.top : seal.bottom, seal.left : seal.right].max(axis=2) > 150
    assert alone[black].mean() > 180
    assert alone[colored & (alone[..., 0] < 100)].size


def test_lines_of_a_seal_lie_where_it_is() -> None:
    crop = Crop(np.zeros((5, 5, 3), np.uint8), np.zeros((4, 2), np.float32))
    assert moved(crop, Seal(30, 20, 90, 80, 2)).polygon.tolist() == [[30, 20]] * 4


def test_what_is_unsure_or_short_of_a_seal_is_left_out() -> None:
    crop = Crop(np.zeros((5, 5, 3), np.uint8), np.zeros((4, 2), np.float32))
    readings = [Reading("PAID", 0.95), Reading("PAID", 0.8), Reading("H", 1.0), Reading("***", 1.0)]
    assert [reading.text for _, reading in worth_keeping([crop] * 4, readings)] == ["PAID"]


@pytest.mark.parametrize("color", COLORS)
def test_lines_under_a_seal_are_read_whole(color: str) -> None:
    found = [line.text for line in engine().recognize([stamped(color)])[0].lines]
    assert set(LINES) <= set(found)


def test_a_stamp_over_text_is_read_too() -> None:
    found = [line.text for line in engine().recognize([stamped("red", "APPROVED")])[0].lines]
    assert set(LINES) <= set(found)
    assert "APPROVED" in found
