"""What memory there is: taken by this process, left in the machine or its cgroup, taken of its card."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from actors.nvml import Card

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")


@dataclass(frozen=True, slots=True)
class Usage:
    """Memory at one moment. `own_mb`: of this process alone, in MiB; `free`: what it could still get, as a
    share of all (0..1); `card`: how full the card is, or this process's part of it, None without one;
    `card_is_own`: whether that is this process's doing alone; `card_mb`: the same in MiB."""

    own_mb: int
    free: float = 1.0
    card: float | None = None
    card_is_own: bool = False
    card_mb: int | None = None


class Gauge:
    """Reads the memory of the process that built it. `card_share`: the part of a card that it may fill
    (0: it computes on the CPU)."""

    def __init__(self, card_share: float = 0) -> None:
        import psutil

        self._process = psutil.Process()
        self._share = min(1.0, card_share)
        self._card = Card.open() if card_share else None

    def read(self) -> Usage:
        """What is used now; takes a fraction of a millisecond, on a card a few."""
        return Usage(self._own_mb(), free_share(), *self._card_fill())

    def _own_mb(self) -> int:
        """Resident memory less what is shared: pages of Ray's object store that were looked at, and files,
        which the kernel can drop."""
        info = self._process.memory_info()
        return int(info.rss - getattr(info, "shared", 0)) >> 20

    def _card_fill(self) -> tuple[float | None, bool, int | None]:
        memory = self._card.memory() if self._card is not None else None
        if memory is None or not memory.total:
            return None, False, None
        if memory.own is None:  # process ids of a container mean nothing to the driver
            return memory.used / memory.total, False, memory.used >> 20
        return memory.own / (memory.total * self._share), True, memory.own >> 20


def memory_limit_mb() -> int:
    """Memory of this machine in MiB, or of the cgroup (container, slice) that this process is in."""
    import psutil

    limits = [limit for limit, _ in _cgroup_memory()]
    return min([int(psutil.virtual_memory().total), *limits]) >> 20


def free_share() -> float:
    """The share of that memory that is free, or can be freed at once; the least of machine and cgroups."""
    import psutil

    machine = psutil.virtual_memory()
    shares = [max(0, limit - used) / limit for limit, used in _cgroup_memory() if limit < machine.total]
    return min([machine.available / machine.total, *shares])


def _cgroup_memory(mount: Path = _CGROUPS, own: Path = _OWN_CGROUPS) -> Iterator[tuple[int, int]]:
    """Limit and use, in bytes, of the cgroups around this process that have a limit."""
    for folder, limit_file, used_file, inactive in _cgroup_folders(mount, own):
        try:
            limit = (folder / limit_file).read_text("ascii").strip()
            used = int((folder / used_file).read_text("ascii"))
            cache = _statistic(folder / "memory.stat", inactive)
        except (OSError, ValueError):
            continue
        if limit != "max" and int(limit) > 0:
            yield int(limit), max(0, used - cache)


def _cgroup_folders(mount: Path, own: Path) -> Iterator[tuple[Path, str, str, str]]:
    """Folders of cgroups, version 2 and 1, with the names of the files that matter. The path that the kernel
    gives may not be visible in a container, which then has its own cgroup at the mount."""
    try:
        lines = own.read_text("ascii").splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, names = mount, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            root = mount / "memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        folder = root / path.strip("/")
        for level in (folder, *folder.parents):
            yield level, *names
            if level == root:
                break


def _statistic(file: Path, name: str) -> int:
    for line in file.read_text("ascii").splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0
