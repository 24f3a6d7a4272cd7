"""What the machine gave to a process: time on a CPU, and time in line for one, thread by thread.

Linux counts both for each thread (/proc/PID/task/TID/schedstat). Elsewhere there is only the CPU time, and
the load of the machine has to say how likely it is that a silent process was kept waiting.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

import psutil

_TICKS = 1e9
"""schedstat counts in nanoseconds."""

_IDLE = 0.05
"""Of an interval: a process that ran less is looked at more closely, since it sleeps, or is held."""

_DISK_SHARE = 0.1
"""Of the time in which a process waits for a disk or for swapped memory, so much is its own. What it waits
for is the machine; but a disk that never answers must end it, too, after ten times as long."""

_UNKNOWN_SHARE = 0.5
"""Where nothing tells how long a process waited for a CPU, so much of the wall time counts at most."""

Held = Literal["", "stopped", "disk"]
"""Whether a process is kept from running: by a signal (Ctrl-Z) or a debugger, or by a disk or swap."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one thread had since it began: seconds on a CPU, and seconds in line for one."""

    ran_s: float = 0.0
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process had until now. `told`: whether `waited_s` is counted here; `stolen`, `busy`: seconds
    that the machine's CPUs were taken by its host, and that they worked."""

    threads: Mapping[int, Share] = field(default_factory=dict)
    told: bool = True
    stolen_s: float = 0.0
    busy_s: float = 0.0


def sample(pid: int) -> Sample | None:
    """Look at a process; None if it is gone."""
    stolen, busy = _machine(int(time.monotonic()))
    if _counts_waiting():
        threads = _threads(pid)
        return Sample(threads, stolen_s=stolen, busy_s=busy) if threads else None
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return Sample({pid: Share(times.user + times.system)}, told=False)


def own_seconds(
    before: Sample, after: Sample, wall_s: float, *, seen_s: float, held: Held = "", spare: float = 1.0
) -> float:
    """How many of `wall_s` seconds between two looks the process had for its own work.

    That is all of them but those in which a thread of it stood in line for a CPU. Threads may wait side by
    side, which counts twice, so at least what its busiest thread ran is its own: whoever burns a CPU
    gets older by it, however many wait. `seen_s`: seconds of these that somebody watched; `held`: what keeps
    the process from running; `spare`: what `spare_share` says, for where nobody counts the waiting.
    """
    ran, waited = 0.0, 0.0
    for thread, now in after.threads.items():
        then = before.threads.get(thread, Share())
        ran = max(ran, now.ran_s - then.ran_s)
        waited += now.waited_s - then.waited_s
    if held == "stopped":
        rest = 0.0
    elif not after.told:
        rest = wall_s * spare * _UNKNOWN_SHARE
    else:
        rest = (wall_s - waited) * (1 - _stolen(before, after))
        rest *= _DISK_SHARE if held == "disk" else 1.0
    return min(wall_s, max(ran, min(rest, seen_s), 0.0))


def held(pid: int, before: Sample, after: Sample, wall_s: float) -> Held:
    """What keeps a process from running, if it is seen not to run."""
    ran = sum(one.ran_s for one in after.threads.values()) - sum(one.ran_s for one in before.threads.values())
    if ran > wall_s * _IDLE or not after.told:
        return ""
    states = [_state(thread) for thread in _task_folders(pid)]
    if states and states[0] in "Tt":
        return "stopped"
    return "disk" if "D" in states else ""


def spare_share() -> float:
    """Which part of a CPU another process could expect on this machine, by the load of the last minute."""
    try:
        load = os.getloadavg()[0]
    except OSError:
        return 1.0
    return min(1.0, usable_cpus() / max(load, 0.01))


def usable_cpus() -> int:
    """CPUs that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _stolen(before: Sample, after: Sample) -> float:
    """Which part of the CPUs' work a virtual machine's host took for others."""
    stolen, busy = after.stolen_s - before.stolen_s, after.busy_s - before.busy_s
    return min(0.9, stolen / (stolen + busy)) if stolen > 0 else 0.0


@lru_cache(maxsize=1)
def _counts_waiting() -> bool:
    """Whether the kernel tells how long threads wait; this one has surely run."""
    ours = _threads(os.getpid())
    return any(one.ran_s > 0 for one in ours.values())


def _threads(pid: int) -> dict[int, Share]:
    found = {}
    for folder in _task_folders(pid):
        try:
            ran, waited, _ = (folder / "schedstat").read_text().split()
        except (OSError, ValueError):  # the thread ended just now
            continue
        found[int(folder.name)] = Share(int(ran) / _TICKS, int(waited) / _TICKS)
    return found


def _task_folders(pid: int) -> list[Path]:
    """A folder a thread, the first one's first."""
    folder = Path(f"/proc/{pid}/task")
    try:
        return sorted(folder.iterdir(), key=lambda one: int(one.name))
    except OSError:
        return []


def _state(task: Path) -> str:
    """R runs or stands in line, S sleeps, D waits for a disk, T is stopped, t is traced."""
    try:
        return (task / "stat").read_text().rpartition(") ")[2][0]
    except (OSError, IndexError):
        return ""


@lru_cache(maxsize=1)
def _machine(_second: int) -> tuple[float, float]:
    """Seconds that CPUs of this machine were taken by its host, and that they worked. Looked up once a
    second: where there are many CPUs it takes the kernel a millisecond."""
    try:
        with Path("/proc/stat").open() as file:
            user, nice, system, _idle, _waiting, irq, soft, stolen = map(int, file.readline().split()[1:9])
    except (OSError, ValueError):
        return 0.0, 0.0
    hertz = os.sysconf("SC_CLK_TCK")
    return stolen / hertz, (user + nice + system + irq + soft) / hertz
