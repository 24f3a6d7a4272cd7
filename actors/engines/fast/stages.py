"""Where an engine's time goes: seconds by stage, of all its threads, for whoever wants to know."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

Stage = Literal[
    "prepare",
    "detection",
    "orientation",
    "boxes",
    "crops",
    "strips",
    "recognition",
    "decode",
    "notices",
    "waiting",
    "total",
]
"""`prepare`: pages turned to BGR, sized and normalised; `detection`, `orientation`, `recognition`: in a
session's `run`; `boxes`: from score maps; `crops`: lines cut out; `strips`: the input of recognition;
`decode`: texts from its output; `notices`: what a page's lines seem to say of it; `waiting`: the thread that
runs the sessions waits for work of the host; `total`: whole calls."""

ON_DEVICE: tuple[Stage, ...] = ("detection", "orientation", "recognition")
"""Stages in which a session computes."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of a stage: `wall` by the clock, `cpu` of the threads' own CPU; of several threads at once
    the sum, so that stages may add up to more than the total."""

    wall: float = 0.0
    cpu: float = 0.0


class Stages:
    """Counts seconds by stage. Any thread may count; two looks at clocks for each piece of work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: dict[Stage, Spent] = {}

    @contextmanager
    def count(self, stage: Stage) -> Iterator[None]:
        """Count what is done within, by this thread, for a stage; also where it fails."""
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
            with self._lock:
                before = self._spent.get(stage, Spent())
                self._spent[stage] = Spent(before.wall + wall, before.cpu + cpu)

    def read(self) -> Mapping[Stage, Spent]:
        """What was counted since the beginning, or since `restart`."""
        with self._lock:
            return dict(self._spent)

    def restart(self) -> None:
        """Count from here on."""
        with self._lock:
            self._spent.clear()


def idle_share(spent: Mapping[Stage, Spent]) -> float | None:
    """Part of the total (0..1) in which no session was running, so that the device had nothing to do; None
    where nothing was counted. A device may idle inside a run, too: this is the least that it idles."""
    total = spent.get("total", Spent()).wall
    if not total:
        return None
    return max(0.0, 1 - sum(spent.get(stage, Spent()).wall for stage in ON_DEVICE) / total)
