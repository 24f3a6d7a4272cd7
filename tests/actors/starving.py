"""A machine that is busy: one CPU for this process and all that it starts, beside loops that want it, too."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

LOOPS = 8


@contextlib.contextmanager
def starved(loops: int = LOOPS) -> Iterator[int]:
    """Everything goes on one CPU, beside so many busy loops; the number of that CPU."""
    before = os.sched_getaffinity(0)
    cpu = min(before)
    os.sched_setaffinity(0, {cpu})
    burning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield cpu
    finally:
        for one in burning:
            one.kill()
        for one in burning:
            one.wait()
        os.sched_setaffinity(0, before)
