"""The run lock: one run at a time writes into an output, on disks and on object stores."""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from actors.errors import ConfigError
from pipelines.lock_file import CLAIMS, LOCK, NO_PID, Owner, content_of, owner_in
from pipelines.own_names import is_claim
from pipelines.store import Store

EXPIRY_S = 60.0
"""Seconds after its last renewal at which a lock no longer counts; it is renewed four times as often."""
MARGIN_S = 5.0
"""Seconds before its end at which the owner itself stops trusting a lock: clocks differ."""
SETTLE_S = 1.0
"""Seconds between writing and reading back, on stores that cannot create exclusively."""

_log = logging.getLogger(__name__)


class RunLock:
    """A context in which this run alone may publish. Raises ConfigError if another run holds the lock.

    The lock is an object that expires unless it is renewed. It is created exclusively; one that expired,
    or whose process on this host is dead, is taken over by whoever creates the claim named after its
    content first, and finds that content still there. `still_held` reads it back each time, so that a run
    that was paused, or lost against another, stops. A lock that ends later than any can (a clock was or is
    wrong, or it is a stranger's) is not taken over: the wrong clock may be this host's, and the run alive.
    The error says which file to remove, and after what.

    Limits: clocks of hosts may differ by `MARGIN_S`. On a store that cannot create exclusively two runs
    that start within `SETTLE_S` are told apart by reading back, which holds if no write is late by more.
    Between `still_held` and what is done after it, a pause of the process is not noticed; so whoever takes
    the lock empties the staging folder first, and what the other still moves from there fails.
    """

    def __init__(
        self,
        store: Store,
        run_id: str,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._store = store
        self._run_id = run_id
        self._clock = clock
        self._sleep = sleep
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
        self._renewer.join(timeout=10)
        try:
            self.release()
        except Exception as trouble:  # noqa: BLE001 - it must not hide what ended the run
            _log.warning("The lock was not released and ends by itself: %s", trouble)

    def acquire(self) -> None:
        """Take the lock, or raise ConfigError that names its owner."""
        mine = self._owner()
        if not self._store.put_if_absent(LOCK, content_of(mine)):
            self._take_over(mine)
        if not self._store.exclusive:
            self._sleep(SETTLE_S)
        winner = self._read(LOCK)
        if winner != content_of(mine):
            raise self._refusal(owner_in(winner))
        self._expires = mine.expires

    def still_held(self) -> bool:
        """Whether this run may publish: the lock has not expired, and is its own. Raises what the store
        raises if it cannot be read."""
        if self._has_expired():
            return False
        owner = owner_in(self._read(LOCK))
        return owner is not None and owner.run_id == self._run_id and not self._has_expired()

    def renew(self) -> bool:
        """Extend the lock, if it is still this run's.

        The new end counts from before the first look. A write that comes to its end after the old one may
        have gone over the lock of a successor, who has begun: then both have lost it.
        """
        mine = self._owner()
        if not self.still_held():
            return False
        self._store.put(LOCK, content_of(mine))
        if self._has_expired():
            self._expires = 0.0
            return False
        self._expires = mine.expires
        return True

    def release(self) -> None:
        """Give the lock up, if it is still this run's, and remove the claims of those that died."""
        owner = owner_in(self._read(LOCK))
        self._expires = 0.0
        if owner is None or owner.run_id != self._run_id:
            return
        self._store.delete(LOCK)
        for entry in self._store.list(CLAIMS):
            if not is_claim(entry.path):
                continue
            claimant = owner_in(self._read(entry.path))
            if claimant is None or self._is_over(claimant):
                self._store.delete(entry.path)

    def _take_over(self, mine: Owner) -> None:
        """Replace a lock that is over. A claim is itself a lock that may be over, with a claim upon it."""
        stale = self._read(LOCK)
        if stale is None:  # released this moment
            if self._store.put_if_absent(LOCK, content_of(mine)):
                return
            raise self._refusal(owner_in(self._read(LOCK)))
        claims: list[str] = []
        content: bytes | None = stale
        while content is not None:
            owner = owner_in(content)
            if owner is not None and not self._is_over(owner):
                raise self._refusal(owner, claims[-1] if claims else LOCK)
            claims.append(_claim(content))
            if self._store.put_if_absent(claims[-1], content_of(mine)):
                break
            content = self._read(claims[-1])
        else:
            raise self._refusal(None)  # the claim's owner is done this moment
        if not self._store.exclusive:
            self._sleep(SETTLE_S)
        ours = self._read(claims[-1]) == content_of(mine) and self._read(LOCK) == stale
        if ours:
            self._store.put(LOCK, content_of(mine))
        for claim in claims if ours else ():
            self._store.delete(claim)
        if not ours:
            if self._read(claims[-1]) == content_of(mine):
                self._store.delete(claims[-1])
            raise self._refusal(owner_in(self._read(LOCK)))

    def _refusal(self, owner: Owner | None, path: str = LOCK) -> ConfigError:
        what = f"Another run is writing into {self._store.location('')}."
        if owner is None:
            return ConfigError(what, "It took the lock at this moment.", "Wait for it, then run again.")
        left = max(0.0, owner.expires - self._clock())
        if left > EXPIRY_S + MARGIN_S:
            return ConfigError(
                what,
                f"Run {owner.run_id} on {owner.host}, process {owner.pid}, holds the lock, which ends later"
                f" than any can ({EXPIRY_S:.0f} s): a clock was wrong, or the file is not rayocr's.",
                f"Check the clocks, and that no rayocr works on this output. Then remove"
                f" {self._store.location(path)}, and run again.",
            )
        ends = datetime.fromtimestamp(owner.expires, UTC).strftime("%H:%M:%S UTC")
        return ConfigError(
            what,
            f"Run {owner.run_id} on {owner.host}, process {owner.pid}, holds the lock.",
            f"Wait for it, or stop it. If it is dead, its lock ends at {ends}, in {left:.0f} s.",
        )

    def _owner(self) -> Owner:
        return Owner(self._run_id, socket.gethostname(), os.getpid(), _pids(), self._clock() + EXPIRY_S)

    def _has_expired(self) -> bool:
        return self._clock() >= self._expires - MARGIN_S

    def _read(self, path: str) -> bytes | None:
        try:
            return self._store.read(path)
        except FileNotFoundError:
            return None

    def _is_over(self, owner: Owner) -> bool:
        if self._clock() >= owner.expires:
            return True
        here = (owner.host, owner.pids) == (socket.gethostname(), _pids())
        return here and owner.pid != NO_PID and not _is_alive(owner.pid)

    def _renew_for_ever(self) -> None:
        while not self._ended.wait(EXPIRY_S / 4):
            try:
                if not self.renew():
                    return
            except Exception as trouble:  # noqa: BLE001 - the lock lasts for two more tries
                _log.warning("The lock could not be renewed, trying again: %s", trouble)


def who_is_at_work(store: Store, now: float | None = None) -> Owner | None:
    """The owner of a lock that has not expired at `now` (seconds since the epoch), if there is one."""
    try:
        owner = owner_in(store.read(LOCK))
    except FileNotFoundError:
        return None
    return owner if owner is not None and (time.time() if now is None else now) < owner.expires else None


def _claim(content: bytes) -> str:
    return f"{CLAIMS}/{hashlib.sha256(content).hexdigest()[:16]}.json"


def _pids() -> str:
    """What tells this boot and container from others; empty where the system does not say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _is_alive(pid: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
