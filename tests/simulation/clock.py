"""A fake clock, and the events that move it: deterministic, whatever the machine does.

Drivers are ordinary code in threads, of which exactly one runs at a time: a thread goes on until it sleeps
or waits for the store, then the earliest event is next.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field


class DiedError(BaseException):
    """The process is gone: no `except Exception` of it sees this, and what it still calls has no effect."""


@dataclass(slots=True)
class Process:
    """A driver with its threads. `host`: processes of one host see each other die."""

    name: str
    host: str = "one"
    paused_until: float = 0.0
    dead: bool = False

    def check(self) -> None:
        """Raise DiedError in a process that is gone."""
        if self.dead:
            raise DiedError(self.name)


@dataclass(slots=True, eq=False)
class Task:
    """A thread of a process. `gate` is locked while it must wait."""

    process: Process
    gate: threading.Lock = field(default_factory=threading.Lock)


class Clock:
    """Seconds since the epoch, moved by events."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.errors: list[BaseException] = []
        self._events: list[tuple[float, int, Task | Callable[[], None]]] = []
        self._order = itertools.count()
        self._outside = Task(Process("outside"))
        self._outside.gate.acquire()
        self._running = self._outside

    def __call__(self) -> float:
        """The time."""
        return self.now

    @property
    def process(self) -> Process:
        """Whose code is running now."""
        return self._running.process

    def at(self, time: float, action: Task | Callable[[], None]) -> None:
        """Let something happen, or a thread go on, at a time."""
        heapq.heappush(self._events, (max(time, self.now), next(self._order), action))

    def sleep(self, seconds: float) -> None:
        """The running thread waits."""
        task = self._running
        task.process.check()
        self.at(self.now + seconds, task)
        self._give_way(task)
        task.process.check()

    def start(self, process: Process, work: Callable[[], None], after: float = 0.0) -> None:
        """Begin a thread of a process."""
        task = Task(process)
        task.gate.acquire()
        threading.Thread(target=self._run, args=(task, work), daemon=True).start()
        self.at(self.now + after, task)

    def run(self) -> None:
        """Until nothing is left to happen. Raises what a thread of a living process did not catch."""
        self._give_way(self._outside)
        if self.errors:
            raise self.errors[0]

    def _run(self, task: Task, work: Callable[[], None]) -> None:
        task.gate.acquire()
        try:
            task.process.check()
            work()
        except DiedError:
            pass
        except BaseException as error:  # noqa: BLE001 - the outside raises it again
            self.errors.append(error)
        self._give_way(None)

    def _give_way(self, task: Task | None) -> None:
        """Carry out events until a thread is due; let it run, and wait until `task` is due."""
        following = self._next_task()
        if following is task:
            return
        self._running = following
        following.gate.release()
        if task is not None:
            task.gate.acquire()

    def _next_task(self) -> Task:
        while self._events:
            time, _, what = heapq.heappop(self._events)
            if not isinstance(what, Task):
                self.now = time
                what()
            elif what.process.paused_until > time and not what.process.dead:
                self.at(what.process.paused_until, what)
            else:
                self.now = time
                self._running = what
                return what
        return self._outside
