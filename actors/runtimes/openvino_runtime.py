"""OpenVINO on the CPU, in float32, in bfloat16 where the CPU has it, or with int8 convolutions."""

from __future__ import annotations

from importlib import util
from typing import Any

from actors.errors import ConfigError
from actors.runtimes import amx
from actors.runtimes.contracts import Array, Floats, Placement, Weights
from actors.runtimes.cpu import cpu_has_bfloat16
from actors.runtimes.memory import allocation_failures
from actors.runtimes.packages import import_openvino

_HINTS = {"float32": "f32", "bfloat16": "bf16", "int8": "f32", "int8+bfloat16": "bf16"}
"""OpenVINO's INFERENCE_PRECISION_HINT. It is always set: on CPUs with bfloat16 that is its silent default.
Quantised convolutions stay int8 under any hint."""

_KERNEL_CACHE = 2_000
"""Kernels kept of a model (CPU_RUNTIME_CACHE_CAPACITY): one is built for each layer and shape, some hundred a
shape. With 20,000 memory grew by a third between 200 and 2,000 pages of ever new shapes (over 176 of them),
with 2,000 by 16 %. On real pages (65 to 118 shapes) 2,000, 3,000, 6,000 and 20,000 cost the same
within noise; with 512 each page cost a third more."""


class OpenVinoSession:
    """See Session."""

    def __init__(self, weights: Weights, placement: Placement) -> None:
        config = {
            "INFERENCE_PRECISION_HINT": _HINTS[placement.precision],
            "INFERENCE_NUM_THREADS": placement.threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "CPU_RUNTIME_CACHE_CAPACITY": _KERNEL_CACHE,
            "ENABLE_CPU_PINNING": False,
        }
        self._compiled, self._sigmoids = _compiled(weights, config)
        self._request: Any = self._compiled.create_infer_request()

    def run(self, batch: Floats) -> tuple[Array, ...]:
        """See Session. Raises MemoryError."""
        with allocation_failures():
            found = self._request.infer([batch], share_inputs=True, share_outputs=False)
            outputs = [found[output] for output in self._compiled.outputs]
        for index in self._sigmoids:
            _sigmoid(outputs[index])
        return tuple(outputs)

    def release(self) -> None:
        """See Session: the working memory of the last shape goes, kernels stay."""
        self._compiled.release_memory()


def load(weights: Weights, placement: Placement) -> OpenVinoSession:
    """See `actors.runtimes.load`."""
    if not util.find_spec("openvino"):
        raise ConfigError(
            "OpenVINO is not installed.", "engine.runtime is openvino.", "pip install 'rayocr[cpu]'"
        )
    if placement.device != "cpu":
        raise ConfigError(
            "OpenVINO computes on CPUs here.",
            "engine.device is gpu and engine.runtime openvino.",
            "Set engine.runtime to onnxruntime, or engine.device to cpu.",
        )
    _check_address_space()
    if weights.format == "paddle":
        raise ConfigError(
            "OpenVINO does not execute models in paddle format here.",
            "",
            "Set engine.runtime to paddle or auto.",
        )
    if placement.precision not in _HINTS:
        raise ConfigError(
            f"OpenVINO does not compute in {placement.precision} on a CPU.",
            "",
            "Set engine.precision to auto.",
        )
    if placement.precision.endswith("bfloat16") and not cpu_has_bfloat16():
        raise ConfigError(
            "This CPU has no bfloat16 arithmetic.",
            "engine.precision is bfloat16; /proc/cpuinfo lists neither avx512_bf16 nor amx_bf16.",
            "Set engine.precision to float32, or to auto.",
        )
    if placement.precision.startswith("int8") and weights.format != "openvino":
        raise ConfigError(
            "This model has no int8 form yet.",
            "engine.precision is int8.",
            "Make one from your own pages: rayocr models quantize --help",
        )
    amx.settle(placement.precision)
    return OpenVinoSession(weights, placement)


def _check_address_space() -> None:
    """OpenVINO does not notice an allocation that fails: it was seen to give wrong text, and to crash later.
    Without such a limit none fails on Linux; the kernel ends a process that takes too much."""
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        raise ConfigError(
            "OpenVINO does not work reliably where address space is limited.",
            f"The limit is {limit >> 20} MiB (ulimit -v).",
            "Lift it (a container's memory limit does no harm), or set engine.runtime=onnxruntime.",
        )


def _compiled(weights: Weights, config: dict[str, Any]) -> tuple[Any, list[int]]:
    """The model, and which of its outputs want a sigmoid yet."""
    openvino = import_openvino()

    try:
        core = openvino.Core()
        model = core.read_model(*(str(file) for file in weights.files))
        bare = _without_sigmoids(model)
        return core.compile_model(model, "CPU", config), bare
    except RuntimeError as error:  # all that OpenVINO raises
        raise ConfigError(
            f"OpenVINO could not load {weights.files[0].name}.",
            str(error).strip().splitlines()[-1],
            "rayocr models verify",
        ) from error


def _without_sigmoids(model: Any) -> list[int]:
    """Leave out the sigmoid at the end of a model; which outputs had one. OpenVINO computes it on sixteen
    channels where a detection model has one, and takes a tenth of the whole model's time for it."""
    found = []
    for index, result in enumerate(model.get_results()):
        last = result.input_value(0).get_node()
        if last.get_type_name() == "Sigmoid":
            result.input(0).replace_source_output(last.input_value(0))
            found.append(index)
    model.validate_nodes_and_infer_types()
    return found


def _sigmoid(values: Floats) -> None:
    """In place."""
    import numpy as np

    np.negative(values, out=values)
    with np.errstate(over="ignore"):  # of a value below -88 it is 0
        np.exp(values, out=values)
    values += 1
    np.reciprocal(values, out=values)
