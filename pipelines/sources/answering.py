"""A listing of a disk that must go on: one that waits for a dead mount ends, and hears Ctrl-C."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Generic, TypeVar

from actors.errors import ConfigError
from actors.signatures import without_secrets
from actors.uris import escape_name

_BATCH = 256
_WAITING = 16
"""Batches that are listed ahead of what is taken."""
_POLL_S = 0.5

_T = TypeVar("_T")


def answering(
    found: Callable[[], Iterator[_T]],
    path: str,
    silence_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[_T]:
    """What `found` lists, by a thread of its own; in the calling thread signals are heard.

    Raises what it raises, and ConfigError when for `silence_s` seconds nothing was listed and the thread
    used no CPU: then a call of the system does not return. A large folder of which nothing is taken costs
    CPU time, a disk that is only slow does with every answer.
    """
    listing = _Listing(found)
    listing.start()
    try:
        used, heard = listing.cpu_s(), clock()
        while True:
            try:
                batch = listing.batches.get(timeout=min(_POLL_S, silence_s))
            except queue.Empty:
                if (now_used := listing.cpu_s()) != used:
                    used, heard = now_used, clock()
                elif clock() - heard > silence_s:
                    raise _no_answer(path, silence_s) from None
                continue
            if isinstance(batch, BaseException):
                raise batch
            if not batch:
                return
            yield from batch
            used, heard = listing.cpu_s(), clock()  # the taker's own time is no silence
    finally:
        listing.over.set()


class _Listing(Generic[_T]):
    """The thread that lists. Batches, then an empty one or an error."""

    def __init__(self, found: Callable[[], Iterator[_T]]) -> None:
        self._found = found
        self.batches: queue.Queue[list[_T] | BaseException] = queue.Queue(_WAITING)
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="rayocr-list", daemon=True)

    def start(self) -> None:
        """Begin to list."""
        self._thread.start()

    def cpu_s(self) -> float:
        """Seconds of CPU that the thread used; 0 where the system does not tell of one (macOS)."""
        ident = self._thread.ident
        if ident is None or not self._thread.is_alive() or not hasattr(time, "pthread_getcpuclockid"):
            return 0.0
        try:
            return time.clock_gettime(time.pthread_getcpuclockid(ident))
        except OSError:  # it ended just now
            return 0.0

    def _work(self) -> None:
        try:
            found = iter(self._found())
            while batch := list(islice(found, _BATCH)):
                self._put(batch)
                if self.over.is_set():
                    return
            self._put([])
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that takes
            self._put(error)

    def _put(self, batch: list[_T] | BaseException) -> None:
        while not self.over.is_set():
            with suppress(queue.Full):
                self.batches.put(batch, timeout=_POLL_S)
                return


def _no_answer(path: str, silence_s: float) -> ConfigError:
    return ConfigError(
        f"The source {without_secrets(escape_name(path))} does not answer.",
        f"Its disk or mount gave nothing for {silence_s:g} s (decode.read_timeout_s).",
        "Check the mount (or the pipe that it is), then run the same command again.",
    )
