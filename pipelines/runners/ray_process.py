"""Ray's driver in a process of its own, for a Ray of our own on this machine.

Ray ends the process of a driver whose raylet died, at once and without a word, and takes over its SIGTERM.
What holds the lock, publishes and answers for the run must live on, so it is not that process.

run ──documents, stop──> the driver's process ──receipts, progress, error──> run
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from actors.claim import CardUse
from actors.contracts import DocRef, Receipt
from actors.errors import IncompleteError, RayocrError
from actors.process import (
    ChildDiedError,
    ChildProcess,
    ChildTimeoutError,
    receive_object,
    send_object,
)
from pipelines.counts import Counts
from pipelines.job import Job
from pipelines.plan import Plan
from pipelines.progress import Progress
from pipelines.runners.silence import DeadMansClock, Heard, longest_silence, nothing_was_heard

_POLL_S = 0.2

_LEAVING_S = 15.0
"""How long Ray may take to end its processes, before the driver's is killed and theirs with it."""

_STOPPING_S = 8.0
"""The same once the run was asked to stop: somebody waits."""

_STARTING_S = 600.0
"""On top of the longest silence of a Ray that works: its own start, twice on a busy machine."""

_DOCUMENTS_AT_ONCE = 10_000
"""Documents in one message, so that a long listing is never there twice in one process."""

_TRACEBACK = "Traceback (most recent call last)"


@dataclass(frozen=True, slots=True)
class _Said:
    """A call of a method of Progress."""

    method: str
    arguments: tuple[Any, ...]


class RayProcessRunner:
    """See Runner."""

    def receipts(self, refs: Sequence[DocRef], job: Job, plan: Plan, progress: Progress) -> Iterator[Receipt]:
        """See Runner."""
        from pipelines.runners.ray import own_environment

        progress.when_stopped(_waits)
        environment = own_environment(plan)
        child = ChildProcess("pipelines.runners.ray_process:serve", (job, plan), environment, own_group=True)
        try:
            for start in range(0, len(refs), _DOCUMENTS_AT_ONCE):
                child.send(list(refs[start : start + _DOCUMENTS_AT_ONCE]))
            child.send(None)
            yield from _receipts(child, progress, longest_silence(job, plan) + _STARTING_S)
        except ChildDiedError as error:
            raise _gone(error) from error
        finally:
            child.close(0.5 if progress.stop.is_set() else _LEAVING_S)


def _waits(counts: Counts) -> str:
    """What a run waits for when it is asked to stop."""
    left = f" (the {counts.at_work} pages at engines are left)" if counts.at_work else ""
    return f"Ray ends its processes{left}, {_STOPPING_S:g} s at most; files that were written are published"


def _receipts(child: ChildProcess, progress: Progress, silence_s: float) -> Iterator[Receipt]:
    """What the child has to say, until it is done, or was asked to stop and does not.

    It has a clock of its own once Ray works. This one is for a child that hangs: nothing came of it for
    `silence_s` seconds. Raises IncompleteError then.
    """
    leave_at, clock, heard = float("inf"), DeadMansClock(), 0
    while time.monotonic() < leave_at:
        if clock.hear(Heard((heard,), ago_s=math.inf)) > silence_s:
            raise nothing_was_heard(silence_s)
        if progress.stop.is_set() and leave_at == float("inf"):
            child.send(None)
            leave_at = time.monotonic() + _STOPPING_S
        try:
            message = child.receive(_POLL_S)
        except ChildTimeoutError:
            continue
        heard += 1
        if isinstance(message, _Said):
            getattr(progress, message.method)(*message.arguments)
        elif isinstance(message, RayocrError):
            raise message
        elif message is None:
            return
        else:
            yield message


def _gone(error: ChildDiedError) -> IncompleteError:
    """The driver's process died: by Ray's hand, by somebody else's, or of an error that nobody foresaw."""
    words = "Ray ends its driver so when the raylet died: killed, or by the kernel for lack of memory."
    if _TRACEBACK in error.stderr_tail:
        words = error.stderr_tail.splitlines()[-1]
    return IncompleteError(
        f"Ray's driver {error}.",
        words,
        "Run the same command again: it goes on where it stopped. --runner inline needs no Ray.",
    )


def serve(conn: Connection, job: Job, plan: Plan) -> None:
    """The child's part: drive Ray, and hand on what comes of it."""
    from pipelines.runners.ray import RayRunner

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _left_to_the_parent)
    refs: list[DocRef] = []
    while (some := receive_object(conn)) is not None:
        refs += some
    progress = _Relay(conn)
    threading.Thread(target=_stop_when_asked, args=(conn, progress.stop), daemon=True).start()
    try:
        for receipt in RayRunner().receipts(refs, job, plan, progress):
            send_object(conn, receipt)
            progress.published(receipt.rows)
    except RayocrError as error:
        send_object(conn, error)
    else:
        send_object(conn, None)


def _left_to_the_parent(_number: int, _frame: object) -> None:
    """A signal to the whole group: the parent decides, and says so over the pipe."""


def _stop_when_asked(conn: Connection, stop: threading.Event) -> None:
    """The parent sends one message, or is gone."""
    with suppress(EOFError, OSError):
        receive_object(conn)
    stop.set()


class _Relay(Progress):
    """Hands on to the parent's Progress what the runner says; keeps only what was published."""

    def __init__(self, conn: Connection) -> None:
        super().__init__(0, quiet=True)
        self._conn = conn
        self._last: dict[str, tuple[Any, ...]] = {}

    def _hand_on(self, method: str, *arguments: Any) -> None:
        send_object(self._conn, _Said(method, arguments))

    def _say_if_new(self, method: str, *arguments: Any) -> None:
        if self._last.get(method) != arguments:
            self._last[method] = arguments
            self._hand_on(method, *arguments)

    def phase(self, part: str, text: str) -> None:
        """See Progress."""
        self._hand_on("phase", part, text)

    def started(self, ago_s: float = 0.0) -> None:
        """See Progress."""
        self._hand_on("started", ago_s)

    def advance(self, pages: int, failed: int = 0) -> None:
        """See Progress."""
        self._hand_on("advance", pages, failed)

    def known(self, documents: int, pages: int) -> None:
        """See Progress."""
        self._say_if_new("known", documents, pages)

    def working(self, pages: int) -> None:
        """See Progress."""
        self._say_if_new("working", pages)

    def engine_replaced(self, why: str, times: int = 1) -> None:
        """See Progress."""
        self._hand_on("engine_replaced", why, times)

    def at_least(self, pages: int) -> None:
        """See Progress."""
        self._hand_on("at_least", pages)

    def relieved(self, shrunk: int = 0, replaced: int = 0) -> None:
        """See Progress."""
        self._hand_on("relieved", shrunk, replaced)

    def cards(self, uses: tuple[CardUse, ...]) -> None:
        """See Progress."""
        self._hand_on("cards", uses)
