"""NVML's functions over made-up cards, as ctypes would call them."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass, field
from typing import Any

NOT_FOUND = 6
"""NVML_ERROR_NOT_FOUND."""


@dataclass
class FakeCard:
    """Memory in MiB; `processes`: pid to what it takes."""

    uuid: str = "GPU-aa"
    total: int = 24_576
    used: int = 0
    reserved: int = 0
    processes: dict[int, int] = field(default_factory=dict)
    divided: bool = False
    name: str = "NVIDIA A10"


class FakeDriver:
    """libnvidia-ml.so.1. Handles are the index of a card."""

    def __init__(self, *cards: FakeCard) -> None:
        self.cards = cards

    def nvmlInit_v2(self) -> int:  # noqa: N802
        return 0

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:  # noqa: N802
        count._obj.value = len(self.cards)
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: ctypes.c_uint, handle: Any) -> int:  # noqa: N802
        if index.value >= len(self.cards):
            return NOT_FOUND
        handle._obj.value = index.value + 1
        return 0

    def nvmlDeviceGetHandleByUUID(self, name: bytes, handle: Any) -> int:  # noqa: N802
        for index, card in enumerate(self.cards):
            if card.uuid.encode() == name:
                handle._obj.value = index + 1
                return 0
        return NOT_FOUND

    def nvmlDeviceGetUUID(self, handle: ctypes.c_void_p, name: Any, size: ctypes.c_uint) -> int:  # noqa: N802
        name.value = self._card(handle).uuid.encode()
        return 0

    def nvmlDeviceGetName(self, handle: ctypes.c_void_p, name: Any, size: ctypes.c_uint) -> int:  # noqa: N802
        name.value = self._card(handle).name.encode()
        return 0

    def nvmlDeviceGetMigMode(self, handle: ctypes.c_void_p, now: Any, then: Any) -> int:  # noqa: N802
        now._obj.value = then._obj.value = int(self._card(handle).divided)
        return 0

    def nvmlDeviceGetMemoryInfo(self, handle: ctypes.c_void_p, memory: Any) -> int:  # noqa: N802
        card = self._card(handle)
        memory._obj.total, memory._obj.used = card.total << 20, card.used << 20
        memory._obj.free = (card.total - card.used) << 20
        return 0

    def nvmlDeviceGetMemoryInfo_v2(self, handle: ctypes.c_void_p, memory: Any) -> int:  # noqa: N802
        assert memory._obj.version == 0x02000028
        memory._obj.reserved = self._card(handle).reserved << 20
        return 0

    def nvmlDeviceGetComputeRunningProcesses_v3(  # noqa: N802
        self, handle: ctypes.c_void_p, count: Any, processes: Any
    ) -> int:
        found = self._card(handle).processes
        for entry, (pid, used) in zip(processes, found.items(), strict=False):
            entry.pid, entry.used = pid, used << 20
        count._obj.value = len(found)
        return 0

    def _card(self, handle: ctypes.c_void_p) -> FakeCard:
        assert handle.value is not None
        return self.cards[handle.value - 1]


OWN = os.getpid()
