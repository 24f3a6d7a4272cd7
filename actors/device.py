"""The device of a worker: what Ray gave it, never what the machine happens to have."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from actors.errors import ConfigError
from actors.settings import EngineConfig

_CUDA_ERROR_NOT_INITIALIZED = 3
"""CUDA driver API, enum CUresult (cuda.h)."""


def gpu_package_missing(model_format: str) -> str | None:
    """The package without which a model of this format cannot use a card, None if it is installed here."""
    wanted = "paddlepaddle-gpu" if model_format == "paddle" else "onnxruntime-gpu"
    try:
        metadata.version(wanted)
    except metadata.PackageNotFoundError:
        return wanted
    return None


def device_for(config: EngineConfig, accelerators: Sequence[str]) -> EngineConfig:
    """The engine's settings with `device` decided. `accelerators`: ids of the GPUs that Ray assigned to
    this worker; CUDA_VISIBLE_DEVICES is narrowed to them, so the engine's own is the first.

    Raises ConfigError if a GPU is asked for and none was given, or if this process has touched CUDA.
    """
    if config.device == "gpu" and not accelerators:
        raise ConfigError(
            "engine.device is gpu and this worker was given no GPU.",
            "resources.gpus_per_actor is 0.",
            "Set resources.gpus_per_actor to 1, or to a fraction.",
        )
    if config.device == "cpu" or not accelerators:
        return config.model_copy(update={"device": "cpu"})
    if cuda_is_initialised():
        raise ConfigError(
            "CUDA is already initialised in this worker.",
            "A context that is not the engine's own may belong to another card, or to a forked parent.",
            "Do not load CUDA libraries at import time of your own code.",
        )
    return config.model_copy(update={"device": "gpu"})


def cuda_is_initialised() -> bool:
    """Whether someone called `cuInit` in this process; nothing is loaded or initialised by asking."""
    try:
        maps = Path("/proc/self/maps").read_text()
    except OSError:
        return False
    loaded = next((line.split(maxsplit=5)[5] for line in maps.splitlines() if "/libcuda.so" in line), None)
    if loaded is None:
        return False
    import ctypes

    context = ctypes.c_void_p()
    answer: int = ctypes.CDLL(loaded.strip()).cuCtxGetCurrent(ctypes.byref(context))
    return answer != _CUDA_ERROR_NOT_INITIALIZED
