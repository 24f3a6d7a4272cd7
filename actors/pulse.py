"""Tells the journal how much an engine's process had for its work: a driver elsewhere cannot see it."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Protocol

from actors.deadline import Stopwatch
from actors.scheduling import spare_share

_EVERY_S = 2.0


class Listens(Protocol):
    """Who is told: see `MemoryJournal`."""

    def engine_lives(self, name: str, own_s: float) -> None:
        """The engine of that name had so many more seconds."""
        ...


class Pulse:
    """A thread that tells a journal of this process, as long as it lives.

    Idle, an engine waits for decoders: then what it tells is the clock's, slowed down by the load of its
    machine. It does not raise: an engine is not to end because nobody listens.
    """

    def __init__(
        self, journal: Listens, every_s: float = _EVERY_S, spare: Callable[[], float] = spare_share
    ) -> None:
        self._journal = journal
        self._every_s = every_s
        self._spare = spare
        self._name = f"{socket.gethostname()}/{os.getpid()}"
        self._ended = threading.Event()
        self.idle = False

    def start(self) -> None:
        """Begin to tell."""
        threading.Thread(target=self._beat, name="pulse", daemon=True).start()

    def end(self) -> None:
        """No more is told."""
        self._ended.set()

    def _beat(self) -> None:
        watch, told_s, at = Stopwatch(), 0.0, time.monotonic()
        while not self._ended.wait(self._every_s):
            own_s, now = watch.read(self._every_s), time.monotonic()
            had_s = own_s - told_s
            if self.idle:
                had_s = min(had_s, (now - at) * self._spare())
            told_s, at = own_s, now
            try:
                self._journal.engine_lives(self._name, had_s)
            except Exception:  # noqa: BLE001 - the driver hears of a journal that is gone by itself
                return
