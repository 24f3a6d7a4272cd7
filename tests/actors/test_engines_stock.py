"""The stock engine: what it refuses before anything loads, what it reads, and that it keeps quiet."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from actors.contracts import Line, OcrEngine, PageResult
from actors.engines import build_engine, describe_engine
from actors.engines.inference_yml import write_model_folders
from actors.engines.lost_marks import KnownMarks
from actors.engines.stock import _result
from actors.errors import ConfigError, ModelError
from actors.models.cache import ModelStore
from actors.models.catalogue import CATALOGUE
from actors.settings import EngineConfig, ModelsConfig
from benchmarks.peers import pages as labelled
from benchmarks.peers.processes import Read
from tests.actors.test_engines_contract import PAGES, written
from tests.cli import ROOT
from tests.data import require_data
from tests.models import require_model, toy_folder, toy_model


@pytest.fixture
def nothing_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("it went on to load something")

    monkeypatch.setattr("actors.engines.stock.ModelStore.ensure", refuse)
    monkeypatch.setattr("actors.engines.stock._pipeline", refuse)


@pytest.mark.usefixtures("nothing_loads")
class TestRefusals:
    def test_a_runtime_that_cannot_read_the_models_format(self) -> None:
        with pytest.raises(ConfigError) as caught:
            build_engine(EngineConfig(engine="stock", runtime="paddle"))
        assert "onnx format" in caught.value.why
        assert "onnxruntime" in caught.value.remedy
        with pytest.raises(ConfigError, match="cannot execute"):
            describe_engine(EngineConfig(engine="stock", runtime="onnxruntime", model="PP-OCRv4_mobile"))

    def test_auto_takes_the_runtime_of_the_format(self) -> None:
        for model, runtime in (
            ("PP-OCRv6_small", "onnxruntime"),
            ("PP-OCRv4_mobile", "paddle"),
            ("PP-OCRv4_mobile_onnx", "onnxruntime"),
        ):
            assert describe_engine(EngineConfig(engine="stock", model=model)).runtime == runtime

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("precision", "bfloat16"),
            ("charset", "latin"),
            ("compat", True),
            ("tensorrt", True),
            ("cuda_graphs", True),
            ("rec_squeeze", 0.9),
            ("rec_second_look", 0.5),
            ("det_glyph", 9.0),
        ],
    )
    def test_what_only_the_fast_engine_has(self, name: str, value: object) -> None:
        with pytest.raises(ConfigError, match=f"knows no engine.{name}") as caught:
            describe_engine(EngineConfig.model_validate({"engine": "stock", name: value}))
        assert "engine.engine to fast" in caught.value.remedy

    def test_openvino(self) -> None:
        with pytest.raises(ConfigError, match="runtime openvino cannot execute"):
            build_engine(EngineConfig(engine="stock", runtime="openvino"))

    @pytest.mark.parametrize(
        ("missing", "model", "device", "extra"),
        [
            ({"paddleocr"}, "PP-OCRv6_small", "cpu", "stock,cpu"),
            ({"paddleocr"}, "PP-OCRv6_small", "gpu", "stock,gpu-onnx"),
            ({"onnxruntime"}, "PP-OCRv6_small", "cpu", "cpu"),
            ({"onnxruntime"}, "PP-OCRv6_small", "gpu", "gpu-onnx"),
            ({"paddle"}, "PP-OCRv4_mobile", "cpu", "paddle"),
            ({"paddle"}, "PP-OCRv4_mobile", "gpu", "gpu"),
        ],
    )
    def test_a_package_that_is_not_installed(
        self, monkeypatch: pytest.MonkeyPatch, missing: set[str], model: str, device: str, extra: str
    ) -> None:
        monkeypatch.setattr(
            "actors.engines.stock.util.find_spec", lambda name: None if name in missing else object()
        )
        with pytest.raises(ConfigError, match="not installed") as caught:
            build_engine(EngineConfig.model_validate({"engine": "stock", "model": model, "device": device}))
        assert f"'rayocr[{extra}]'" in caught.value.remedy

    def test_a_runtime_for_cpus_does_not_serve_a_gpu(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("actors.engines.stock.util.find_spec", lambda name: object())
        monkeypatch.setattr("actors.engines.stock._has_cuda_provider", lambda: False)
        with pytest.raises(ConfigError, match="for CUDA") as caught:
            build_engine(EngineConfig(engine="stock", device="gpu"))
        assert "gpu-onnx" in caught.value.remedy

    def test_a_model_that_reads_no_text(self) -> None:
        with pytest.raises(ModelError, match="does not read text"):
            build_engine(EngineConfig(engine="stock", model="textline_cls_v2"))

    def test_a_model_that_nobody_knows(self) -> None:
        with pytest.raises(ModelError, match="no model 'PP-OCRv9'"):
            build_engine(EngineConfig(engine="stock", model="PP-OCRv9"))


def test_engine_options_of_each_runtime() -> None:
    from actors.engines.stock import _engine_config

    cpu = EngineConfig(engine="stock", threads=3)
    gpu = EngineConfig(engine="stock", threads=3, device="gpu")
    base = {"intra_op_num_threads": 3, "inter_op_num_threads": 1}
    assert _engine_config("onnxruntime", cpu, 2048) == base
    assert _engine_config("onnxruntime", gpu, None) == base
    limit = {"gpu_mem_limit": 1024 * 1024 * 1024}  # of each of its two models
    assert _engine_config("onnxruntime", gpu, 2048) == {**base, "provider_options": limit}
    assert _engine_config("paddle", cpu, None) == {"cpu_threads": 3}


def test_the_dictionary_of_a_text_file_keeps_every_character(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A space of another width, and what Python takes for a line end, are characters like any other."""
    import hashlib
    from dataclasses import replace

    import yaml

    text = "a\n\u3000\n\u2028\nb\n"
    toy = toy_model()
    files = tuple(
        replace(file, bytes=len(text.encode()), sha256=hashlib.sha256(text.encode()).hexdigest())
        if file.name == "characters.txt"
        else file
        for file in toy.files
    )
    monkeypatch.setitem(CATALOGUE, "toy", replace(toy, files=files))
    source = toy_folder(tmp_path / "source", **{"characters.txt": text.encode()})
    store = ModelStore(ModelsConfig(cache=str(tmp_path / "cache"), source=str(source)))
    det, rec = write_model_folders(store.ensure("toy"), tmp_path)
    assert (det / "inference.onnx").read_bytes() == b"detection"
    tree = yaml.safe_load((rec / "inference.yml").read_text("utf-8"))
    assert tree["PostProcess"]["character_dict"] == ["a", "\u3000", "\u2028", "b"]
    assert tree["Global"]["model_name"] == "toy_rec"


@pytest.fixture(scope="module")
def stock() -> Iterator[OcrEngine]:
    pytest.importorskip("paddleocr")
    require_model()
    engine = build_engine(EngineConfig(engine="stock", threads=1))
    yield engine
    engine.close()


@pytest.mark.models
@pytest.mark.slow
class TestReading:
    def test_it_reads_what_is_written(self, stock: OcrEngine) -> None:
        (result,) = stock.recognize([PAGES["two lines"]])
        assert [line.text for line in result.lines] == ["Invoice 2024", "Total amount 1,234.56"]
        assert all(line.score > 0.9 for line in result.lines)
        left, top, right, _, _, bottom, _, _ = result.lines[0].polygon
        assert 5 < left < 30
        assert 120 < right < 220
        assert 10 < top < bottom < 60

    def test_it_takes_rgb(self, stock: OcrEngine) -> None:
        seen: list[np.ndarray] = []
        pipeline = stock._pipeline  # type: ignore[attr-defined]

        class Spy:
            def predict(self, page: np.ndarray) -> Any:
                seen.append(page)
                return pipeline.predict(page)

        stock._pipeline = Spy()  # type: ignore[attr-defined]
        try:
            stock.recognize([written("red", colour=(255, 0, 0))])
        finally:
            stock._pipeline = pipeline  # type: ignore[attr-defined]
        (page,) = seen
        assert page.flags.c_contiguous
        red_ink = (page[:, :, 2] > 200) & (page[:, :, 0] < 50)
        assert red_ink.any(), "PaddleOCR takes BGR: red comes last"

    def test_a_page_that_raises_fails_alone(self, stock: OcrEngine) -> None:
        grey = np.zeros((40, 40), np.uint8)
        good = PAGES["one line"]
        first, bad, last = stock.recognize([good, grey, good])
        assert first == last
        assert first.lines
        assert bad.fault is not None
        assert bad.fault.code == "ocr.failed"
        assert not bad.lines

    def test_out_of_memory_has_a_code_of_its_own(
        self, stock: OcrEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Full:
            def predict(self, page: np.ndarray) -> Any:
                raise MemoryError("bad allocation")

        monkeypatch.setattr(stock, "_pipeline", Full())
        (result,) = stock.recognize([PAGES["one line"]])
        assert result.fault is not None
        assert result.fault.code == "ocr.out_of_memory"

    def test_a_receipt(self, stock: OcrEngine) -> None:
        folder = require_data("sroie")
        page = np.asarray(Image.open(folder / "images" / "sroie_000.jpg").convert("RGB"))
        (result,) = stock.recognize([page])
        text = "\n".join(line.text for line in result.lines)
        assert 40 <= len(result.lines) <= 50
        assert "81100 JOHOR BAHRU" in text.upper()
        assert re.search(r"25/12/2018\s*8:13:39", text)
        tops = [line.polygon[1] for line in result.lines]
        assert tops[0] < tops[len(tops) // 2] < tops[-1]

    def test_it_prints_nothing_and_leaves_nothing_behind(self, tmp_path: Path) -> None:
        require_model()
        code = (
            "import numpy as np\n"
            "from actors.engines import build_engine\n"
            "from actors.settings import EngineConfig\n"
            "engine = build_engine(EngineConfig(engine='stock', threads=1))\n"
            "print('built', flush=True)\n"
            "engine.recognize([np.full((64, 64, 3), 255, np.uint8), np.zeros((9, 9), np.uint8)])\n"
            "import os; os.kill(os.getpid(), 9)\n"
        )
        answer = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        )
        assert answer.returncode == -9, answer.stderr
        assert answer.stdout == "built\n"
        assert answer.stderr == ""
        assert not list(tmp_path.glob("rayocr*"))


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.parametrize("model", ["PP-OCRv6_tiny", "PP-OCRv4_mobile_onnx", "PP-OCRv4_mobile"])
def test_the_other_models(model: str) -> None:
    pytest.importorskip("paddleocr")
    if CATALOGUE[model].format == "paddle":
        pytest.importorskip("paddle", reason="the Paddle runtime is not installed")
    require_model(model)
    config = EngineConfig(engine="stock", model=model, threads=1)
    engine = build_engine(config)
    assert engine.info == describe_engine(config)
    results = engine.recognize([PAGES["two lines"], PAGES["blank"], PAGES["5x5"]])
    engine.close()
    assert not any(result.fault for result in results)
    letters = ["".join(filter(str.isalnum, line.text)) for line in results[0].lines]
    assert letters == ["Invoice2024", "Totalamount123456"], "PP-OCRv4 drops spaces, and some commas"
    assert not results[1].lines
    assert not results[2].lines


@pytest.mark.data
@pytest.mark.models
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_word_f1_on_receipts(stock: OcrEngine) -> None:
    """PaddleOCR's own figure on these twenty receipts is 0.932 (on all forty 0.942)."""
    data = require_data()
    (receipts,) = (one for one in labelled.SETS if one.name == "sroie")
    pages = labelled.labels(data, receipts, 20)
    read = {}
    for page in pages:
        (result,) = stock.recognize([np.asarray(Image.open(page.path).convert("RGB"))])
        read[page.path] = Read("\n".join(line.text for line in result.lines), [], None)
    score = labelled.score(data, receipts, pages, read)
    print(score)
    assert len(pages) == 20
    assert score.f1 >= 0.930


def test_lines_below_the_threshold_and_those_without_a_text_are_dropped() -> None:
    box = (0.0, 0.0, 400.0, 0.0, 400.0, 20.0, 0.0, 20.0)
    found = [Line("The customer paid in cash", 0.99, box), Line("paid", 0.3, box), Line("", 0.0, box)]
    known = KnownMarks(vietnamese=False, greek=False)
    result = _result(found, 0.5, known)
    assert result.lines == tuple(found[:1])
    assert result.dropped == (0.3, 0.0)
    assert "text.unread" in result.notices
    assert _result(found[:1], 0.0, known) == PageResult(tuple(found[:1]))
