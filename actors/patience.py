"""Reads and writes one end of a pipe until a deadline, whatever the process at the other end does."""

from __future__ import annotations

import os
import select
import socket
import time
from contextlib import suppress

from actors.deadline import Deadline
from actors.process_errors import ChildTimeoutError


class Patience:
    """One deadline for all of a message, which a child that gives a byte now and then meets too.

    Its methods raise ChildTimeoutError.
    """

    def __init__(self, fd: int, end: Deadline, *, writes: bool = False) -> None:
        self._fd = fd
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT if writes else select.POLLIN)
        self._end = end
        self._look_at = time.monotonic() + end.pause_s
        self._overdue = False

    def fill(self, view: memoryview) -> None:
        """Read until the view is full. Raises EOFError where the pipe is closed."""
        while view:
            self._wait()
            count = os.readv(self._fd, [view])
            if count == 0:
                raise EOFError
            view = view[count:]

    def write(self, pipe: socket.socket, view: memoryview) -> None:
        """Write all of the view to this end as a socket, which can be asked not to wait."""
        while view:
            self._wait()
            with suppress(BlockingIOError):
                view = view[pipe.send(view, socket.MSG_DONTWAIT) :]

    def _wait(self) -> None:
        while not self._ready(self._look_at - time.monotonic()):
            if self._end.passed():
                # What came at the last moment is read on, for one look and no more.
                if self._overdue or not self._poll.poll(0):
                    raise ChildTimeoutError(f"gave no answer within {self._end}")
                self._overdue = True
            self._look_at = time.monotonic() + self._end.pause_s

    def _ready(self, left_s: float) -> bool:
        return left_s > 0 and bool(self._poll.poll(left_s * 1000))
