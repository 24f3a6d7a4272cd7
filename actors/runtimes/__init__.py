"""Runtimes: what executes a model. Numpy in, numpy out; all that is peculiar to one stays behind `load`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from actors.errors import ConfigError

if TYPE_CHECKING:
    from actors.runtimes.contracts import LoadSession, Placement, Session, Weights

RUNTIMES = {
    "onnxruntime": "actors.runtimes.onnx_runtime",
    "openvino": "actors.runtimes.openvino_runtime",
    "paddle": "actors.runtimes.paddle_runtime",
}
"""Every runtime by name, and the module whose `load` makes a session of it."""


def load(runtime: str, weights: Weights, placement: Placement) -> Session:
    """Load a model into a runtime, in this process.

    Raises ConfigError with a remedy if the runtime is not installed, cannot execute such weights, or
    cannot compute where and how `placement` says. Nothing is replaced by something else silently.
    """
    if runtime not in RUNTIMES:
        raise ConfigError(f"There is no runtime {runtime}.", "", f"Use one of {', '.join(RUNTIMES)}.")
    load_session = cast("LoadSession", import_module(RUNTIMES[runtime]).load)
    return load_session(weights, placement)
