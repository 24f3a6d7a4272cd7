"""Calls that a dead disk or store may hold for ever: each in a thread, which is left when its time is up."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from actors.errors import IncompleteError

_NAMED = 3
"""Calls that an error names."""

_T = TypeVar("_T")


class LeftError(Exception):
    """A call did not end in time; its thread was left."""


class DeadDiskError(IncompleteError):
    """So many calls hang that it is the disk, and no document: the run ends, and can be resumed."""


class Leaving:
    """Calls of one process that are left when they do not end in time: so many and no more.

    A thread in a call of the system cannot be ended. One that is left keeps its memory, and with it all that
    it had read, until the system lets it go; it then ends and counts no more.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._left: dict[threading.Thread, str] = {}

    def call(self, name: str, call: Callable[[], _T], deadline: float) -> _T:
        """What `call` returns or raises. `deadline`: on the monotonic clock, in seconds.

        Raises LeftError at the deadline, and DeadDiskError at once while as many hang as may.
        """
        self._check()
        answer: queue.SimpleQueue[tuple[_T] | BaseException] = queue.SimpleQueue()

        def work() -> None:
            try:
                answer.put((call(),))
            except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
                answer.put(error)

        thread = threading.Thread(target=work, name="rayocr-read", daemon=True)
        thread.start()
        try:
            result = answer.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            with self._lock:
                self._left[thread] = name
            raise LeftError(name) from None
        if isinstance(result, BaseException):
            raise result
        return result[0]

    def _check(self) -> None:
        with self._lock:
            if not self._left:
                return
            self._left = {thread: name for thread, name in self._left.items() if thread.is_alive()}
            names = list(self._left.values())
        if len(names) < self._most:
            return
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        raise DeadDiskError(
            f"{len(names)} documents hang while they are read.",
            f"A disk, mount or store does not answer: {', '.join(names[:_NAMED])}{more}.",
            "Check it, then run the same command again: it goes on where it stopped.",
        )
