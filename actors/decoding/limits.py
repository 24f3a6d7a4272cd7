"""How much memory this process has, and may take."""

from __future__ import annotations

import sys
from dataclasses import dataclass

MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a process in MiB: resident, and its address space."""

    resident_mb: float
    address_space_mb: float


def memory() -> Memory:
    """What this process takes now."""
    import psutil

    info = psutil.Process().memory_info()
    return Memory(info.rss / MB, info.vms / MB)


def limit_memory(limit_mb: float | None) -> None:
    """Let the process take `limit_mb` on top of what it has now, None: all; more is a MemoryError."""
    if sys.platform != "linux":
        return  # macOS has RLIMIT_AS and does not keep it
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = hard
    if limit_mb is not None:
        limit = int((memory().address_space_mb + limit_mb) * MB)
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def capped_below(limit_mb: float) -> bool:
    """Whether the system gives a process less than `limit_mb` on top of what this one has, whatever
    `limit_memory` asks for (`ulimit -v`)."""
    if sys.platform != "linux":
        return False
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    return hard != resource.RLIM_INFINITY and hard < (memory().address_space_mb + limit_mb) * MB


def is_capped() -> bool:
    """Whether the present limit of this process is the system's, and none that `limit_memory` set."""
    if sys.platform != "linux":
        return False
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    return soft == hard != resource.RLIM_INFINITY
