"""Graphs in float16: what they compute beside those they were made from, how they are kept, who loads them.

ONNX Runtime executes them on a CPU too, there with float32 inside many operators.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from actors.contracts import OcrEngine
from actors.engines.fast import engine as fast
from actors.engines.fast.options import pace_of
from actors.errors import ModelError
from actors.runtimes import float16, load
from actors.runtimes.binding import run_bound
from actors.runtimes.contracts import Array, Placement, Session, Weights
from actors.runtimes.surgery import prepare
from actors.settings import EngineConfig, ModelsConfig
from tests.actors.runtimes.graphs import batch, head, normalised
from tests.drawn import page, words
from tests.invariance import drawn
from tests.models import require_model

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def types(file: Path) -> set[str]:
    """Element types of a graph's constants with more than a few numbers."""
    kinds = {
        one.data_type
        for one in onnx.load(str(file)).graph.initializer
        if onnx.numpy_helper.to_array(one).size
    }
    return {onnx.TensorProto.DataType.Name(kind) for kind in kinds} - {"INT64", "INT32"}


def both(source: Path, given: np.ndarray) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """What a graph gives, and what its float16 copy gives."""
    target = source.with_name("half.onnx")
    float16.convert(source, target)
    first, second = (load("onnxruntime", Weights("onnx", (one,)), Placement()) for one in (source, target))
    return first.run(given), second.run(given)


@pytest.mark.parametrize("kind", ["softmax", "logits", "best"])
def test_a_head_gives_nearly_the_same(tmp_path: Path, kind: Literal["softmax", "logits", "best"]) -> None:
    source = tmp_path / "source.onnx"
    prepare(head(tmp_path, 13).files[0], source, None, kind)
    exact, half = both(source, batch(3, width=64))
    assert types(tmp_path / "half.onnx") == {"FLOAT16"}
    assert [one.dtype for one in half] == [one.dtype for one in exact]
    for one, other in zip(exact, half, strict=True):
        assert np.allclose(one, other, atol=2e-2)
    assert not all(np.array_equal(one, other) for one, other in zip(exact, half, strict=True))


def test_what_is_beyond_float16_is_folded_or_stays_in_float32(tmp_path: Path) -> None:
    """A running variance of 10^8, as PP-OCRv4 has one, would be cut off at 65,504."""
    (exact,), (half,) = both(normalised(tmp_path, 1e8).files[0], batch(4, height=16, width=16))
    assert np.allclose(exact, half, rtol=3e-3)
    assert types(tmp_path / "half.onnx") == {"FLOAT", "FLOAT16"}
    kinds = [node.op_type for node in onnx.load(str(tmp_path / "half.onnx")).graph.node]
    assert "BatchNormalization" not in kinds


def test_the_source_is_not_changed(tmp_path: Path) -> None:
    source = normalised(tmp_path, 1.0).files[0]
    before = source.read_bytes()
    float16.convert(source, tmp_path / "half.onnx")
    assert source.read_bytes() == before


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "torn.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"torn\.onnx cannot be changed to float16") as caught:
        float16.convert(tmp_path / "torn.onnx", tmp_path / "half.onnx")
    assert caught.value.remedy == "Set engine.precision=float32."
    assert not (tmp_path / "half.onnx").exists()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The graphs that were converted."""
    real, seen = float16.convert, []

    def noting(source: Path, target: Path) -> None:
        seen.append(source)
        real(source, target)

    monkeypatch.setattr(float16, "convert", noting)
    return seen


def test_it_is_made_once_and_kept(tmp_path: Path, made: list[Path]) -> None:
    source = head(tmp_path).files[0]
    first = float16.kept(source, tmp_path / "cache")
    assert float16.kept(source, tmp_path / "cache") == first
    assert len(made) == 1
    assert types(first) == {"FLOAT16"}
    assert {one.name for one in first.parent.iterdir()} == {"rec.onnx", "card.json"}, "nothing is left"


@pytest.mark.parametrize("damage", ["graph", "card", "no card", "no graph"])
def test_it_is_made_again_if_it_was_altered(tmp_path: Path, made: list[Path], damage: str) -> None:
    source = head(tmp_path).files[0]
    first = float16.kept(source, tmp_path / "cache")
    good, card = first.read_bytes(), first.with_name("card.json")
    if damage == "graph":
        first.write_bytes(good[:-1] + b"x")
    elif damage == "card":
        card.write_text(json.dumps({"sha256": 7}))
    else:
        (card if damage == "no card" else first).unlink()
    assert float16.kept(source, tmp_path / "cache").read_bytes() == good
    assert len(made) == 2


def test_another_model_and_another_surgery_have_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = float16.kept(head(tmp_path, 11).files[0], tmp_path / "cache")
    other = float16.kept(head(tmp_path, 13).files[0], tmp_path / "cache")
    monkeypatch.setattr(float16, "VERSION", float16.VERSION + 1)
    assert len({one, other, float16.kept(head(tmp_path, 13).files[0], tmp_path / "cache")}) == 3


def test_two_makers_at_once_make_it_once(tmp_path: Path, made: list[Path]) -> None:
    source = head(tmp_path).files[0]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: float16.kept(source, tmp_path / "cache"), range(4)))
    assert len(set(found)) == 1
    assert len(made) == 1


MODELS = pytest.mark.parametrize("name", ["PP-OCRv6_small", "PP-OCRv6_tiny"])


@pytest.mark.models
@MODELS
def test_a_models_graphs_give_nearly_the_same(tmp_path: Path, name: str) -> None:
    """Of one drawn line and one drawn page; the softmax of 18,710 classes is added up in float32."""
    import cv2

    files = require_model(name)
    text = cv2.resize(page(words(1, 1), 32), (320, 48)).transpose(2, 0, 1)[None]
    whole = cv2.resize(page(words(2, 8), 24), (480, 320)).transpose(2, 0, 1)[None]
    prepare(files.path("rec.onnx"), tmp_path / "rec.onnx", None, "best")
    exact, half = both(tmp_path / "rec.onnx", text.astype(np.float32) / np.float32(127.5) - 1)
    assert np.array_equal(exact[0], half[0])
    assert np.abs(exact[1] - half[1]).max() < 0.1
    (tmp_path / "det.onnx").write_bytes(files.path("det.onnx").read_bytes())
    (exact_map,), (half_map,) = both(tmp_path / "det.onnx", (whole.astype(np.float32) / 255 - 0.45) / 0.225)
    assert ((exact_map > 0.3) != (half_map > 0.3)).mean() < 0.001
    assert types(tmp_path / "half.onnx") <= {"FLOAT16", "FLOAT"}


def as_on_a_card(half: bool, monkeypatch: pytest.MonkeyPatch, folder: Path) -> OcrEngine:
    """An engine with a card's heads and shapes, whose models run on this CPU."""

    def loaded(runtime: str, weights: Weights, placement: Placement) -> Session:
        (file,) = weights.files
        return load(runtime, Weights("onnx", (float16.kept(file, folder) if half else file,)), placement)

    monkeypatch.setattr(fast, "load", loaded)
    monkeypatch.setattr(fast, "pace_of", lambda runtime, _device: pace_of(runtime, "gpu"))
    monkeypatch.setattr(fast, "_head", lambda *_: "best")
    config = EngineConfig(runtime="onnxruntime", precision="float32", device="cpu", threads=1)
    return fast.FastEngine(config, ModelsConfig())


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[OcrEngine, OcrEngine]]:
    """In float32 and in float16."""
    require_model()
    pair = (as_on_a_card(False, monkeypatch, tmp_path), as_on_a_card(True, monkeypatch, tmp_path))
    yield pair
    for one in pair:
        one.close()


@pytest.mark.models
@pytest.mark.slow
def test_drawn_pages_read_the_same(engines: tuple[OcrEngine, OcrEngine]) -> None:
    exact, half = engines
    pages = [drawn(seed) for seed in range(6)]
    for one, other in zip(exact.recognize(pages), half.recognize(pages), strict=True):
        assert one.lines
        assert [line.text for line in other.lines] == [line.text for line in one.lines]
        for line, again in zip(one.lines, other.lines, strict=True):
            assert np.abs(np.subtract(line.polygon, again.polygon)).max() <= 3
            assert abs(line.score - again.score) < 0.05


@pytest.mark.parametrize(
    ("placement", "found"),
    [
        (Placement("gpu", "float16"), {"FLOAT16"}),
        (Placement("gpu", "float32"), {"FLOAT"}),
        (Placement("gpu", "float16", tensorrt=True), {"FLOAT"}),
    ],
)
@pytest.mark.parametrize("keeps", [True, False])
def test_which_graph_a_card_is_given(
    placement: Placement, found: set[str], keeps: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorRT makes float16 of a float32 graph by itself."""
    from actors.runtimes import onnx_runtime

    source = head(tmp_path)
    given = Placement(placement.device, placement.precision, tensorrt=placement.tensorrt, cache=tmp_path)
    with onnx_runtime._graph(source, given if keeps else placement) as (file, optimised):
        assert not optimised
        assert types(file) == found
        assert (tmp_path in file.parents) is (keeps or found == {"FLOAT"})
    assert file.exists() is (keeps or found == {"FLOAT"})


def test_a_session_in_float16_is_made_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a card that isn't there: the session's own providers are the CPU's, all else is as on one."""
    import onnxruntime

    from actors.runtimes import onnx_runtime

    loaded: list[str] = []
    real = onnxruntime.InferenceSession

    def on_cpu(file: Any, options: Any, providers: Any) -> Any:
        loaded.append(str(file))
        return real(file, options, providers=["CPUExecutionProvider"])

    exact = load("onnxruntime", head(tmp_path), Placement()).run(batch(1))
    monkeypatch.setattr(onnx_runtime, "find_card_libraries", lambda **_: None)
    monkeypatch.setattr(onnx_runtime, "_check_used", lambda *_: None)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", on_cpu)
    monkeypatch.setattr(onnx_runtime, "run_bound", lambda session, batch, _: run_bound(session, batch, "cpu"))
    file = float16.kept(head(tmp_path).files[0], tmp_path)
    loaded.clear()
    session = load("onnxruntime", head(tmp_path), Placement("gpu", "float16", cache=tmp_path))
    assert loaded == [str(file)]
    assert np.allclose(session.run(batch(1))[0], exact[0], atol=2e-2)
