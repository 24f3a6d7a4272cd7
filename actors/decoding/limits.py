"""How much memory this process has, and may take."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

MB = 1 << 20

_LINUX = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a process in MiB: resident, and its address space."""

    resident_mb: float
    address_space_mb: float


class MemoryMeter:
    """Reads what this process takes. On Linux its file is opened here: a decoder in its box opens none."""

    def __init__(self) -> None:
        self._fd = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC) if _LINUX else None

    def read(self) -> Memory:
        """What this process takes now."""
        if self._fd is None:
            import psutil

            info = psutil.Process().memory_info()
            return Memory(info.rss / MB, info.vms / MB)
        # Pages, the whole address space first: proc_pid_statm(5).
        space, resident = os.pread(self._fd, 200, 0).split()[:2]
        page = os.sysconf("SC_PAGE_SIZE")
        return Memory(int(resident) * page / MB, int(space) * page / MB)


def limit_memory(limit_mb: float | None, meter: MemoryMeter) -> None:
    """Let the process take `limit_mb` on top of what it has now, None: all; more is a MemoryError."""
    if not _LINUX:
        return  # macOS has RLIMIT_AS and does not keep it
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = hard
    if limit_mb is not None:
        limit = int((meter.read().address_space_mb + limit_mb) * MB)
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def capped_below(limit_mb: float) -> bool:
    """Whether the system gives a process less than `limit_mb` on top of what this one has, whatever
    `limit_memory` asks for (`ulimit -v`)."""
    if sys.platform != "linux":
        return False
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY:
        return False
    import psutil

    return hard < psutil.Process().memory_info().vms + limit_mb * MB


def is_capped() -> bool:
    """Whether the present limit of this process is the system's, and none that `limit_memory` set."""
    if sys.platform != "linux":
        return False
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    return soft == hard != resource.RLIM_INFINITY
