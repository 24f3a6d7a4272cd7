"""What memory there is: of this process, of cgroups, of a card."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

import psutil
import pytest

from actors.gauge import Gauge, _cgroup_memory, free_share, memory_limit_mb
from actors.nvml import Card, CardMemory


def test_what_this_process_takes_is_seen() -> None:
    gauge = Gauge()
    before = gauge.read()
    taken = bytearray(os.urandom(1) * (200 << 20))
    after = gauge.read()
    assert 150 < after.own_mb - before.own_mb < 250
    assert before.card is None
    del taken
    assert gauge.read().own_mb < after.own_mb - 100


def test_what_is_shared_does_not_count(tmp_path: Path) -> None:
    import mmap

    gauge = Gauge()
    (tmp_path / "store").write_bytes(bytes(128 << 20))
    before = gauge.read().own_mb
    with (tmp_path / "store").open("r+b") as file, mmap.mmap(file.fileno(), 0) as store:
        assert sum(store[position] for position in range(0, len(store), 4096)) == 0
        assert gauge.read().own_mb - before < 64


def test_the_machine_has_memory() -> None:
    assert 0 < memory_limit_mb() <= psutil.virtual_memory().total >> 20
    assert 0 <= free_share() <= 1


def files(folder: Path, **contents: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_cgroups_of_version_2_up_to_the_root(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("0::/job.slice/step\n")
    mount = tmp_path / "cgroup"
    mount.mkdir()
    files(
        mount / "job.slice",
        memory__max="1000\n",
        memory__current="700\n",
        memory__stat="anon 1\ninactive_file 200\n",
    )
    files(
        mount / "job.slice/step",
        memory__max="max\n",
        memory__current="300\n",
        memory__stat="inactive_file 0\n",
    )
    assert list(_cgroup_memory(mount, own)) == [(1000, 500)]


def test_cgroups_of_version_1_in_a_container_that_sees_only_its_own(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("9:name=systemd:/\n4:cpu,memory:/docker/0123\n0::/\n")
    mount = tmp_path / "cgroup"
    files(
        mount / "memory",
        memory__limit_in_bytes="5000\n",
        memory__usage_in_bytes="4000\n",
        memory__stat="cache 5\ntotal_inactive_file 1500\n",
    )
    assert list(_cgroup_memory(mount, own)) == [(5000, 2500)]


def test_without_cgroups_there_is_no_limit(tmp_path: Path) -> None:
    assert list(_cgroup_memory(tmp_path, tmp_path / "absent")) == []


class Driver:
    """NVML's functions, as ctypes would call them."""

    def __init__(self, processes: dict[int, int] | None, answer: int = 0) -> None:
        self.asked: list[Any] = []
        self._answer = answer
        self._processes = processes
        if processes is not None:
            self.nvmlDeviceGetComputeRunningProcesses_v3 = self._list

    def nvmlInit_v2(self) -> int:  # noqa: N802
        return self._answer

    def nvmlDeviceGetHandleByIndex_v2(self, index: ctypes.c_uint, handle: Any) -> int:  # noqa: N802
        self.asked.append(index.value)
        return 0

    def nvmlDeviceGetHandleByUUID(self, name: bytes, handle: Any) -> int:  # noqa: N802
        self.asked.append(name)
        return 0

    def nvmlDeviceGetMemoryInfo(self, handle: Any, memory: Any) -> int:  # noqa: N802
        memory._obj.total, memory._obj.used = 1000, 600
        return 0

    def _list(self, handle: Any, count: Any, processes: Any) -> int:
        found = self._processes or {}
        for entry, (pid, used) in zip(processes, found.items(), strict=False):
            entry.pid, entry.used = pid, used
        count._obj.value = len(found)
        return 0


@pytest.mark.parametrize(
    ("processes", "own"),
    [
        ({1: 300, os.getpid(): 250}, 250),
        ({1: 300}, None),
        ({os.getpid(): 2**64 - 1}, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_cards_memory(processes: dict[int, int] | None, own: int | None) -> None:
    card = Card.open(Driver(processes))
    assert card is not None
    assert card.memory() == CardMemory(1000, 600, own)


@pytest.mark.parametrize(
    ("visible", "asked"),
    [(None, 0), ("3,1", 3), ("GPU-12ab", b"GPU-12ab"), ("MIG-9f,MIG-aa", b"MIG-9f")],
)
def test_the_card_is_the_first_that_this_process_sees(
    visible: str | None, asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    driver = Driver({})
    assert Card.open(driver) is not None
    assert driver.asked == [asked]


def test_without_a_driver_there_is_no_card() -> None:
    assert Card.open(Driver({}, answer=9)) is None


@pytest.mark.parametrize(
    ("share", "own", "expected"),
    [(0.5, 250, (0.5, True)), (1.0, 250, (0.25, True)), (0.5, None, (0.6, False))],
)
def test_a_share_of_a_card(
    share: float, own: int | None, expected: tuple[float, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = {os.getpid(): own} if own else {}
    driver = Driver(processes)
    monkeypatch.setattr(Card, "open", classmethod(lambda cls: cls(driver, None)))
    usage = Gauge(share).read()
    assert (usage.card, usage.card_is_own) == expected
    assert usage.card_mb == 0  # of a card of a thousand bytes
