"""Deadlines that count what a process had for its work: one that the machine keeps waiting is not late.

A process that computes, sleeps, waits for a lock, a card or an answer gets older by the wall clock. It does
not while it stands in line for a CPU, while it is stopped, while the host of a virtual machine has its CPU,
or while whoever watches does not run either (all of them are stopped, the laptop sleeps).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from actors.scheduling import Sample, held, own_seconds, sample, spare_share

_LOOK_S = 1.0
"""Most seconds between two looks; threads that waited side by side are told apart the better, the less."""

_LEAST_S = 0.02

_LATE_S = 0.5
"""By how much a watcher may come late to its look; what is beyond, it was itself kept waiting."""


class Stopwatch:
    """How much of the time since its start a process had for its own work. `pid`: 0 for this process."""

    def __init__(
        self,
        pid: int = 0,
        *,
        look: Callable[[int], Sample | None] = sample,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pid = pid or os.getpid()
        self._look = look
        self._clock = clock
        self._began = self._at = clock()
        self._last = look(self._pid)
        self.own_s = 0.0

    @property
    def wall_s(self) -> float:
        """Seconds since the start, until the last look."""
        return self._at - self._began

    def read(self, away_s: float) -> float:
        """Look, and say what it was so far. `away_s`: how long ago the last look was meant to be."""
        now = self._clock()
        wall_s, self._at = now - self._at, now
        before, self._last = self._last, self._look(self._pid)
        seen_s = min(wall_s, away_s + _LATE_S)
        if before is None or self._last is None:  # the process is gone, which whoever waits for it is told
            self.own_s += seen_s
        else:
            why = held(self._pid, before, self._last, wall_s)
            spare = 1.0 if self._last.told else spare_share()
            self.own_s += own_seconds(before, self._last, wall_s, seen_s=seen_s, held=why, spare=spare)
        return self.own_s


class Deadline:
    """The end of the seconds that a process gets: `pause_s` long nobody need look, then ask `passed`."""

    def __init__(self, seconds: float, watch: Stopwatch) -> None:
        self._seconds = seconds
        self._watch = watch

    @property
    def pause_s(self) -> float:
        """How long to wait until the next look."""
        return min(max(self._seconds - self._watch.own_s, _LEAST_S), _LOOK_S)

    def passed(self) -> bool:
        """Look whether the time is up."""
        return self._watch.read(self.pause_s) >= self._seconds

    def __str__(self) -> str:
        """The time that was given, and the wall time where it was much longer."""
        given, wall_s = f"{self._seconds:g} s", self._watch.wall_s
        if wall_s < self._seconds * 1.5 + _LATE_S:
            return given
        return f"{given} of its own ({wall_s:.0f} s by the clock: the machine was busy)"


def deadline(seconds: float, pid: int = 0) -> Deadline:
    """So many seconds for a process, from now on; 0 for this process."""
    return Deadline(seconds, Stopwatch(pid))
