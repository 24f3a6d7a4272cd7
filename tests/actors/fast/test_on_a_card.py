"""The engine as it works on a card, in one piece, where the card is this CPU: only CUDA itself is missing."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from actors.contracts import OcrEngine
from actors.engines.fast import engine as fast
from actors.engines.fast import page_classifier
from actors.models.catalogue import DEFAULT_MODEL
from actors.runtimes import load, onnx_runtime
from actors.runtimes.contracts import Placement, Session, Weights
from actors.runtimes.host_memory import CudaLocker
from actors.settings import EngineConfig, ModelsConfig
from tests.invariance import drawn
from tests.models import require_model

pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

PAGES = 6


class Pages:
    """A Locker that counts."""

    locked = 0

    def lock(self, _address: int, _size: int) -> int:
        Pages.locked += 1
        return 0

    def unlock(self, _address: int) -> None:
        Pages.locked -= 1


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """Sessions with the providers of a card compute on the CPU. Gives what the providers were told."""
    require_model()
    told: list[dict[str, Any]] = []
    real = runtime.InferenceSession

    def on_cpu(file: Any, options: Any, providers: list[Any]) -> Any:
        if isinstance(providers[0], tuple) and providers[0][0] != "CPUExecutionProvider":
            told.append(dict(providers)[providers[0][0]])
        return real(file, options, providers=["CPUExecutionProvider"])

    names = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(runtime, "InferenceSession", on_cpu)
    monkeypatch.setattr(runtime, "get_available_providers", lambda: names)
    monkeypatch.setattr(onnx_runtime, "find_card_libraries", lambda **_: None)
    monkeypatch.setattr(onnx_runtime, "_check_used", lambda *_: None)
    monkeypatch.setattr(onnx_runtime, "_DEVICE", "cpu")
    monkeypatch.setattr(CudaLocker, "open", Pages)
    placed = fast._placement
    monkeypatch.setattr(fast, "_placement", lambda *known: replace(placed(*known), cache=tmp_path))
    Pages.locked = 0
    return told


def built(**settings: object) -> OcrEngine:
    tree = {"device": "gpu", "threads": 2, "warm_up": False, **settings}
    return fast.FastEngine(EngineConfig.model_validate(tree), ModelsConfig())


def texts(engine: OcrEngine) -> list[list[str]]:
    """The lines of the pages."""
    pages = [drawn(seed) for seed in range(PAGES)]
    return [[line.text for line in result.lines] for result in engine.recognize(pages)]


def texts_again(engine: OcrEngine) -> list[list[str]]:
    """Three times the same pages, with a release after the first: all must read the same."""
    first = texts(engine)
    engine.release()
    for _ in range(2):
        assert texts(engine) == first
    return first


@cache
def plain_texts(**same: object) -> list[list[str]]:
    """What a CPU reads, in float32."""
    plain = built(device="cpu", runtime="onnxruntime", precision="float32", threads=1, **same)
    read = texts(plain)
    plain.close()
    return read


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"precision": "float32"},
        {"cuda_graphs": True},
        {"tensorrt": True},
        {"line_orientation": True, "precision": "float32"},
        {"model": "PP-OCRv4_mobile_onnx", "precision": "float16"},
        {"model": "PP-OCRv4_mobile_onnx", "charset": "latin", "precision": "float32"},
    ],
    ids=lambda settings: "-".join(settings) or "default",
)
def test_it_reads_what_a_cpu_reads(card: list[dict[str, Any]], settings: dict[str, Any]) -> None:
    model = settings.get("model", DEFAULT_MODEL)
    require_model(model)
    same = {name: settings[name] for name in ("model", "charset") if name in settings}
    expected = plain_texts(**same)
    assert Pages.locked == 0
    assert not card
    engine = built(**settings)
    assert engine.info.precision == settings.get("precision", "float16")
    assert _comparable(texts_again(engine), model) == _comparable(expected, model)
    assert 0 < Pages.locked <= 3, "inputs were page-locked, and few of them are kept"
    engine.release()
    assert Pages.locked == 0
    engine.close()
    det, rec = card[:2]
    assert "enable_cuda_graph" not in det
    assert ("enable_cuda_graph" in rec) is ("cuda_graphs" in settings)
    assert ("trt_profile_max_shapes" in rec) is ("tensorrt" in settings)


def _comparable(pages: list[list[str]], model: str) -> list[list[str]]:
    """PP-OCRv4 drops spaces, and which ones hangs on a pixel: pages have other sides on a card."""
    spaceless = model.startswith("PP-OCRv4")
    return [[line.replace(" ", "") if spaceless else line for line in page] for page in pages]


@pytest.mark.models
def test_each_model_is_told_the_shapes_of_its_own(card: object, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Placement] = []

    def noting(runtime_: str, weights: Weights, placement: Placement) -> Session:
        seen.append(placement)
        return load(runtime_, weights, placement)

    monkeypatch.setattr(fast, "load", noting)
    built(tensorrt=True, line_orientation=True, cuda_graphs=False).close()
    det, rec, of_page, judge = (placement.shapes for placement in seen)
    assert of_page == page_classifier.SHAPES
    assert det is not None
    assert rec is not None
    assert judge is not None
    assert det.most[2] == det.most[3] > 48
    assert (rec.least[2], rec.usual[2], rec.most[2]) == (44, 44, 48)
    assert judge.most == (8, 3, 48, 192)
    precisions = [placement.precision for placement in seen]
    assert precisions == ["float16", "float16", "float32", "float16"], "pages are judged in float32 anyway"
