"""What every engine must keep: as many results as pages, in order, and no page changes another's text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from actors.contracts import OcrEngine, PageResult
from actors.engines import build_engine, describe_engine
from actors.settings import EngineConfig
from tests.models import require_model

CONFIGS = {
    "fake": EngineConfig(engine="fake"),
    "stock": EngineConfig(engine="stock", threads=1),
    "fast": EngineConfig(threads=1),
    "fast, compat": EngineConfig(compat=True, threads=1),
}
MODELS = [pytest.mark.models, pytest.mark.slow]


@pytest.fixture(
    scope="module",
    params=[name if name == "fake" else pytest.param(name, marks=MODELS) for name in CONFIGS],
)
def config(request: pytest.FixtureRequest) -> EngineConfig:
    chosen: EngineConfig = CONFIGS[request.param]
    if chosen.engine == "stock":
        pytest.importorskip("paddleocr")
    if chosen.engine != "fake":
        require_model(chosen.model)
    return chosen


@pytest.fixture(scope="module")
def engine(config: EngineConfig) -> Iterator[OcrEngine]:
    built = build_engine(config)
    yield built
    built.close()


def blank(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), 255, np.uint8)


def written(*lines: str, width: int = 420, colour: tuple[int, int, int] = (0, 0, 0)) -> np.ndarray:
    """A page with these lines on it, 40 pixels apart."""
    sheet = Image.new("RGB", (width, 40 * len(lines) + 40), (255, 255, 255))
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(24)
    for number, line in enumerate(lines):
        pen.text((20, 20 + 40 * number), line, fill=colour, font=font)
    return np.asarray(sheet)


PAGES: dict[str, Any] = {
    "two lines": written("Invoice 2024", "Total amount 1,234.56"),
    "blank": blank(300, 200),
    "one line": written("Hello world"),
    "5x5": blank(5, 5),
    "1x1": blank(1, 1),
    "very wide": blank(4000, 12),
    "very tall": blank(12, 4000),
    "text on a very wide page": written("far left", width=4500),
    "noise": np.random.default_rng(7).integers(0, 255, (96, 128, 3), dtype=np.uint8),
}


def check(result: PageResult) -> None:
    assert isinstance(result, PageResult)
    assert result.fault is None
    for line in result.lines:
        assert isinstance(line.text, str)
        assert type(line.score) is float
        assert 0.0 <= line.score <= 1.0
        assert len(line.polygon) == 8
        assert {type(value) for value in line.polygon} == {float}


def test_its_info_is_what_was_described_without_it(engine: OcrEngine, config: EngineConfig) -> None:
    assert engine.info == describe_engine(config)


def test_a_batch_is_its_pages_one_by_one_in_order(engine: OcrEngine) -> None:
    alone = [engine.recognize([page])[0] for page in PAGES.values()]
    for result in alone:
        check(result)
    assert engine.recognize(list(PAGES.values())) == alone
    assert engine.recognize(list(PAGES.values())[::-1]) == alone[::-1]


def test_no_pages_no_results(engine: OcrEngine) -> None:
    assert engine.recognize([]) == []


@pytest.mark.parametrize("name", ["blank", "5x5", "1x1", "very wide", "very tall"])
def test_a_page_without_text_has_no_lines(engine: OcrEngine, name: str) -> None:
    assert engine.recognize([PAGES[name]]) == [PageResult()]


def test_polygons_are_on_the_page(engine: OcrEngine) -> None:
    for page in (PAGES["two lines"], PAGES["text on a very wide page"]):
        (result,) = engine.recognize([page])
        assert result.lines
        height, width = page.shape[:2]
        for line in result.lines:
            assert all(0 <= x <= width for x in line.polygon[0::2])
            assert all(0 <= y <= height for y in line.polygon[1::2])


def test_a_picture_that_may_not_be_written_is_read_and_not_changed(engine: OcrEngine) -> None:
    page = PAGES["one line"].copy()
    page.flags.writeable = False
    before = page.tobytes()
    check(engine.recognize([page])[0])
    assert page.tobytes() == before


def test_release_keeps_the_model(engine: OcrEngine) -> None:
    before = engine.recognize([PAGES["one line"]])
    engine.release()
    assert engine.recognize([PAGES["one line"]]) == before
