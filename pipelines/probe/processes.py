"""What another process has taken so far: CPU seconds, and memory at its peak."""

from __future__ import annotations

from pathlib import Path


def cpu_seconds(pid: int | None) -> float:
    """CPU seconds (user and system, of all threads) of a process; 0 for one that is gone."""
    import psutil

    if pid is None:
        return 0.0
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def peak_memory_mb(pid: int | None) -> int:
    """Peak resident memory of a process in MiB; 0 for one that is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0
    (kibibytes,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(kibibytes) >> 10
