"""OpenVINO: what it computes on the CPU, in which precision, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.errors import ConfigError
from actors.runtimes import load
from actors.runtimes.contracts import Placement, Weights
from actors.runtimes.cpu import cpu_has_bfloat16
from tests.actors.runtimes.graphs import batch, doubling, head

FLAGS = "actors.runtimes.cpu.cpu_flags"


@pytest.mark.parametrize("threads", [1, 2])
def test_it_computes_batches_of_any_shape_and_after_a_release(tmp_path: Path, threads: int) -> None:
    pytest.importorskip("openvino")
    session = load("openvino", doubling(tmp_path), Placement(threads=threads))
    for seed, shape in enumerate(((1, 8, 8), (3, 16, 4), (1, 8, 8))):
        given = batch(seed, *shape)
        twice, mean = session.run(given)
        assert np.array_equal(twice, given * 2), "float32, although the CPU may have bfloat16"
        assert np.allclose(mean, given.mean(axis=1), atol=1e-6)
        session.release()


def test_what_a_run_gave_is_not_overwritten_by_the_next(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    session = load("openvino", doubling(tmp_path), Placement())
    first = session.run(batch(1))[0]
    kept = first.copy()
    session.run(batch(2))
    assert np.array_equal(first, kept)


def test_it_gives_what_onnx_runtime_gives(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    pytest.importorskip("onnxruntime")
    weights, given = head(tmp_path), batch(3)
    (ours,), (theirs,) = (load(name, weights, Placement()).run(given) for name in ("openvino", "onnxruntime"))
    assert np.allclose(ours, theirs, atol=1e-5)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1, 1000])
def test_a_sigmoid_at_the_end_is_there_for_any_value(tmp_path: Path, scale: float) -> None:
    """It is worked out outside the model; the exponential of numbers beyond 88 is beyond float32."""
    pytest.importorskip("openvino")
    pytest.importorskip("onnxruntime")
    model, inputs = head(tmp_path, softmax="Sigmoid"), batch(4, width=40) * np.float32(scale)
    (ours,), (theirs,) = (
        load(runtime, model, Placement()).run(inputs) for runtime in ("openvino", "onnxruntime")
    )
    assert ours.dtype == np.float32
    assert 0 <= ours.min() < 0.1
    assert 0.9 < ours.max() <= 1
    assert np.allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("precision", ["bfloat16", "int8+bfloat16"])
def test_bfloat16_is_refused_on_a_cpu_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: Any
) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setattr(FLAGS, lambda: frozenset({"avx2"}))
    with pytest.raises(ConfigError, match="no bfloat16") as caught:
        load("openvino", doubling(tmp_path), Placement(precision=precision))
    assert "float32" in caught.value.remedy


@pytest.mark.skipif(not cpu_has_bfloat16(), reason="this CPU has no bfloat16")
def test_bfloat16_is_near(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    weights, given = head(tmp_path), batch(3)
    (exact,) = load("openvino", weights, Placement()).run(given)
    (near,) = load("openvino", weights, Placement(precision="bfloat16")).run(given)
    assert near.dtype == np.float32
    assert np.allclose(exact, near, atol=0.05)


@pytest.mark.parametrize(
    ("format_", "placement", "words"),
    [
        ("onnx", Placement("gpu"), "computes on CPUs"),
        ("paddle", Placement(), "paddle format"),
        ("onnx", Placement(precision="float16"), "does not compute in float16"),
        ("onnx", Placement(precision="int8"), "no int8 form"),
    ],
)
def test_what_it_cannot_do_is_refused_with_a_remedy(format_: Any, placement: Placement, words: str) -> None:
    pytest.importorskip("openvino")
    with pytest.raises(ConfigError, match=words) as caught:
        load("openvino", Weights(format_, (Path("no.onnx"),)), placement)
    assert caught.value.remedy


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    (tmp_path / "torn.onnx").write_bytes(b"nothing")
    with pytest.raises(ConfigError, match=r"could not load torn\.onnx") as caught:
        load("openvino", Weights("onnx", (tmp_path / "torn.onnx",)), Placement())
    assert caught.value.remedy == "rayocr models verify"


def test_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.runtimes.openvino_runtime.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="not installed") as caught:
        load("openvino", Weights("onnx", ()), Placement())
    assert "'rayocr[cpu]'" in caught.value.remedy


def test_limited_address_space_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    pytest.importorskip("openvino")
    monkeypatch.setattr(resource, "getrlimit", lambda which: (8 << 30, 8 << 30))
    with pytest.raises(ConfigError, match=r"address space is limited[^$]*8192 MiB"):
        load("openvino", doubling(tmp_path), Placement())
