"""What TensorRT is told: the shapes to build an engine for, and where to keep it.

{cache}/tensorrt/{card and versions}/                        how fast kernels were (the timing cache)
{cache}/tensorrt/{card and versions}/{model and options}/    engines, and the shapes they were built for
"""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path
from typing import Any

from actors.nvml import Card
from actors.runtimes.contracts import Placement
from actors.runtimes.packages import import_onnxruntime

_PACKAGES = ("tensorrt", "tensorrt-cu13", "tensorrt-cu12")
"""Distributions that bring TensorRT, whose releases are its own."""


def options(placement: Placement, model: Path, card: str | None = None) -> dict[str, Any]:
    """The options of ONNX Runtime's TensorRT provider for an ONNX model (ONNX Runtime's documentation,
    TensorRT Execution Provider). `card`: its name; by default what the driver says.

    Without bounds for its shapes TensorRT builds another engine whenever one comes that is beyond all before.
    """
    found: dict[str, Any] = {"device_id": 0, "trt_fp16_enable": placement.precision == "float16"}
    if placement.shapes is not None:
        name = _input(model)
        found |= {
            "trt_profile_min_shapes": _profile(name, placement.shapes.least),
            "trt_profile_opt_shapes": _profile(name, placement.shapes.usual),
            "trt_profile_max_shapes": _profile(name, placement.shapes.most),
        }
    if placement.session_memory_mb is not None:  # TensorRT's weights are beyond any cap
        found["trt_max_workspace_size"] = placement.session_memory_mb << 19
    if placement.cache is not None:
        beside = placement.cache / "tensorrt" / _short(card or _card(), *_versions())
        engines = beside / _short(hashlib.sha256(model.read_bytes()).hexdigest(), *map(str, found.items()))
        found |= {
            "trt_engine_cache_enable": True,
            "trt_engine_cache_path": str(engines),
            "trt_timing_cache_enable": True,
            "trt_timing_cache_path": str(beside),
        }
        engines.mkdir(parents=True, exist_ok=True)
    return found


def _profile(name: str, shape: tuple[int, ...]) -> str:
    return f"{name}:{'x'.join(map(str, shape))}"


def _input(model: Path) -> str:
    """The name of a model's only input; old graphs name their constants as inputs, too."""
    import onnx

    graph = onnx.load(str(model), load_external_data=False).graph
    constants = {tensor.name for tensor in graph.initializer}
    return str(next(one.name for one in graph.input if one.name not in constants))


def _card() -> str:
    """An engine is for one kind of card."""
    found = Card.open()
    return (found.name() if found is not None else None) or "unknown"


def _versions() -> tuple[str, ...]:
    """Of ONNX Runtime, which cuts the graph, and of TensorRT, which can load no other release's engines."""
    onnxruntime = import_onnxruntime()

    return f"onnxruntime {onnxruntime.__version__}", f"tensorrt {_tensorrt()}"


def _tensorrt() -> str:
    for package in _PACKAGES:
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return "of the system"


def _short(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
