"""Which runtime, in which precision: a table of machines and wishes."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from actors.errors import ConfigError
from actors.runtimes import RUNTIMES, load
from actors.runtimes.choose import Host, choose_runtime, this_host
from actors.runtimes.contracts import Format, Placement, Weights

Device = Literal["cpu", "gpu"]
PLAIN = Host(frozenset({"onnxruntime", "openvino"}), bfloat16=False)
MODERN = Host(frozenset({"onnxruntime", "openvino"}), bfloat16=True)
NO_OPENVINO = Host(frozenset({"onnxruntime"}), bfloat16=True)
ONLY_OPENVINO = Host(frozenset({"openvino"}), bfloat16=False)
BARE = Host(frozenset(), bfloat16=False)


@pytest.mark.parametrize(
    ("host", "device", "asked", "runtime", "precision"),
    [
        (PLAIN, "cpu", {}, "onnxruntime", "float32"),
        (MODERN, "cpu", {}, "openvino", "bfloat16"),
        (NO_OPENVINO, "cpu", {}, "onnxruntime", "float32"),
        (ONLY_OPENVINO, "cpu", {}, "openvino", "float32"),
        (BARE, "cpu", {}, "onnxruntime", "float32"),
        (MODERN, "cpu", {"precision": "float32"}, "onnxruntime", "float32"),
        (MODERN, "cpu", {"runtime": "onnxruntime"}, "onnxruntime", "float32"),
        (MODERN, "cpu", {"runtime": "openvino"}, "openvino", "bfloat16"),
        (PLAIN, "cpu", {"runtime": "openvino"}, "openvino", "float32"),
        (MODERN, "cpu", {"runtime": "openvino", "precision": "float32"}, "openvino", "float32"),
        (MODERN, "cpu", {"precision": "bfloat16"}, "openvino", "bfloat16"),
        (MODERN, "cpu", {"precision": "int8"}, "openvino", "int8+bfloat16"),
        (PLAIN, "cpu", {"precision": "int8"}, "openvino", "int8"),
        (MODERN, "gpu", {}, "onnxruntime", "float32"),
        (MODERN, "gpu", {"precision": "float16"}, "onnxruntime", "float16"),
        (MODERN, "gpu", {"reads_in_float16": True}, "onnxruntime", "float16"),
        (MODERN, "gpu", {"reads_in_float16": True, "precision": "float32"}, "onnxruntime", "float32"),
        (PLAIN, "cpu", {"reads_in_float16": True}, "onnxruntime", "float32"),
        (MODERN, "gpu", {"runtime": "onnxruntime", "precision": "float32"}, "onnxruntime", "float32"),
        (PLAIN, "gpu", {"tensorrt": True}, "onnxruntime", "float16"),
        (PLAIN, "gpu", {"tensorrt": True, "precision": "float16"}, "onnxruntime", "float16"),
        (PLAIN, "gpu", {"tensorrt": True, "precision": "float32"}, "onnxruntime", "float32"),
    ],
)
def test_onnx_models(host: Host, device: Device, asked: dict[str, Any], runtime: str, precision: str) -> None:
    chosen = choose_runtime(host, "onnx", device, **asked)
    assert (chosen.runtime, chosen.precision) == (runtime, precision)
    assert chosen.reason


@pytest.mark.parametrize("device", ["cpu", "gpu"])
@pytest.mark.parametrize("asked", [{}, {"runtime": "paddle"}, {"precision": "float32"}])
def test_models_in_paddle_format_have_one_runtime(device: Device, asked: dict[str, Any]) -> None:
    chosen = choose_runtime(MODERN, "paddle", device, **asked)
    assert (chosen.runtime, chosen.precision) == ("paddle", "float32")


@pytest.mark.parametrize(
    ("model", "device", "asked", "words"),
    [
        ("onnx", "cpu", {"runtime": "paddle"}, "paddle cannot execute"),
        ("onnx", "cpu", {"precision": "float16"}, "computes on a CPU"),
        ("onnx", "cpu", {"runtime": "onnxruntime", "precision": "int8"}, "onnxruntime cannot"),
        ("onnx", "cpu", {"runtime": "onnxruntime", "precision": "bfloat16"}, "onnxruntime cannot"),
        ("onnx", "gpu", {"runtime": "openvino"}, "openvino cannot"),
        ("onnx", "gpu", {"runtime": "paddle"}, "paddle cannot"),
        ("onnx", "gpu", {"precision": "int8"}, "computes on a GPU"),
        ("onnx", "gpu", {"precision": "bfloat16", "tensorrt": True}, "computes on a GPU"),
        ("onnx", "cpu", {"tensorrt": True}, "tensorrt cannot be used"),
        ("paddle", "gpu", {"tensorrt": True}, "tensorrt cannot be used"),
        ("paddle", "cpu", {"runtime": "onnxruntime"}, "onnxruntime cannot"),
        ("paddle", "cpu", {"runtime": "openvino"}, "openvino cannot"),
        ("paddle", "gpu", {"precision": "bfloat16"}, "paddle format"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(
    model: Format, device: Device, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        choose_runtime(MODERN, model, device, **asked)
    assert caught.value.why
    assert "engine." in caught.value.remedy


def test_this_machine_is_looked_at_without_loading_a_runtime() -> None:
    assert this_host().runtimes <= set(RUNTIMES)


def test_a_runtime_that_nobody_knows() -> None:
    with pytest.raises(ConfigError, match="no runtime tflite") as caught:
        load("tflite", Weights("onnx", ()), Placement())
    assert "onnxruntime" in caught.value.remedy
