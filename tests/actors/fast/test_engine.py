"""The fast engine with its models: what it reads, at the edges too, and what it doesn't load."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from actors.contracts import OcrEngine, PageResult
from actors.engines import build_engine
from actors.errors import ConfigError
from actors.settings import EngineConfig
from tests.cli import ROOT, environ
from tests.drawn import letters, page, words
from tests.models import require_model

pytestmark = [pytest.mark.models, pytest.mark.slow]

Build = Callable[..., OcrEngine]


@pytest.fixture(scope="module")
def build() -> Iterator[Build]:
    """Engines in float32 on ONNX Runtime, each built once."""
    require_model()
    built: dict[str, OcrEngine] = {}

    def get(**settings: object) -> OcrEngine:
        name = repr(settings)
        if name not in built:
            tree = {"runtime": "onnxruntime", "precision": "float32", "threads": 1, **settings}
            built[name] = build_engine(EngineConfig.model_validate(tree))
        return built[name]

    yield get
    for engine in built.values():
        engine.close()


def texts(result: PageResult) -> list[str]:
    assert result.fault is None
    return [line.text for line in result.lines]


@pytest.mark.parametrize("size", [18, 24, 40])
def test_it_reads_what_was_drawn(build: Build, size: int) -> None:
    lines = words(size, 8)
    (result,) = build().recognize([page(lines, size)])
    assert texts(result) == lines
    assert all(line.score > 0.9 for line in result.lines)
    tops = [line.polygon[1] for line in result.lines]
    assert tops == sorted(tops)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (20, 20), (300, 200)])
def test_an_empty_page(build: Build, shape: tuple[int, int]) -> None:
    assert build().recognize([np.full((*shape, 3), 255, np.uint8)]) == [PageResult()]


@pytest.mark.parametrize("compat", [False, True])
def test_polygons_of_the_smallest_pages_are_on_them(build: Build, compat: bool) -> None:
    sheets = [page(["a1"], 12, margin=2), page(["i"], 14, margin=4), page(["88"], 20, margin=2)]
    for sheet, result in zip(sheets, build(compat=compat).recognize(sheets), strict=True):
        for line in result.lines:
            assert all(0 <= x <= sheet.shape[1] for x in line.polygon[0::2])
            assert all(0 <= y <= sheet.shape[0] for y in line.polygon[1::2])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_words_of_a_very_wide_line_come_out_and_stay_apart(build: Build, seed: int) -> None:
    line = " ".join(words(seed, 20))
    (result,) = build().recognize([page([line], 24)])
    assert " ".join(texts(result)).split() == line.split()


def test_a_line_that_runs_from_top_to_bottom_begins_at_its_top(build: Build) -> None:
    lines = ["invoice number 4711", "total amount 99.50"]
    upright = page(lines, 30)
    turned = np.ascontiguousarray(np.rot90(upright, -1))
    (result,) = build(page_orientation=False).recognize([turned])
    assert sorted(map(letters, texts(result))) == sorted(map(letters, lines))
    for line in result.lines:
        begin, end, across = (np.array(line.polygon[at : at + 2]) for at in (0, 2, 4))
        assert end[1] - begin[1] > 200, "the upper edge of the text runs down the page"
        assert across[0] < end[0], "and its lower edge is to the left"


def test_a_crowded_page_takes_longer_than_an_empty_one_of_its_batch(build: Build) -> None:
    crowded = page(words(7, 12), 32)
    empty = np.full_like(crowded, 255)
    found = build().recognize([crowded, empty, crowded])
    took = [one.took_ms or 0.0 for one in found]
    assert min(took[0], took[2]) > 2 * took[1] > 0


@pytest.mark.parametrize("angle", [-12, 7])
def test_a_tilted_page(build: Build, angle: float) -> None:
    lines = words(5, 6)
    upright = page(lines, 28, margin=120)
    height, width = upright.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    tilted = cv2.warpAffine(upright, matrix, (width, height), borderValue=(255, 255, 255))
    (result,) = build().recognize([tilted])
    assert sorted(map(letters, texts(result))) == sorted(map(letters, lines))


def test_a_charset_of_digits_gives_nothing_else(build: Build) -> None:
    (result,) = build(charset="digits").recognize([page(["invoice 4711", "12.50 + 7", "total 99"], 28)])
    found = "".join(texts(result))
    assert not any(character.isalpha() for character in found)
    assert "4711" in found
    assert "12.50" in found


def test_weak_lines_are_dropped_from_a_threshold_on(build: Build) -> None:
    noisy = page(words(3, 6), 20).astype(np.int16)
    noisy = noisy + np.random.default_rng(2).normal(0, 90, noisy.shape).astype(np.int16)
    sheet = np.clip(noisy, 0, 255).astype(np.uint8)
    all_ = build(rec_score_thresh=0).recognize([sheet])[0].lines
    strong = build(rec_score_thresh=0.95).recognize([sheet])[0].lines
    assert strong == tuple(line for line in all_ if line.score >= 0.95)


def test_it_loads_neither_paddleocr_nor_ray() -> None:
    require_model()
    code = (
        "import sys\n"
        "from actors.engines import build_engine\n"
        "from actors.settings import EngineConfig\n"
        "from tests.drawn import page\n"
        "engine = build_engine(EngineConfig(threads=1))\n"
        "(result,) = engine.recognize([page(['hello world'], 28)])\n"
        "assert [line.text for line in result.lines] == ['hello world'], result\n"
        "heavy = {'paddleocr', 'paddlex', 'paddle', 'ray', 'pyclipper', 'shapely', 'torch', 'pandas'}\n"
        "found = heavy & set(sys.modules)\n"
        "assert not found, found\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ(), cwd=ROOT, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == answer.stderr == ""


def test_without_opencv_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.engines.fast.engine.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="needs OpenCV") as caught:
        build_engine(EngineConfig())
    assert "rayocr[cpu]" in caught.value.remedy
