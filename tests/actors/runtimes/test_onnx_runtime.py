"""ONNX Runtime: what it computes, what it is told for a card, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from actors.errors import ConfigError
from actors.runtimes import load
from actors.runtimes.contracts import Placement, Weights
from actors.runtimes.onnx_runtime import _check_used, find_card_libraries, providers
from tests.actors.runtimes.graphs import batch, doubling

NOWHERE = Path("no.onnx")


@pytest.mark.parametrize("threads", [1, 2])
def test_it_computes_batches_of_any_shape_and_after_a_release(tmp_path: Path, threads: int) -> None:
    pytest.importorskip("onnxruntime")
    session = load("onnxruntime", doubling(tmp_path), Placement(threads=threads))
    for seed, shape in enumerate(((1, 8, 8), (3, 16, 4), (1, 8, 8))):
        given = batch(seed, *shape)
        twice, mean = session.run(given)
        assert np.array_equal(twice, given * 2)
        assert np.allclose(mean, given.mean(axis=1), atol=1e-6)
        session.release()


def test_what_a_run_gave_is_not_overwritten_by_the_next(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    session = load("onnxruntime", doubling(tmp_path), Placement())
    first = session.run(batch(1))[0]
    kept = first.copy()
    session.run(batch(2))
    assert np.array_equal(first, kept)


def test_providers_of_a_cpu() -> None:
    assert providers(Placement(), NOWHERE) == [("CPUExecutionProvider", {})]


def test_providers_of_a_card() -> None:
    ((name, options),) = providers(Placement("gpu"), NOWHERE)
    assert name == "CUDAExecutionProvider"
    assert options["device_id"] == 0
    assert options["arena_extend_strategy"] == "kSameAsRequested"
    assert "gpu_mem_limit" not in options
    ((_, capped),) = providers(Placement("gpu", gpu_memory_mb=2048), NOWHERE)
    assert capped["gpu_mem_limit"] == 2 * 1024**3
    ((_, part),) = providers(Placement("gpu", gpu_memory_mb=2048, gpu_part=0.25), NOWHERE)
    assert part["gpu_mem_limit"] == 512 << 20


def test_tensorrt_comes_before_cuda() -> None:
    (first, options), (second, _) = providers(Placement("gpu", "float16", tensorrt=True), NOWHERE)
    assert (first, second) == ("TensorrtExecutionProvider", "CUDAExecutionProvider")
    assert options == {"device_id": 0, "trt_fp16_enable": True}


def test_a_provider_that_onnx_runtime_dropped_is_an_error() -> None:
    class OnCpu:
        def get_providers(self) -> list[str]:
            return ["CPUExecutionProvider"]

    _check_used(OnCpu(), Placement())
    with pytest.raises(ConfigError, match="could not start its CUDAExecutionProvider") as caught:
        _check_used(OnCpu(), Placement("gpu"))
    assert "engine.device=cpu" in caught.value.remedy


@pytest.mark.parametrize(
    ("placement", "begun"),
    [
        (Placement("gpu"), ["CUDA", "session"]),
        (Placement("gpu", tensorrt=True), ["CUDA", "TensorRT", "session"]),
        (Placement("cpu"), ["session"]),
    ],
)
def test_a_cards_libraries_are_found_before_its_first_session(
    placement: Placement, begun: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In pip's packages no linker finds them: ONNX Runtime would drop the card for want of libcublasLt."""
    runtime = pytest.importorskip("onnxruntime")
    done: list[str] = []

    class Session:
        def __init__(self, _file: str, _options: object, providers: list[tuple[str, object]]) -> None:
            done.append("session")
            self._providers = [name for name, _ in providers]

        def get_providers(self) -> list[str]:
            return self._providers

        def get_inputs(self) -> list[SimpleNamespace]:
            return [SimpleNamespace(name="x")]

    all_of_them = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(runtime, "get_available_providers", lambda: all_of_them)
    monkeypatch.setattr(runtime, "preload_dlls", lambda: done.append("CUDA"))
    monkeypatch.setattr(runtime, "InferenceSession", Session)
    monkeypatch.setattr("actors.runtimes.onnx_runtime.util.find_spec", lambda name: name)
    monkeypatch.setattr("actors.runtimes.onnx_runtime.import_module", lambda _: done.append("TensorRT"))
    load("onnxruntime", Weights("onnx", (tmp_path / "no.onnx",)), placement)
    assert done == begun


def test_what_is_missing_of_a_cards_libraries_is_told_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    runtime = pytest.importorskip("onnxruntime")
    monkeypatch.setattr(runtime, "preload_dlls", lambda: print("Failed to load libcublas.so.13"))
    find_card_libraries()
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "Failed to load libcublas.so.13\n")


def test_a_provider_that_this_build_lacks_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = pytest.importorskip("onnxruntime")
    monkeypatch.setattr(runtime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(ConfigError, match="has no CUDAExecutionProvider") as caught:
        load("onnxruntime", doubling(tmp_path), Placement("gpu"))
    assert "gpu-onnx" in caught.value.remedy


@pytest.mark.parametrize(
    ("placement", "words"),
    [
        (Placement(precision="bfloat16"), "does not compute in bfloat16"),
        (Placement(precision="int8"), "does not compute in int8"),
        (Placement(precision="float16", tensorrt=True), "does not compute in float16"),
        (Placement("gpu", "bfloat16"), "does not compute in bfloat16"),
    ],
)
def test_a_precision_that_it_does_not_have(placement: Placement, words: str) -> None:
    pytest.importorskip("onnxruntime")
    with pytest.raises(ConfigError, match=words) as caught:
        load("onnxruntime", Weights("onnx", (Path("no.onnx"),)), placement)
    assert "engine.precision" in caught.value.remedy


def test_other_formats_and_files_that_are_no_model(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    with pytest.raises(ConfigError, match="paddle format"):
        load("onnxruntime", Weights("paddle", ()), Placement())
    (tmp_path / "torn.onnx").write_bytes(b"nothing")
    with pytest.raises(ConfigError, match=r"could not load torn\.onnx") as caught:
        load("onnxruntime", Weights("onnx", (tmp_path / "torn.onnx",)), Placement())
    assert caught.value.remedy == "rayocr models verify"


@pytest.mark.parametrize(("device", "extra"), [("cpu", "cpu"), ("gpu", "gpu-onnx")])
def test_it_is_not_installed(monkeypatch: pytest.MonkeyPatch, device: Any, extra: str) -> None:
    monkeypatch.setattr("actors.runtimes.onnx_runtime.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="not installed") as caught:
        load("onnxruntime", Weights("onnx", ()), Placement(device))
    assert f"'rayocr[{extra}]'" in caught.value.remedy
