"""ONNX Runtime: on the CPU, or on an NVIDIA card with its CUDA or TensorRT provider."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from importlib import import_module, util
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from actors.errors import ConfigError, RayocrError
from actors.runtimes import blocked, float16, tensorrt
from actors.runtimes.binding import run_bound
from actors.runtimes.contracts import Array, Floats, Placement, Weights
from actors.runtimes.cuda_graphs import Device, GraphRuns
from actors.runtimes.memory import allocation_failures
from actors.runtimes.packages import import_onnxruntime

_ERRORS_ONLY = 3
"""Severity from which ONNX Runtime prints (onnxruntime_c_api.h: ORT_LOGGING_LEVEL_ERROR)."""

_DEVICE: Device = "cuda"
"""Where the outputs of a session on a card are."""


class OnnxSession:
    """See Session. Its arena follows the largest batch seen and stays there; it has no way to shrink
    without growing elsewhere, so `release` loads the model again."""

    _session: Any
    _graphs: GraphRuns | None

    def __init__(self, weights: Weights, placement: Placement) -> None:
        self._weights = weights
        self._placement = placement
        self._open()
        self._input = self._session.get_inputs()[0].name

    def run(self, batch: Floats) -> tuple[Array, ...]:
        """See Session. Raises MemoryError."""
        with allocation_failures():
            if self._session is None:
                self._open()
            return self._in_pieces(batch)

    def _in_pieces(self, batch: Floats) -> tuple[Array, ...]:
        """No more rows at once than the model was compiled for."""
        import numpy as np

        shapes = self._placement.shapes
        most = shapes.most[0] if self._placement.tensorrt and shapes is not None else len(batch)
        if len(batch) <= most:
            return self._run(batch)
        pieces = [self._run(batch[start : start + most]) for start in range(0, len(batch), most)]
        return tuple(np.concatenate(outputs) for outputs in zip(*pieces, strict=True))

    def _run(self, batch: Floats) -> tuple[Array, ...]:
        if self._graphs is not None:
            return self._graphs.run(batch)
        if self._placement.device == "gpu":
            return run_bound(self._session, batch, _DEVICE)
        return tuple(self._session.run(None, {self._input: batch}))

    def release(self) -> None:
        """See Session. Where there is no memory for the model just now, the next run loads it."""
        self._session = self._graphs = None
        with suppress(MemoryError), allocation_failures():
            self._open()

    def _open(self) -> None:
        self._session = _session(self._weights, self._placement)
        self._graphs = GraphRuns(self._session, _DEVICE) if self._placement.cuda_graphs else None


def load(weights: Weights, placement: Placement) -> OnnxSession:
    """See `actors.runtimes.load`. float16 is for cards alone; bfloat16 and int8 are OpenVINO's."""
    if not util.find_spec("onnxruntime"):
        extra = "gpu-onnx" if placement.device == "gpu" else "cpu"
        raise ConfigError(
            "ONNX Runtime is not installed.",
            "engine.runtime is onnxruntime.",
            f"pip install 'rayocr[{extra}]'",
        )
    if weights.format != "onnx":
        raise ConfigError(
            f"ONNX Runtime cannot execute a model in {weights.format} format.",
            "",
            "Set engine.runtime to auto.",
        )
    allowed = ("float32", "float16") if placement.device == "gpu" else ("float32",)
    if placement.precision not in allowed:
        raise ConfigError(
            f"ONNX Runtime does not compute in {placement.precision} here.",
            "float16 needs a GPU; bfloat16 and int8 are computed by OpenVINO on a CPU.",
            "Set engine.precision to auto, or engine.runtime to openvino.",
        )
    return OnnxSession(weights, placement)


def find_card_libraries(*, with_tensorrt: bool = False) -> None:
    """Load CUDA and cuDNN out of pip's packages, and TensorRT where it is asked for, before the first session
    on a card: ONNX Runtime's providers name them without saying where they are, and where they are no linker
    looks. What is not in pip's packages is left to the linker; what is missing is told on stderr."""
    onnxruntime = import_onnxruntime()

    with redirect_stdout(sys.stderr):
        onnxruntime.preload_dlls()
    if with_tensorrt and util.find_spec("tensorrt"):
        import_module("tensorrt")


def providers(placement: Placement, model: Path) -> list[tuple[str, dict[str, Any]]]:
    """The providers of a session, and their options as ONNX Runtime wants them. `model`: its ONNX file."""
    told: dict[str, Callable[[Placement, Path], dict[str, Any]]] = {
        "TensorrtExecutionProvider": tensorrt.options,
        "CUDAExecutionProvider": _cuda,
    }
    return [(name, told[name](placement, model) if name in told else {}) for name in _names(placement)]


def _cuda(placement: Placement, _model: Path) -> dict[str, Any]:
    cuda: dict[str, Any] = {
        "device_id": 0,
        "arena_extend_strategy": "kSameAsRequested",
        "cudnn_conv_algo_search": "HEURISTIC",
    }
    if placement.cuda_graphs:
        cuda["enable_cuda_graph"] = True
    if placement.session_memory_mb is not None:  # of a session's own arena; sessions share none
        cuda["gpu_mem_limit"] = placement.session_memory_mb << 20
    return cuda


def _names(placement: Placement) -> list[str]:
    """Of the providers, the first choice first."""
    if placement.device == "cpu":
        return ["CPUExecutionProvider"]
    return [*(["TensorrtExecutionProvider"] if placement.tensorrt else []), "CUDAExecutionProvider"]


def _session(weights: Weights, placement: Placement) -> Any:
    onnxruntime = import_onnxruntime()

    missing = set(_names(placement)) - set(onnxruntime.get_available_providers())
    if missing:
        raise ConfigError(
            f"This ONNX Runtime has no {' and no '.join(sorted(missing))}.",
            "The package onnxruntime computes on CPUs; onnxruntime-gpu on NVIDIA cards, too.",
            "pip uninstall onnxruntime; pip install 'rayocr[gpu-onnx]'",
        )
    if placement.device == "gpu":
        find_card_libraries(with_tensorrt=placement.tensorrt)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = placement.threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    if placement.threads > 1:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        with _graph(weights, placement) as (file, optimised):
            if optimised:
                options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
            wanted = providers(placement, file)
            session = onnxruntime.InferenceSession(str(file), options, providers=wanted)
    except (RayocrError, OSError):
        raise
    except Exception as error:
        # ONNX Runtime raises many types, and all mean the same here.
        raise ConfigError(
            f"ONNX Runtime could not load {weights.files[0].name}.",
            str(error).splitlines()[0],
            "Check the card's driver and memory." if placement.device == "gpu" else "rayocr models verify",
        ) from error
    _check_used(session, placement)
    return session


@contextmanager
def _graph(weights: Weights, placement: Placement) -> Iterator[tuple[Path, bool]]:
    """The file to load, and whether it was optimised before. TensorRT makes float16 of a float32 graph by
    itself; the CUDA provider computes each operator in the type that the graph has."""
    (source,) = weights.files
    if placement.device == "cpu" and placement.shapes is not None and placement.cache is not None:
        made = blocked.kept(source, placement.shapes, placement.cache)
        yield made or source, made is not None
    elif placement.precision != "float16" or placement.tensorrt:
        yield source, False
    elif placement.cache is not None:
        yield float16.kept(source, placement.cache), False
    else:
        with TemporaryDirectory(prefix="rayocr-") as scratch:
            float16.convert(source, Path(scratch) / source.name)
            yield Path(scratch) / source.name, False


def _check_used(session: Any, placement: Placement) -> None:
    """ONNX Runtime drops a provider that cannot start, with a warning, and computes on the CPU."""
    used = session.get_providers()
    dropped = [name for name in _names(placement) if name not in used]
    if dropped:
        raise ConfigError(
            f"ONNX Runtime could not start its {dropped[0]}.",
            "The CUDA or TensorRT libraries it was built for are missing, or the card's driver is too old.",
            "pip install 'onnxruntime-gpu[cuda,cudnn]' (for engine.tensorrt also 'tensorrt-cu13==10.*'), "
            "or set engine.device=cpu",
        )
