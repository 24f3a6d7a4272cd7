"""Single characters that are taller than wide are read as they stand, vertical text as it was turned."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from actors.contracts import Line
from actors.engines.fast.crops import Crop, cut
from actors.engines.fast.ctc import Reading
from actors.engines.fast.lone_characters import as_it_stands, is_kept, settle
from tests.actors.fast.engines import engine
from tests.actors.fast.readings import Reader

PAGE = np.random.default_rng(1).integers(0, 256, (300, 300, 3), dtype=np.uint8)
ENGLISH = Reading("Total 12", 0.99)


def box(left: int, top: int, width: int, height: int) -> np.ndarray:
    right, bottom = left + width, top + height
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def crop_of(width: int, height: int, page: np.ndarray = PAGE) -> Crop:
    found = cut(page, box(50, 40, width, height))
    assert found is not None
    return found


def settled(crop: Crop, reading: Reading, reader: Reader, *others: Reading) -> tuple[Crop, Reading]:
    """What becomes of a line among others, which are long."""
    crops, readings = settle([crop, *(crop_of(200, 20) for _ in others)], [reading, *others], reader)
    return crops[0], readings[0]


def test_a_doubtful_tall_crop_is_read_as_it_stands() -> None:
    reader = Reader("1", 0.9)
    crop, reading = settled(crop_of(20, 50), Reading("--", 0.4), reader)
    assert (reader.seen[0] == PAGE[40:90, 50:70]).all()
    assert reading == Reading("1", 0.9)
    assert (crop.polygon == box(50, 40, 20, 50)).all()
    assert crop.image.shape == (50, 20, 3)


def test_a_single_character_stands_upright_even_where_it_reads_better_on_its_side() -> None:
    crop, reading = settled(crop_of(20, 50), Reading("-", 0.95), Reader("I", 0.7))
    assert reading == Reading("I", 0.7)
    assert (crop.polygon == box(50, 40, 20, 50)).all()


def test_what_is_unreadable_as_it_stands_keeps_its_first_reading() -> None:
    _, reading = settled(crop_of(20, 50), Reading("7", 0.8), Reader("", 0.0))
    assert reading == Reading("7", 0.8)


def test_vertical_text_stays_turned() -> None:
    turned = crop_of(20, 60)
    reader = Reader("1", 1.0)
    assert settled(turned, Reading("北京", 0.95), reader) == (turned, Reading("北京", 0.95))
    assert not reader.seen
    assert settled(turned, Reading("北京", 0.6), Reader("I", 0.5)) == (turned, Reading("北京", 0.6))


@pytest.mark.parametrize("size", [(50, 20), (20, 90)])
def test_what_lies_or_is_long_is_not_read_again(size: tuple[int, int]) -> None:
    reader = Reader("1", 1.0)
    assert settled(crop_of(*size), Reading("a", 0.3), reader)[1] == Reading("a", 0.3)
    assert not reader.seen


def test_what_is_sure_is_stood_up_unread() -> None:
    reader = Reader("S", 1.0)
    crop, reading = settled(crop_of(20, 50), Reading("5", 0.99), reader)
    assert reading == Reading("5", 0.99)
    assert crop.turned == 0
    assert not reader.seen


def test_a_wide_box_of_one_character_is_never_sure() -> None:
    assert settled(crop_of(45, 50), Reading("4", 1.0), Reader("404", 1.0))[1].text == "404"
    assert settled(crop_of(35, 50), Reading("4", 1.0), Reader("404", 1.0))[1].text == "4"


@pytest.mark.parametrize(("read", "meant"), [("十", "+"), ("井", "#"), ("一", "-"), ("５", "5")])
def test_a_page_in_an_alphabet_has_no_chinese_character_alone(read: str, meant: str) -> None:
    reader = Reader(read, 0.9)
    assert settled(crop_of(40, 50), Reading(read, 1.0), reader, ENGLISH)[1].text == meant
    assert settled(crop_of(40, 50), Reading(read, 1.0), reader, Reading("数量单位", 0.99))[1].text == read


def test_a_foreign_character_without_an_explanation_is_not_trusted() -> None:
    _, reading = settled(crop_of(40, 50), Reading("張", 0.9), Reader("張", 0.9), ENGLISH)
    assert reading.score < 0.5


def test_a_stroke_from_left_to_right_is_a_dash() -> None:
    page = np.full((300, 300, 3), 255, np.uint8)
    page[64:68, 54:66] = 0
    for misread in ("•", ""):
        _, reading = settled(crop_of(20, 50, page), Reading("1", 0.95), Reader(misread, 0.5), ENGLISH)
        assert reading.text == "-"
    page[50:80, 58:62] = 0
    assert settled(crop_of(20, 50, page), Reading("", 0.0), Reader("•", 0.5), ENGLISH)[1].text == "•"


def test_standing_up_undoes_either_turn() -> None:
    once = crop_of(20, 50)
    over = Crop(np.rot90(once.image, 2), np.roll(once.polygon, -2, axis=0), turned=3)
    for crop in (once, over):
        assert (as_it_stands(crop).image == PAGE[40:90, 50:70]).all()
        assert (as_it_stands(crop).polygon == box(50, 40, 20, 50)).all()


def test_characters_that_share_their_shape_are_kept_at_lower_scores() -> None:
    assert is_kept(Reading("O", 0.65))
    assert is_kept(Reading("I", 0.5))
    assert not is_kept(Reading("4", 0.65))
    assert not is_kept(Reading("O", 0.5))
    assert not is_kept(Reading("OO", 0.65))


def test_quantities_of_a_receipt() -> None:
    font = ImageFont.load_default(24)
    sheet = Pictures.new("L", (620, 420), 255)
    pen = ImageDraw.Draw(sheet)
    items = ["Vegetables", "Seafood", "Fish cake", "Omega plus", "Noodles", "Water"]
    for row, item in enumerate(items):
        for x, text in ((40, "1"), (150, item), (480, f"{row}.50")):
            pen.text((x, 40 + row * 56), text, 0, font)
    lines = engine().recognize([np.asarray(sheet.convert("RGB"))])[0].lines
    ones = [line for line in lines if line.text == "1"]
    assert len(ones) == len(items)
    for line in ones:
        (left, top, right, _, _, bottom, _, _) = line.polygon
        assert left < right < 90
        assert bottom - top > right - left


CHARACTERS = "ABCDEFGHJKLMNPQRSTUXYZ023456789%?+"


def table(seed: int) -> tuple[np.ndarray, dict[tuple[float, float], str]]:
    """A ruled table of words and single characters, and these by the middle of their cells."""
    chance = random.Random(seed)
    size, rows, columns = chance.choice([18, 22, 28, 36]), 9, 5
    font, width, height = ImageFont.load_default(size), 3 * size, 2 * size
    sheet = Pictures.new("L", (columns * width + 7 * size, rows * height + 4 * size), 255)
    pen = ImageDraw.Draw(sheet)
    found = {}
    for row in range(rows):
        top = 2 * size + row * height
        pen.text((size, top + height / 2), chance.choice(["Cover", "Washer", "Hinge"]), 0, font, anchor="lm")
        for column in range(columns):
            left = 6 * size + column * width
            middle = (left + width / 2, top + height / 2)
            found[middle] = chance.choice(CHARACTERS)
            pen.rectangle((left, top, left + width, top + height), outline=0)
            pen.text(middle, found[middle], 0, font, anchor="mm")
    return np.asarray(sheet.convert("RGB")), found


def at(lines: Sequence[Line], x: float, y: float) -> list[Line]:
    """Lines around a point."""
    return [
        line
        for line in lines
        if min(line.polygon[::2]) < x < max(line.polygon[::2])
        and min(line.polygon[1::2]) < y < max(line.polygon[1::2])
    ]


def test_characters_in_the_cells_of_tables() -> None:
    right = upright = count = 0
    for seed in range(4):
        sheet, cells = table(seed)
        lines = engine().recognize([sheet])[0].lines
        for middle, character in cells.items():
            count += 1
            for line in at(lines, *middle):
                left, top, corner, _, _, bottom, _, _ = line.polygon
                upright += left < corner and top < bottom
                right += line.text.lower() == character.lower() or {line.text, character} == {"0", "O"}
    assert upright >= 0.98 * count
    assert right >= 0.97 * count
