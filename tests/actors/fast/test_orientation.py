"""Pages and lines that lie on a side or upside down are read as if they did not."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from actors.contracts import OcrEngine, PageResult
from actors.engines import build_engine, describe_engine, needed_models
from actors.engines.fast import classifier, page_classifier
from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.describe import describe
from actors.engines.fast.orientation import Lie, PageTurner, looks_turned, turn
from actors.engines.fast.page_classifier import Sure
from actors.errors import ConfigError
from actors.runtimes.choose import Host
from actors.settings import EngineConfig, ModelsConfig
from actors.smaller import halved, scaled_back
from tests.data import require_data
from tests.drawn import letters, page, words
from tests.invariance import compare
from tests.models import require_model


@functools.cache
def engine(*options: str, turning: bool | None = None) -> OcrEngine:
    for name in ("PP-OCRv6_small", page_classifier.MODEL, classifier.MODEL):
        require_model(name)
    return build_engine(EngineConfig(threads=1, page_orientation=turning, **dict.fromkeys(options, True)))


def texts(result: PageResult) -> list[str]:
    return [letters(line.text) for line in result.lines]


@pytest.fixture(scope="module")
def sheet() -> np.ndarray:
    return page(words(21, 12, most=6), 26)


def turned(picture: np.ndarray, lies: int) -> np.ndarray:
    """A picture that somebody turned clockwise by so many degrees."""
    return np.ascontiguousarray(np.rot90(picture, -lies // 90))


@pytest.mark.models
@pytest.mark.parametrize("seed", [21, 22, 23, 24])
def test_however_a_page_lies_it_reads_the_same(seed: int) -> None:
    """The law: what is turned and found to be so is the upright page from then on."""
    chance = random.Random(seed)
    lines = words(seed, chance.randint(2, 14), most=chance.choice([3, 6, 8]))
    sheet = page(lines, chance.choice([16, 22, 30]), gap=chance.choice([1.4, 2.0]))
    upright = engine().recognize([sheet])[0]
    assert upright.rotation == 0 and len(upright.lines) >= len(lines)
    for lies in (90, 180, 270):
        result = engine().recognize([turned(sheet, lies)])[0]
        assert result.rotation == 360 - lies
        assert result.lines == upright.lines, "boxes are in the turned picture, which is the upright one"
        assert result.notices == upright.notices


@pytest.mark.models
def test_upright_pages_stay_as_they_are(sheet: np.ndarray) -> None:
    assert engine().recognize([sheet]) == engine(turning=False).recognize([sheet])


@pytest.mark.models
def test_pages_of_a_batch_are_turned_each_for_itself(sheet: np.ndarray) -> None:
    pages = [np.ascontiguousarray(np.rot90(sheet, quarters)) for quarters in (0, 1, 2, 3)]
    together = engine().recognize(pages)
    assert [one.rotation for one in together] == [0, 90, 180, 270]
    assert [texts(one) for one in together] == [texts(together[0])] * 4
    alone = [engine().recognize([one])[0] for one in pages]
    assert [one.rotation for one in alone] == [0, 90, 180, 270]
    assert compare(alone, together)[0] == compare(alone, together)[1]


@pytest.mark.models
def test_a_page_at_half_its_sides_has_its_boxes_in_the_turned_picture(sheet: np.ndarray) -> None:
    upright, lying = engine().recognize([sheet])[0], turned(sheet, 90)
    found = scaled_back(engine().recognize([halved(lying)])[0], halved(lying), lying)
    assert found.rotation == 270
    assert texts(found) == texts(upright)
    for one, other in zip(found.lines, upright.lines, strict=True):
        assert np.abs(np.subtract(one.polygon, other.polygon)).max() <= 8


@pytest.mark.models
@pytest.mark.slow
def test_a_large_page_in_tiles_is_turned() -> None:
    plan = np.full((3600, 4800, 3), 255, np.uint8)
    for index in range(0, 18, 3):
        part = page(words(60 + index, 4, most=5), 15)
        y, x = 150 + index // 3 * 560, 100 + index // 3 % 3 * 1600
        plan[y : y + part.shape[0], x : x + part.shape[1]] = part[:, : 4800 - x]
    upright = engine().recognize([plan])[0]
    result = engine().recognize([turned(plan, 180)])[0]
    assert (upright.rotation, result.rotation) == (0, 180)
    assert result.lines == upright.lines
    assert len(upright.lines) >= 24


@pytest.mark.models
def test_a_seal_on_a_turned_page_is_read(sheet: np.ndarray) -> None:
    stamped = np.full((900, 800, 3), 255, np.uint8)
    text = page(words(33, 14, most=4), 26, width=760)
    stamped[: text.shape[0], : text.shape[1]] = text
    seal = page(["RECEIVED", "WAREHOUSE"], 34)
    ink = seal[..., 0] < 128
    area = stamped[250 : 250 + seal.shape[0], 60 : 60 + seal.shape[1]]
    area[ink] = (220, 30, 30)
    upright = engine().recognize([stamped])[0]
    result = engine().recognize([turned(stamped, 270)])[0]
    assert result.rotation == 90
    assert result.lines == upright.lines


@pytest.mark.models
def test_heads_that_are_set_upwards_turn_no_table() -> None:
    """Their lines together are longer than those of its cells."""
    sheet = np.full((620, 520, 3), 255, np.uint8)
    for column in range(5):
        head = np.rot90(page([f"{words(70 + column, 1, most=3)[0]}"], 20, width=340)[15:55])
        sheet[20 : 20 + head.shape[0], 110 + column * 75 : 110 + column * 75 + head.shape[1]] = head
    for row in range(4):
        cells = page([f"Van {row + 2}           3      ok   5.1"], 20, width=500)[15:55]
        sheet[400 + row * 50 : 440 + row * 50, : cells.shape[1]] = cells
    result = engine().recognize([sheet])[0]
    assert result.rotation == 0 and "page.turned" not in result.notices
    assert len(result.lines) >= 3, "columns are read as they stand"


@pytest.mark.models
def test_a_page_half_of_which_is_turned_stays(sheet: np.ndarray) -> None:
    other = np.rot90(page(words(22, 12, most=6), 26))
    height, width = max(sheet.shape[0], other.shape[0]), sheet.shape[1] + other.shape[1]
    both = np.full((height, width, 3), 255, np.uint8)
    both[: sheet.shape[0], : sheet.shape[1]] = sheet
    both[: other.shape[0], sheet.shape[1] :] = other
    assert engine().recognize([both])[0].rotation == 0


@pytest.mark.models
def test_where_nobody_turns_pages_it_is_told(sheet: np.ndarray) -> None:
    off = engine(turning=False)
    assert off.recognize([sheet])[0].notices == ()
    assert off.recognize([turned(sheet, 90)])[0].notices == ("page.turned",)
    assert off.recognize([turned(sheet, 90)])[0].rotation == 0


@pytest.mark.models
@pytest.mark.data
def test_a_turned_page_that_nobody_can_read_is_told() -> None:
    """Thai upside down: the classifier sees it, and the reading says nothing."""
    source = require_data("mdpbench_demo") / "images" / "mdp_th_book_38.jpeg"
    picture = np.asarray(Image.open(source).convert("RGB"))
    assert engine().recognize([picture])[0].rotation == 0
    result = engine().recognize([turned(picture, 180)])[0]
    assert result.rotation == 0 and "page.turned" in result.notices


def test_a_line_upside_down_is_turned(sheet: np.ndarray) -> None:
    upright = engine("line_orientation").recognize([sheet])[0]
    x0, y0, x1, _, _, y1, _, _ = map(int, upright.lines[4].polygon)
    mixed = sheet.copy()
    mixed[y0:y1, x0:x1] = np.rot90(mixed[y0:y1, x0:x1], 2)
    assert texts(engine().recognize([mixed])[0]) != texts(upright)
    result = engine("line_orientation").recognize([mixed])[0]
    assert texts(result) == texts(upright)
    start, end = result.lines[4].polygon[0], result.lines[4].polygon[2]
    assert start > end, "the polygon begins where the text does, on the right"


def test_vertical_text_is_not_turned() -> None:
    source = require_data("chinese") / "images" / "rendered_zh_single.png"
    picture = np.asarray(ImageOps.exif_transpose(Image.open(source)).convert("RGB"))
    lines = [line for line in engine().recognize([picture])[0].lines if len(line.text) > 18][:5]
    sheet = np.full((1100, 500, 3), 255, np.uint8)
    for column, line in enumerate(lines):
        x0, y0, x1, _, _, y1, _, _ = map(int, line.polygon)
        strip, size = picture[y0:y1, x0:x1], (x1 - x0) / len(line.text)
        for index in range(18):
            cell = strip[:, round(index * size) : round((index + 1) * size)]
            top, left = 30 + index * 50, 400 - column * 80
            sheet[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    result = engine().recognize([sheet])[0]
    assert result.rotation == 0 and "page.turned" not in result.notices
    assert len(result.lines) >= 3, "columns are read as they stand"


def test_a_page_without_text() -> None:
    blank = np.full((400, 300, 3), 255, np.uint8)
    assert engine("line_orientation").recognize([blank]) == [PageResult()]


def line(length: int, *, down: bool = False, tag: int = 0) -> Crop:
    """A line of this length; a row of its picture says which one it is, and which way round it lies."""
    image = np.zeros((20, length, 3), np.uint8)
    image[0] = 100 + tag
    along = (0, length) if down else (length, 0)
    return Crop(image, np.array([(0, 0), along, along, (0, 0)], np.float32), turned=1 if down else 0)


ACROSS = [line(200) for _ in range(4)]
DOWN = [line(200, down=True) for _ in range(4)]
MIXED = [*ACROSS, *(line(300, down=True, tag=1) for _ in range(4))]
UP, RIGHT, OVER, LEFT = (
    (0.92, 0.03, 0.03, 0.02),
    (0.03, 0.92, 0.03, 0.02),
    (0.03, 0.03, 0.92, 0.02),
    (0.02, 0.03, 0.03, 0.92),
)
"""What the classifier says of pages that were turned clockwise by 0, 90, 180 and 270."""
UNSURE: Sure = (0.3, 0.3, 0.2, 0.2)

LATIN, JAPANESE = "delivery note", "春の朝港の町はまだ静かで"


def reader(as_cut: float, over: float, *, side_by_side: float = 0.0, across: float = 0.0, text: str = LATIN):  # type: ignore[no-untyped-def]
    """Reads lines as they were cut, turned over, or cut into squares that are set side by side; `across`:
    the score of those that run across where most run down."""

    def read(lines: Sequence[np.ndarray]) -> list[Reading]:
        first, last = int(lines[0][0, 0, 0]), int(lines[0][-1, 0, 0])
        if first and lines[0][0, -1, 0] and not last:
            score = across if first == 100 and across else as_cut
        elif last and not first:
            score = over
        else:
            score = side_by_side
        return [Reading(text if score else "", score)] * len(lines)

    return read


def lie(crops: Sequence[Crop], sure: Sure | None, read) -> Lie:  # type: ignore[no-untyped-def]
    return PageTurner((lambda _page: sure) if sure else None, read).lie(PICTURE, crops)


PICTURE = np.zeros((220, 220, 3), np.uint8)
STAYS, LEFT_AS_IT_IS = Lie(0), Lie(0, is_doubtful=True)


@pytest.mark.parametrize(
    ("crops", "sure", "read", "expected"),
    [
        pytest.param(ACROSS, OVER, reader(0.4, 0.95), Lie(180), id="both see it upside down"),
        pytest.param(ACROSS, OVER, reader(0.95, 0.99), STAYS, id="it reads well as it is"),
        pytest.param(ACROSS, OVER, reader(0.5, 0.57), LEFT_AS_IT_IS, id="a script that nobody here can read"),
        pytest.param(ACROSS, UNSURE, reader(0.5, 0.9), Lie(180), id="a blank middle, upside down"),
        pytest.param(ACROSS, UNSURE, reader(0.5, 0.5), STAYS, id="a photo with some letters"),
        pytest.param(ACROSS, RIGHT, reader(0.95, 0.5), STAYS, id="the look alone turns nothing"),
        pytest.param(ACROSS, RIGHT, reader(0.5, 0.95), LEFT_AS_IT_IS, id="all three disagree"),
        pytest.param(DOWN, RIGHT, reader(0.95, 0.4), Lie(270), id="lies on its right side"),
        pytest.param(DOWN, LEFT, reader(0.4, 0.95), Lie(90), id="lies on its left side"),
        pytest.param(
            DOWN, LEFT, reader(0.5, 0.55), Lie(90), id="look and lines agree on what cannot be read"
        ),
        pytest.param(DOWN[:1], LEFT, reader(0.5, 0.55), STAYS, id="a single mark that may be no text"),
        pytest.param(DOWN[:1], LEFT, reader(0.9, 0.95), Lie(90), id="a single label that is surely text"),
        pytest.param(ACROSS[:1], UNSURE, reader(0.5, 0.85), STAYS, id="a single mark, perhaps upside down"),
        pytest.param(ACROSS[:1], UNSURE, reader(0.5, 0.95), Lie(180), id="a single label, upside down"),
        pytest.param(DOWN, RIGHT, reader(0.4, 0.95), Lie(90), id="two of three"),
        pytest.param(DOWN, UP, reader(0.95, 0.4), Lie(270), id="two of three against a sure look"),
        pytest.param(DOWN, UP, reader(0.8, 0.4), LEFT_AS_IT_IS, id="not well enough against a sure look"),
        pytest.param(DOWN, UNSURE, reader(0.8, 0.4), Lie(270), id="enough where the look says nothing"),
        pytest.param(DOWN, UNSURE, reader(0.8, 0.78), LEFT_AS_IT_IS, id="reads either way"),
        pytest.param(DOWN[:2], UP, reader(0.95, 0.4), STAYS, id="two labels"),
        pytest.param(
            MIXED, RIGHT, reader(0.95, 0.4, across=0.97), STAYS, id="a table with heads set upwards"
        ),
        pytest.param(DOWN, None, reader(0.95, 0.4), Lie(270), id="no classifier"),
        pytest.param(ACROSS, None, reader(0.4, 0.95), STAYS, id="no classifier, upside down"),
        pytest.param(DOWN, UP, reader(0.95, 0.4, side_by_side=0.9, text=JAPANESE), STAYS, id="vertical text"),
        pytest.param(
            DOWN, UP, reader(0.95, 0.4, side_by_side=0.3, text=JAPANESE), STAYS, id="unusual vertical text"
        ),
        pytest.param(
            DOWN,
            RIGHT,
            reader(0.95, 0.4, side_by_side=0.9, text=JAPANESE),
            STAYS,
            id="vertical, whatever it looks",
        ),
        pytest.param(
            DOWN,
            RIGHT,
            reader(0.95, 0.4, side_by_side=0.3, text=JAPANESE),
            Lie(270),
            id="Japanese on its side",
        ),
        pytest.param(
            DOWN,
            OVER,
            reader(0.4, 0.95, side_by_side=0.9, text=JAPANESE),
            Lie(180),
            id="vertical, upside down",
        ),
        pytest.param(
            ACROSS,
            RIGHT,
            reader(0.4, 0.95, side_by_side=0.9, text=JAPANESE),
            Lie(270),
            id="vertical, on its side",
        ),
        pytest.param(
            ACROSS,
            LEFT,
            reader(0.95, 0.4, side_by_side=0.9, text=JAPANESE),
            Lie(90),
            id="and on the other one",
        ),
        pytest.param([], OVER, reader(0.4, 0.95), STAYS, id="nothing to go by"),
        pytest.param([line(20), line(25)], OVER, reader(0.4, 0.95), STAYS, id="lines without a direction"),
    ],
)
def test_what_decides(crops: list[Crop], sure: Sure | None, read, expected: Lie) -> None:  # type: ignore[no-untyped-def]
    assert lie(crops, sure, read) == expected


@pytest.mark.parametrize(("along", "expected"), [((70, 190), 270), ((70, -190), 90), ((190, 70), 0)])
def test_lines_far_from_straight_count_by_where_they_run(along: tuple[int, int], expected: int) -> None:
    """They are cut as they are read, and not turned to the left."""
    crop = Crop(line(200).image, np.array([(0, 0), along, along, (0, 0)], np.float32))
    assert lie([crop] * 4, UNSURE, reader(0.95, 0.4)).rotation == expected


def test_an_upright_page_is_not_read_for_it() -> None:
    def read(_lines: Sequence[np.ndarray]) -> list[Reading]:
        raise AssertionError("nobody asked")

    assert lie(ACROSS, UP, read) == STAYS


def test_what_is_read_is_bounded() -> None:
    seen: list[tuple[int, ...]] = []

    def read(lines: Sequence[np.ndarray]) -> list[Reading]:
        seen.extend(one.shape for one in lines)
        return [Reading("text", 0.5)] * len(lines)

    lie([line(4_000) for _ in range(50)], UNSURE, read)
    assert len(seen) == 12 and {shape[1] for shape in seen} == {200}


@pytest.mark.parametrize(
    ("crops", "text", "expected"),
    [
        (DOWN, LATIN, True),
        (DOWN, JAPANESE, False),
        (ACROSS, LATIN, False),
        (MIXED, LATIN, False),
        ([], "", False),
    ],
)
def test_what_looks_turned_to_an_engine_that_turns_nothing(
    crops: list[Crop], text: str, expected: bool
) -> None:
    assert looks_turned(crops, [Reading(text, 0.9)] * len(crops)) is expected


def test_pictures_are_turned_clockwise() -> None:
    picture = np.zeros((2, 3, 3), np.uint8)
    picture[0, 0] = 9
    assert turn(picture, 90)[0, 1].tolist() == [9, 9, 9]
    assert turn(picture, 180)[1, 2].tolist() == [9, 9, 9]
    assert turn(picture, 270)[2, 0].tolist() == [9, 9, 9]


def test_the_fingerprint_knows() -> None:
    off, on = (describe_engine(EngineConfig(page_orientation=flag)) for flag in (False, None))
    assert "page_orientation" not in off.settings
    assert on.settings["page_orientation"] == "true"
    assert set(on.weights) - set(off.weights) == {f"{page_classifier.MODEL}/{page_classifier.FILE}"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (page_classifier.MODEL,)),
        ({"page_orientation": False}, ()),
        ({"compat": True}, ()),
        ({"compat": True, "page_orientation": True}, (page_classifier.MODEL,)),
        ({"line_orientation": True}, (page_classifier.MODEL, classifier.MODEL)),
        ({"engine": "stock"}, ()),
    ],
)
def test_the_models_that_are_needed_for_it(settings: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert needed_models(EngineConfig.model_validate(settings)) == ("PP-OCRv6_small", *expected)


@pytest.mark.parametrize(("others", "said"), [({"onnxruntime"}, "true"), (set(), "without a classifier")])
def test_beside_paddle_the_classifier_has_another_runtime_or_none(
    others: set[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host(frozenset({"paddle", *others}), bfloat16=False)
    monkeypatch.setattr("actors.engines.fast.describe.this_host", lambda: host)
    config = EngineConfig(model="PP-OCRv4_mobile")
    info = describe(config, ModelsConfig())
    assert info.settings["page_orientation"] == said
    assert any(name.startswith(page_classifier.MODEL) for name in info.weights) is bool(others)
    assert (page_classifier.MODEL in needed_models(config)) is bool(others)


def test_stock_does_not_know_it() -> None:
    with pytest.raises(ConfigError, match="page_orientation"):
        describe_engine(EngineConfig(engine="stock", page_orientation=True))
