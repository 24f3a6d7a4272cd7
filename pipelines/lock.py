"""The run lock: one run at a time writes into an output, on disks and on object stores."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from types import TracebackType

from actors.errors import ConfigError
from pipelines.store import Store

LOCK = "_lock.json"
EXPIRY_S = 60.0
"""Seconds after its last renewal at which a lock no longer counts; it is renewed four times as often."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a lock, and until when (seconds since the epoch)."""

    run_id: str
    host: str
    pid: int
    expires: float


class RunLock:
    """A context in which this run alone may publish.

    A lock that expired, or whose process on this host is dead, is taken over. The object is created
    exclusively where the store can; a takeover writes, waits and reads back, so that of two runs that
    take over at once the last writer alone goes on. Raises ConfigError if another run holds it.
    """

    def __init__(self, store: Store, run_id: str, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._run_id = run_id
        self._clock = clock
        self._expires = 0.0
        self._ended = threading.Event()
        self._renewer = threading.Thread(target=self._renew_for_ever, name="run-lock", daemon=True)

    def __enter__(self) -> RunLock:
        self.acquire()
        self._renewer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._renewer.is_alive():
            self._renewer.join(timeout=10)
        self.release()

    def acquire(self, settle_s: float = 1.0) -> None:
        """Take the lock. `settle_s`: seconds between writing and reading back in a takeover."""
        content = self._content()
        if self._store.put_if_absent(LOCK, content):
            return
        owner = self._owner()
        if owner is not None and not self._is_over(owner):
            raise ConfigError(
                f"Another run is writing into {self._store.location('')}.",
                f"Run {owner.run_id} on {owner.host}, process {owner.pid}, holds the lock.",
                f"Wait for it, or stop it; its lock ends at most {EXPIRY_S:.0f} s after it died.",
            )
        self._store.put(LOCK, self._content())
        time.sleep(settle_s)
        winner = self._owner()
        if winner is None or winner.run_id != self._run_id:
            raise ConfigError(
                f"Another run took over {self._store.location('')} at the same moment.",
                f"It is {winner.run_id if winner else 'unknown'}.",
                "Wait for it, then run again.",
            )

    def still_held(self) -> bool:
        """Whether this run may publish: the lock has not expired, and is its own."""
        if self._clock() >= self._expires:
            return False
        owner = self._owner()
        return owner is not None and owner.run_id == self._run_id

    def release(self) -> None:
        """Give the lock up, if it is still this run's."""
        owner = self._owner()
        if owner is not None and owner.run_id == self._run_id:
            self._store.delete(LOCK)

    def renew(self) -> bool:
        """Extend the lock, if it is still this run's."""
        if not self.still_held():
            return False
        self._store.put(LOCK, self._content())
        return True

    def _content(self) -> bytes:
        self._expires = self._clock() + EXPIRY_S
        owner = Owner(self._run_id, socket.gethostname(), os.getpid(), self._expires)
        return json.dumps(asdict(owner), indent=2).encode()

    def _owner(self) -> Owner | None:
        try:
            return Owner(**json.loads(self._store.read(LOCK)))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            return Owner("unknown", "unknown", 0, 0.0)

    def _is_over(self, owner: Owner) -> bool:
        if self._clock() >= owner.expires:
            return True
        return owner.host == socket.gethostname() and not _is_alive(owner.pid)

    def _renew_for_ever(self) -> None:
        while not self._ended.wait(EXPIRY_S / 4):
            try:
                if not self.renew():
                    return
            except OSError:
                continue  # the store hiccups: the lock lasts for three more tries


def _is_alive(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid)
