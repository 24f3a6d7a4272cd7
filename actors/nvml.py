"""Memory of an NVIDIA card as its driver counts it (NVML). Asking neither loads nor initialises CUDA."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from typing import Any

_LIBRARY = "libnvidia-ml.so.1"
_MOST_PROCESSES = 512
_NOT_AVAILABLE = 2**64 - 1
"""NVML_VALUE_NOT_AVAILABLE."""


class _Memory(ctypes.Structure):
    """nvmlMemory_t."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class _Process(ctypes.Structure):
    """nvmlProcessInfo_v2_t, which nvmlDeviceGetComputeRunningProcesses_v3 fills."""

    _fields_ = (
        ("pid", ctypes.c_uint),
        ("used", ctypes.c_ulonglong),
        ("gpu_instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    )


class _Utilisation(ctypes.Structure):
    """nvmlUtilization_t: per cent of the last sample period (a sixth of a second to a second)."""

    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


@dataclass(frozen=True, slots=True)
class CardMemory:
    """Bytes of a card: all, taken by anybody, and by this process (None where the driver does not say)."""

    total: int
    used: int
    own: int | None


class Card:
    """The first card that this process sees."""

    def __init__(self, library: Any, handle: Any) -> None:
        self._library = library
        self._handle = handle

    @classmethod
    def open(cls, library: Any = None) -> Card | None:
        """The first card of CUDA_VISIBLE_DEVICES; None where the driver's library is not, or says no."""
        try:
            library = library or ctypes.CDLL(_LIBRARY)
        except OSError:
            return None
        handle = ctypes.c_void_p()
        if library.nvmlInit_v2() or _find(library, handle):
            return None
        return cls(library, handle)

    def memory(self) -> CardMemory | None:
        """What is taken now; None if the driver does not say."""
        found = _Memory()
        if self._library.nvmlDeviceGetMemoryInfo(self._handle, ctypes.byref(found)):
            return None
        return CardMemory(int(found.total), int(found.used), self._own())

    def busy(self) -> float | None:
        """Share of the last moments in which the card computed, for anybody (0..1); None where the driver
        does not say, as for a MIG slice."""
        found = _Utilisation()
        if self._library.nvmlDeviceGetUtilizationRates(self._handle, ctypes.byref(found)):
            return None
        return int(found.gpu) / 100

    def _own(self) -> int | None:
        processes, count = (_Process * _MOST_PROCESSES)(), ctypes.c_uint(_MOST_PROCESSES)
        ask = getattr(self._library, "nvmlDeviceGetComputeRunningProcesses_v3", None)  # drivers since 510
        if ask is None or ask(self._handle, ctypes.byref(count), processes):
            return None
        for process in processes[: count.value]:
            if process.pid == os.getpid() and process.used != _NOT_AVAILABLE:
                return int(process.used)
        return None


def _find(library: Any, handle: ctypes.c_void_p) -> int:
    """NVML's answer to the question for the card; 0 if it was found."""
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0].strip()
    if first and not first.isdigit():  # GPU-... or MIG-...
        return int(library.nvmlDeviceGetHandleByUUID(first.encode("ascii"), ctypes.byref(handle)))
    return int(library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(int(first or 0)), ctypes.byref(handle)))
