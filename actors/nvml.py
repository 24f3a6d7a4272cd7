"""Memory of an NVIDIA card as its driver counts it (NVML). Asking neither loads nor initialises CUDA."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_LIBRARY = "libnvidia-ml.so.1"
_MOST_PROCESSES = 512
_NAME_BYTES = 96
"""NVML_DEVICE_UUID_V2_BUFFER_SIZE, and NVML_DEVICE_NAME_V2_BUFFER_SIZE."""

_NOT_AVAILABLE = 2**64 - 1
"""NVML_VALUE_NOT_AVAILABLE."""

_HIDDEN = ("", "-1", "NoDevFiles")
"""Values of CUDA_VISIBLE_DEVICES with which a process sees no card."""


class _Memory(ctypes.Structure):
    """nvmlMemory_t."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class _MemoryV2(ctypes.Structure):
    """nvmlMemory_v2_t."""

    _fields_ = (
        ("version", ctypes.c_uint),
        ("total", ctypes.c_ulonglong),
        ("reserved", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


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
    """Bytes of a card: all, taken by anybody, and by this process (None where the driver does not say).
    `reserved`: what the driver keeps for itself, part of `used`; 0 where it does not say."""

    total: int
    used: int
    own: int | None
    reserved: int = 0

    @property
    def free(self) -> int:
        """Bytes that somebody could still get."""
        return max(0, self.total - self.used)


@dataclass(frozen=True, slots=True)
class CardProcess:
    """A process with a context on a card, by the driver's process id (in a container not the one that is
    seen there); `used`: bytes that it takes, None where the driver does not say."""

    pid: int
    used: int | None


class Card:
    """The first card that this process sees."""

    def __init__(self, library: Any, handle: Any) -> None:
        self._library = library
        self._handle = handle

    @classmethod
    def open(cls, library: Any = None) -> Card | None:
        """The first card of CUDA_VISIBLE_DEVICES (a card, or a MIG slice of one); None where none is visible,
        or the driver's library is not there, or says no. Numbers are NVML's, which counts by PCI address."""
        if os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip() in _HIDDEN:
            return None
        try:
            library = library or ctypes.CDLL(_LIBRARY)
        except OSError:
            return None
        handle = ctypes.c_void_p()
        if library.nvmlInit_v2() or _find(library, handle):
            return None
        return cls(library, handle)

    def uuid(self) -> str | None:
        """Its name wherever it is seen from, as GPU-... or MIG-...; None if the driver does not say."""
        return _uuid(self._library, self._handle)

    def name(self) -> str | None:
        """What kind of card it is, as "NVIDIA A10"; None if the driver does not say."""
        ask = getattr(self._library, "nvmlDeviceGetName", None)
        name = ctypes.create_string_buffer(_NAME_BYTES)
        if ask is None or ask(self._handle, name, ctypes.c_uint(_NAME_BYTES)):
            return None
        return name.value.decode("utf-8", "replace")

    def is_divided(self) -> bool:
        """Whether it is a whole card in MIG mode, on which nothing computes but its slices."""
        current, pending = ctypes.c_uint(), ctypes.c_uint()
        ask = getattr(self._library, "nvmlDeviceGetMigMode", None)
        if ask is None or ask(self._handle, ctypes.byref(current), ctypes.byref(pending)):
            return False
        return current.value == 1 and not (self.uuid() or "").startswith("MIG-")

    def memory(self) -> CardMemory | None:
        """What is taken now; None if the driver does not say."""
        found = _Memory()
        if self._library.nvmlDeviceGetMemoryInfo(self._handle, ctypes.byref(found)):
            return None
        return CardMemory(int(found.total), int(found.used), self._own(), self._reserved())

    def processes(self) -> tuple[CardProcess, ...]:
        """Those that compute on it; none if the driver does not say."""
        processes, count = (_Process * _MOST_PROCESSES)(), ctypes.c_uint(_MOST_PROCESSES)
        ask = getattr(self._library, "nvmlDeviceGetComputeRunningProcesses_v3", None)  # drivers since 510
        if ask is None or ask(self._handle, ctypes.byref(count), processes):
            return ()
        return tuple(
            CardProcess(int(one.pid), None if one.used == _NOT_AVAILABLE else int(one.used))
            for one in processes[: count.value]
        )

    def busy(self) -> float | None:
        """Share of the last moments in which the card computed, for anybody (0..1); None where the driver
        does not say, as for a MIG slice."""
        found = _Utilisation()
        if self._library.nvmlDeviceGetUtilizationRates(self._handle, ctypes.byref(found)):
            return None
        return int(found.gpu) / 100

    def _own(self) -> int | None:
        return next((one.used for one in self.processes() if one.pid == os.getpid()), None)

    def _reserved(self) -> int:
        ask = getattr(self._library, "nvmlDeviceGetMemoryInfo_v2", None)  # drivers since 510
        found = _MemoryV2(version=ctypes.sizeof(_MemoryV2) | 2 << 24)
        if ask is None or ask(self._handle, ctypes.byref(found)):
            return 0
        return int(found.reserved)


def _find(library: Any, handle: ctypes.c_void_p) -> int:
    """NVML's answer to the question for the card; 0 if it was found."""
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0].strip()
    if not first or first.isdigit():
        return int(
            library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(int(first or 0)), ctypes.byref(handle))
        )
    answer = int(library.nvmlDeviceGetHandleByUUID(first.encode("ascii", "replace"), ctypes.byref(handle)))
    if answer == 0:
        return 0
    for index, uuid in _uuids(library):  # CUDA takes the beginning of a name, NVML does not
        if uuid.startswith(first):
            return int(library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)))
    return answer


def _uuids(library: Any) -> Iterator[tuple[int, str]]:
    """Index and name of all cards of this machine."""
    count = ctypes.c_uint()
    ask = getattr(library, "nvmlDeviceGetCount_v2", None)
    if ask is None or ask(ctypes.byref(count)):
        return
    for index in range(count.value):
        handle = ctypes.c_void_p()
        if library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)) == 0:
            yield index, _uuid(library, handle) or ""


def _uuid(library: Any, handle: Any) -> str | None:
    ask = getattr(library, "nvmlDeviceGetUUID", None)
    name = ctypes.create_string_buffer(_NAME_BYTES)
    if ask is None or ask(handle, name, ctypes.c_uint(_NAME_BYTES)):
        return None
    return name.value.decode("ascii", "replace")
