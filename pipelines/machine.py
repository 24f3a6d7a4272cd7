"""What there is to compute with: nodes with their CPUs, memory and GPUs."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

from actors.runtimes.choose import Host, this_host


@dataclass(frozen=True, slots=True)
class Node:
    """One machine. `cpus` are what this process may use of it; memory in MiB; GPUs count whole cards
    (or MIG slices); `gpu_memory_mb` of the smallest of them, None where unknown."""

    cpus: float
    memory_mb: int
    gpus: float = 0
    gpu_memory_mb: int | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """All nodes of a run. `cluster`: Ray is already there (a job, or an address in the environment).
    `idle_gpus` says why cards that are there are not counted; empty if none were left out. `host`: what
    engines can compute with, taken from the driver's machine for all nodes; a worker that finds itself
    elsewhere refuses to start."""

    nodes: tuple[Node, ...]
    cluster: bool = False
    idle_gpus: str = ""
    host: Host = field(default_factory=this_host)

    @property
    def cpus(self) -> float:
        """CPUs of all nodes."""
        return sum(node.cpus for node in self.nodes)

    @property
    def gpus(self) -> float:
        """GPUs of all nodes."""
        return sum(node.gpus for node in self.nodes)


def without_gpus(machine: Machine, reason: str) -> Machine:
    """The same machine, its cards left out for a reason."""
    nodes = tuple(replace(node, gpus=0, gpu_memory_mb=None) for node in machine.nodes)
    return replace(machine, nodes=nodes, idle_gpus=reason)


def on_cluster() -> bool:
    """Whether the process runs in a Ray job or was told of a cluster."""
    return bool(os.environ.get("RAY_ADDRESS") or os.environ.get("RAY_JOB_CONFIG_JSON_ENV_VAR"))


def this_machine() -> Machine:
    """The machine that this process runs on, within its affinity and its cgroup's memory."""
    gpus, gpu_memory_mb = _gpus()
    return Machine((Node(float(_cpus()), _memory_mb(), float(gpus), gpu_memory_mb),))


def _cpus() -> int:
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cgroup_number("cpu.max")
    return max(1, min(allowed, int(quota))) if quota else allowed


def _memory_mb() -> int:
    from actors.gauge import memory_limit_mb

    return memory_limit_mb()


def _cgroup_number(name: str) -> float | None:
    """A limit of this container (cgroup v2), CPUs for `cpu.max`; None where there is none."""
    from pathlib import Path

    try:
        parts = (Path("/sys/fs/cgroup") / name).read_text("ascii").split()
    except OSError:
        return None
    if not parts or parts[0] == "max":
        return None
    return float(parts[0]) / float(parts[1]) if len(parts) > 1 else float(parts[0])


def _gpus() -> tuple[int, int | None]:
    """GPUs (cards or MIG slices) that this process may use, and the memory in MiB of the smallest of them."""
    from pipelines.nvidia import visible_gpus

    found = visible_gpus()
    known = [one.memory_mb for one in found if one.memory_mb is not None]
    return len(found), min(known) if known and len(known) == len(found) else None
