"""Ends this process when an engine hangs: native code cannot be interrupted, only its process killed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from actors.deadline import Deadline, deadline
from actors.journal import Identity, Journal

EXIT_CODE = 75
"""Exit code of a process that its watchdog ended (EX_TEMPFAIL of sysexits.h: try again)."""


class Watchdog:
    """Gives every batch `timeout_s` seconds a page that this process has for its work (see actors.deadline);
    then blames the pages and ends the process."""

    def __init__(self, journal: Journal, timeout_s: float) -> None:
        self._journal = journal
        self._timeout_s = timeout_s

    @contextmanager
    def __call__(self, pages: Sequence[Identity]) -> Iterator[None]:
        """Guard of `actors.recognise`."""
        done = threading.Event()
        end = deadline(self._timeout_s * max(1, len(pages)))
        arguments = (done, end, tuple(pages))
        threading.Thread(target=self._watch, args=arguments, name="watchdog", daemon=True).start()
        try:
            yield
        finally:
            done.set()

    def _watch(self, done: threading.Event, end: Deadline, pages: tuple[Identity, ...]) -> None:
        while not done.wait(end.pause_s):
            if end.passed() and not done.is_set():
                self._end(pages, f"gave no answer within {end}")

    def _end(self, pages: tuple[Identity, ...], how: str) -> None:
        try:
            self._journal.blame(pages, "ocr.timeout", how)
        finally:
            os._exit(EXIT_CODE)
