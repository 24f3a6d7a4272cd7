"""The device of a worker: what Ray gave it, never what the machine happens to have."""

from __future__ import annotations

import ctypes
import os
import uuid
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from actors.errors import ConfigError
from actors.settings import EngineConfig

_CUDA_ERROR_NOT_INITIALIZED = 3
"""CUDA driver API, enum CUresult (cuda.h)."""

_PF_FORKNOEXEC = 0x40
"""A process that was forked and has executed no program since (include/linux/sched.h)."""


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


def hide_cards() -> None:
    """Let this process see no card, whatever the node has. Ray leaves a worker without a GPU all of them,
    unless the cluster was started with RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO=1."""
    os.environ["CUDA_VISIBLE_DEVICES"] = ""


def check_visible(given: Sequence[str]) -> None:
    """Refuse to work where CUDA would see other cards than those that Ray assigned.

    `given`: their ids as `get_accelerator_ids` says them: numbers, or names of cards and MIG slices where
    Ray was started with such a CUDA_VISIBLE_DEVICES; numbers that it narrowed are given back as it had
    them. Raises ConfigError.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    seen = {one.strip() for one in visible.split(",")} if visible is not None else None
    if seen == set(given):
        return
    raise ConfigError(
        f"This worker sees other cards than Ray gave it: {', '.join(sorted(given))}.",
        "CUDA_VISIBLE_DEVICES is not set in it, so it sees all of the node's."
        if visible is None
        else f"CUDA_VISIBLE_DEVICES is {visible!r} in it.",
        "Unset RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES, and what else sets CUDA_VISIBLE_DEVICES there.",
    )


def order_as_driver(given: Sequence[str]) -> None:
    """Let CUDA count cards as the driver, nvidia-smi and Ray do, by PCI address: by itself it puts the
    fastest first, and number 0 is another card then. Raises ConfigError where the environment wants
    that."""
    order = os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    if order != "PCI_BUS_ID" and any(one.isdigit() for one in given):
        raise ConfigError(
            f"CUDA_DEVICE_ORDER is {order}.",
            "Numbers of cards then mean others to CUDA than to the driver, nvidia-smi and Ray.",
            "Unset it, or name cards by their uuid in CUDA_VISIBLE_DEVICES where Ray is started.",
        )


def cuda_is_initialised() -> bool:
    """Whether someone called `cuInit` in this process, or may have in the one that it was forked from.
    Nothing is loaded or initialised by asking."""
    driver = _loaded_driver()
    if driver is None:
        return False
    context = ctypes.c_void_p()
    answer: int = driver.cuCtxGetCurrent(ctypes.byref(context))
    # In a fork of a process that has initialised CUDA, the driver says that it is not, and can never be.
    return answer != _CUDA_ERROR_NOT_INITIALIZED or _is_fork()


def cuda_uuid() -> str | None:
    """The name of the first card that CUDA uses in this process, as GPU-...; None as long as it is not
    initialised. (Of a MIG slice it is the slice's, under the same prefix.)"""
    driver = _loaded_driver()
    if driver is None or not cuda_is_initialised():
        return None
    device, found = ctypes.c_int(), (ctypes.c_ubyte * 16)()
    ask = getattr(driver, "cuDeviceGetUuid_v2", None) or getattr(driver, "cuDeviceGetUuid", None)
    if ask is None or driver.cuDeviceGet(ctypes.byref(device), 0) or ask(ctypes.byref(found), device):
        return None
    return f"GPU-{uuid.UUID(bytes=bytes(found))}"


def _is_fork() -> bool:
    """Whether this process runs in a copy of another one's memory, libraries included."""
    try:
        after_name = Path("/proc/self/stat").read_text().rpartition(")")[2]
    except OSError:
        return False
    return bool(int(after_name.split()[6]) & _PF_FORKNOEXEC)


def _loaded_driver() -> ctypes.CDLL | None:
    """The CUDA driver, if this process has loaded it already."""
    try:
        maps = Path("/proc/self/maps").read_text()
    except OSError:
        return None
    loaded = next((line.split(maxsplit=5)[5] for line in maps.splitlines() if "/libcuda.so" in line), None)
    return ctypes.CDLL(loaded.strip()) if loaded is not None else None
