"""Pages and lines that lie on a side or upside down are read as if they did not."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageOps

from actors.contracts import OcrEngine, PageResult
from actors.engines import build_engine, describe_engine, needed_models
from actors.engines.fast.classifier import MODEL, LineClassifier
from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.orientation import LineTurner, PageTurner, turn
from actors.errors import ConfigError
from actors.settings import EngineConfig
from tests.data import require_data
from tests.drawn import letters, page, words
from tests.models import require_model


@functools.cache
def engine(*options: str) -> OcrEngine:
    require_model()
    require_model(MODEL)
    return build_engine(EngineConfig(threads=1, **dict.fromkeys(options, True)))


def texts(result: PageResult) -> list[str]:
    return [letters(line.text) for line in result.lines]


@pytest.fixture(scope="module")
def sheet() -> np.ndarray:
    return page(words(21, 12, most=6), 26)


@pytest.mark.parametrize("lies", [0, 90, 180, 270])
def test_a_page_is_turned_upright(sheet: np.ndarray, lies: int) -> None:
    lying = np.ascontiguousarray(np.rot90(sheet, -lies // 90))
    upright = engine("page_orientation").recognize([sheet])[0]
    result = engine("page_orientation").recognize([lying])[0]
    assert result.rotation == (360 - lies) % 360
    assert result.lines == upright.lines, "boxes are in the turned picture, which is the upright one"
    assert len(texts(result)) == 12


def test_upright_pages_stay_as_they_are(sheet: np.ndarray) -> None:
    assert engine("page_orientation").recognize([sheet]) == engine().recognize([sheet])


def test_pages_of_a_batch_are_turned_each_for_itself(sheet: np.ndarray) -> None:
    pages = [np.ascontiguousarray(np.rot90(sheet, quarters)) for quarters in (0, 1, 2, 3)]
    together = engine("page_orientation").recognize(pages)
    assert [one.rotation for one in together] == [0, 90, 180, 270]
    assert [texts(one) for one in together] == [texts(together[0])] * 4


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
    assert engine("page_orientation").recognize([sheet])[0].rotation == 0


def test_a_page_without_text() -> None:
    blank = np.full((400, 300, 3), 255, np.uint8)
    assert engine("page_orientation", "line_orientation").recognize([blank]) == [PageResult()]


class Votes(LineClassifier):
    """A classifier that always says the same."""

    def __init__(self, vote: float) -> None:
        self._vote = vote

    def upside_down(self, lines: Sequence[np.ndarray]) -> list[float]:
        return [self._vote] * len(lines)


def reader(*scores: float):  # type: ignore[no-untyped-def]
    """Answers one call after another with these scores."""
    rest = iter(scores)

    def read(lines: Sequence[np.ndarray]) -> list[Reading]:
        score = next(rest)
        return [Reading("text", score)] * len(lines)

    return read


WIDE = [np.array([(10, y), (210, y), (210, y + 20), (10, y + 20)], np.float32) for y in (10, 60, 110)]
TALL = [np.array([(x, 10), (x + 20, 10), (x + 20, 210), (x, 210)], np.float32) for x in (10, 60, 110)]
PICTURE = np.zeros((220, 220, 3), np.uint8)


@pytest.mark.parametrize(
    ("boxes", "vote", "scores", "expected"),
    [
        (WIDE, 0.1, (), 0),
        (WIDE, 0.9, (0.4, 0.95), 180),
        (WIDE, 0.9, (0.95,), 0),  # reads well as it is
        (WIDE, 0.9, (0.5, 0.57), 0),  # a script that nobody here can read
        (TALL, 0.1, (0.95, 0.3, 0.4), 270),
        (TALL, 0.9, (0.3, 0.95, 0.4), 90),
        (TALL, 0.1, (0.9, 0.5, 0.85), 0),  # vertical text
        ([], 0.9, (), 0),
    ],
)
def test_what_decides(boxes: list[np.ndarray], vote: float, scores: tuple[float, ...], expected: int) -> None:
    assert PageTurner(Votes(vote), reader(*scores)).rotation(PICTURE, boxes) == expected


def test_a_line_that_reads_no_better_stays() -> None:
    crop = Crop(PICTURE[:20], WIDE[0])
    crops, readings = LineTurner(Votes(0.99), reader(0.5)).turned([crop], [Reading("as it is", 0.6)])
    assert (crops, readings) == ([crop], [Reading("as it is", 0.6)])


def test_pictures_are_turned_clockwise() -> None:
    picture = np.zeros((2, 3, 3), np.uint8)
    picture[0, 0] = 9
    assert turn(picture, 90)[0, 1].tolist() == [9, 9, 9]
    assert turn(picture, 180)[1, 2].tolist() == [9, 9, 9]
    assert turn(picture, 270)[2, 0].tolist() == [9, 9, 9]


def test_the_fingerprint_knows() -> None:
    off, on = (describe_engine(EngineConfig(page_orientation=flag)) for flag in (False, True))
    assert "page_orientation" not in off.settings
    assert on.settings["page_orientation"] == "true"
    assert set(on.weights) - set(off.weights) == {f"{MODEL}/cls.onnx"}
    assert needed_models(EngineConfig(line_orientation=True)) == ("PP-OCRv6_small", MODEL)


def test_stock_does_not_know_it() -> None:
    with pytest.raises(ConfigError, match="page_orientation"):
        describe_engine(EngineConfig(engine="stock", page_orientation=True))
