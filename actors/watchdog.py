"""Ends this process when an engine hangs: native code cannot be interrupted, only its process killed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from actors.journal import Identity, Journal

EXIT_CODE = 75
"""Exit code of a process that its watchdog ended (EX_TEMPFAIL of sysexits.h: try again)."""


class Watchdog:
    """Gives every batch `timeout_s` seconds a page; then blames the pages and ends the process."""

    def __init__(self, journal: Journal, timeout_s: float) -> None:
        self._journal = journal
        self._timeout_s = timeout_s

    @contextmanager
    def __call__(self, pages: Sequence[Identity]) -> Iterator[None]:
        """Guard of `actors.recognise`."""
        timer = threading.Timer(self._timeout_s * max(1, len(pages)), self._end, args=(tuple(pages),))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self, pages: tuple[Identity, ...]) -> None:
        try:
            self._journal.blame(pages, "ocr.timeout")
        finally:
            os._exit(EXIT_CODE)
