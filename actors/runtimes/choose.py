"""Which runtime executes the models, in which precision: what was asked for, else what suits the machine."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import util
from typing import Literal

from actors.errors import ConfigError
from actors.runtimes.contracts import Format, Precision
from actors.runtimes.cpu import cpu_has_bfloat16


@dataclass(frozen=True, slots=True)
class Host:
    """What counts for the choice. `runtimes`: those that are installed, by name."""

    runtimes: frozenset[str]
    bfloat16: bool


@dataclass(frozen=True, slots=True)
class RuntimeChoice:
    """A runtime, a precision, and the reason for both, in a sentence."""

    runtime: str
    precision: Precision
    reason: str


def this_host() -> Host:
    """This machine, without importing a runtime."""
    installed = {name for name in ("onnxruntime", "openvino", "paddle") if util.find_spec(name)}
    return Host(frozenset(installed), cpu_has_bfloat16())


def choose_runtime(
    host: Host,
    model_format: Format,
    device: Literal["cpu", "gpu"],
    runtime: str = "auto",
    precision: str = "auto",
    *,
    tensorrt: bool = False,
    reads_in_float16: bool = False,
    cuda_graphs: bool = False,
) -> RuntimeChoice:
    """Decide. A pure function; `runtime` and `precision` as in EngineConfig; `reads_in_float16`: as in Model.

    On a CPU with bfloat16 OpenVINO took 0.69 of ONNX Runtime's time, with the same accuracy; in float32
    ONNX Runtime is as fast or faster, and builds nothing for a new shape.
    Raises ConfigError for what was asked for and cannot be.
    """
    if cuda_graphs:
        _check_graphs(model_format, device, tensorrt=tensorrt)
    if tensorrt:
        _check_tensorrt(model_format, device)
    if model_format == "paddle":
        return _paddle(runtime, precision)
    if device == "gpu":
        return _card(runtime, precision, tensorrt=tensorrt, reads_in_float16=reads_in_float16)
    if runtime == "paddle":
        raise _wrong("paddle", "It takes models in paddle format, and this one is in onnx format.")
    if precision in ("int8", "bfloat16"):
        return _only_openvino(host, runtime, precision)
    if precision == "float16":
        raise ConfigError(
            "engine.precision is float16 and the engine computes on a CPU.",
            "Only cards compute faster in it.",
            "Set engine.precision to auto.",
        )
    return _best_on_cpu(host, precision) if runtime == "auto" else _asked(host, runtime, precision)


def _only_openvino(host: Host, runtime: str, precision: str) -> RuntimeChoice:
    if runtime == "onnxruntime":
        raise _wrong("onnxruntime", f"It has no {precision} for these models on CPUs.", "openvino")
    if precision == "bfloat16":
        return RuntimeChoice("openvino", "bfloat16", "bfloat16, as asked for, is OpenVINO's")
    mixed: Precision = "int8+bfloat16" if host.bfloat16 else "int8"
    return RuntimeChoice("openvino", mixed, "int8 convolutions, as asked for, are OpenVINO's")


def _asked(host: Host, runtime: str, precision: str) -> RuntimeChoice:
    if runtime == "openvino" and precision == "auto" and host.bfloat16:
        return RuntimeChoice("openvino", "bfloat16", "OpenVINO as configured; this CPU has bfloat16")
    return RuntimeChoice(runtime, "float32", "as configured")


def _best_on_cpu(host: Host, precision: str) -> RuntimeChoice:
    if host.bfloat16 and precision == "auto" and "openvino" in host.runtimes:
        return RuntimeChoice("openvino", "bfloat16", "this CPU has bfloat16, which OpenVINO uses")
    if "onnxruntime" in host.runtimes or "openvino" not in host.runtimes:
        if precision == "float32":
            why = "float32 as configured: ONNX Runtime is as fast in it as OpenVINO, and builds no kernels"
        elif host.bfloat16:
            why = "this CPU has bfloat16, but OpenVINO, which uses it, is not installed"
        else:
            why = "this CPU has no bfloat16: in float32 ONNX Runtime is the faster one"
        return RuntimeChoice("onnxruntime", "float32", why)
    return RuntimeChoice("openvino", "float32", "ONNX Runtime is not installed; this CPU has no bfloat16")


def _card(runtime: str, precision: str, *, tensorrt: bool, reads_in_float16: bool) -> RuntimeChoice:
    if runtime not in ("auto", "onnxruntime"):
        raise _wrong(runtime, "Models in onnx format are executed by ONNX Runtime on a card.", "onnxruntime")
    if precision in ("bfloat16", "int8"):
        raise ConfigError(
            f"engine.precision is {precision} and the engine computes on a GPU.",
            "There it knows float32 and float16.",
            "Set engine.precision to auto.",
        )
    with_what = "TensorRT, as configured" if tensorrt else "CUDA"
    reason = f"a card executes onnx models by ONNX Runtime with {with_what}"
    if precision == "float32":
        return RuntimeChoice("onnxruntime", "float32", reason)
    if precision == "float16" or tensorrt:
        return RuntimeChoice("onnxruntime", "float16", reason)
    if reads_in_float16:
        why = "in float16, in which this model was measured to read the same, though not yet how fast"
        return RuntimeChoice("onnxruntime", "float16", f"{reason}, {why}")
    why = "in float32, since this model was not shown to read the same in float16"
    return RuntimeChoice("onnxruntime", "float32", f"{reason}, {why}")


def _check_graphs(model_format: Format, device: str, *, tensorrt: bool) -> None:
    """Refuse engine.cuda_graphs where nothing would be launched as one."""
    if device == "cpu":
        why = "The engine computes on a CPU; CUDA graphs are an NVIDIA card's."
    elif model_format == "paddle":
        why = "The model is in paddle format, and graphs are captured by ONNX Runtime's CUDA provider."
    elif tensorrt:
        why = "With engine.tensorrt ONNX Runtime captures one graph a session, for one shape."
    else:
        return
    raise ConfigError("engine.cuda_graphs cannot be used here.", why, "Set engine.cuda_graphs=false.")


def _check_tensorrt(model_format: Format, device: str) -> None:
    """Refuse engine.tensorrt where nothing would be compiled by it."""
    if device == "cpu":
        why = "The engine computes on a CPU; TensorRT compiles models for NVIDIA cards."
    elif model_format == "paddle":
        why = "The model is in paddle format, and TensorRT is reached through ONNX Runtime."
    else:
        return
    raise ConfigError("engine.tensorrt cannot be used here.", why, "Set engine.tensorrt=false.")


def _paddle(runtime: str, precision: str) -> RuntimeChoice:
    if runtime not in ("auto", "paddle"):
        raise _wrong(runtime, "The model is in paddle format.", "paddle")
    if precision not in ("auto", "float32"):
        raise ConfigError(
            f"engine.precision is {precision} and the model is in paddle format.",
            "Paddle Inference computes it in float32 here.",
            "Set engine.precision to auto, or take a model in onnx format.",
        )
    return RuntimeChoice("paddle", "float32", "the model is in paddle format")


def _wrong(runtime: str, why: str, instead: str = "auto") -> ConfigError:
    return ConfigError(
        f"engine.runtime {runtime} cannot execute this model as configured.",
        why,
        f"Set engine.runtime to {instead}.",
    )
