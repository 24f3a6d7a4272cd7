"""What a person sees of a running job, and how they stop it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from actors.inert import inert
from actors.signatures import without_secrets
from pipelines.counts import Counts, duration

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from actors.claim import CardUse

_LOG_EVERY_S = 5.0

_LOG_AT_LEAST_S = 30.0
"""Where there is no live line, one comes after so long although no page was done."""

_TICK_S = 1.0

Waits = Callable[[Counts], str]
"""Says what a runner that is asked to stop waits for, and how long at most."""


class Progress:
    """The one view of a running job: a live line on a terminal, a line every few seconds elsewhere.

    Safe to call from several threads. `stop` is set when the person, or the scheduler, wants an end.
    """

    def __init__(self, documents: int, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self.counts = Counts(documents)
        self.stop = threading.Event()
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._lock = threading.RLock()
        self._last_log = float("-inf")
        self._logged = 0
        self._begun: list[tuple[str, float]] = []
        self._flowing = False
        self._waits: Waits = lambda _counts: "waits for what is in hand"
        self._closed = threading.Event()
        self._live: RichProgress | None = None
        self._task: TaskID | None = None
        if quiet:
            return
        if self._stream.isatty():
            self._open_live_line()
        threading.Thread(target=self._tick, name="progress", daemon=True).start()

    def phase(self, part: str, text: str) -> None:
        """Say what happens before pages flow ("starting engines"); its time counts as that part."""
        with self._lock:
            self._begun.append((part, time.monotonic()))
            if self._live is not None and self._task is not None:
                self._live.update(self._task, description=inert(without_secrets(text)).replace("[", "\\["))
            elif not self._quiet:
                self._print(text)

    def started(self, ago_s: float = 0.0) -> None:
        """Pages flow, since `ago_s` seconds: rate and remaining time count from there. Said once."""
        with self._lock:
            if not self._flowing:
                self._flowing = True
                self.counts.started = time.monotonic() - ago_s

    def startup(self) -> dict[str, float]:
        """Seconds of each phase before pages flowed, or until now."""
        if not self._begun:  # it ended before anything was begun
            return {}
        last = self.counts.started if self._flowing else time.monotonic()
        ends = [*(begun for _, begun in self._begun[1:]), last]
        return {part: end - begun for (part, begun), end in zip(self._begun, ends, strict=True)}

    def opened(self, pages: int) -> None:
        """One more document was opened; so many pages of it are to be done."""
        with self._lock:
            self.known(self.counts.opened + 1, self.counts.pages_of_opened + pages)

    def known(self, documents: int, pages: int) -> None:
        """So many documents were opened so far, which have so many pages to be done."""
        with self._lock:
            self.counts.opened = max(self.counts.opened, documents)
            self.counts.pages_of_opened = max(self.counts.pages_of_opened, pages)
            self._show()

    def advance(self, pages: int, failed: int = 0) -> None:
        """`pages` more were recognised, `failed` of them in vain."""
        with self._lock:
            self.counts.pages += pages
            self.counts.failed += failed
            self._show()

    def at_least(self, pages: int) -> None:
        """That many pages were recognised so far, as a count of somebody else's."""
        with self._lock:
            self.counts.pages = max(self.counts.pages, pages)
            self._show()

    def working(self, pages: int) -> None:
        """So many pages are at engines now."""
        with self._lock:
            self.counts.at_work = pages

    def relieved(self, shrunk: int = 0, replaced: int = 0) -> None:
        """For lack of memory, batches were made smaller so many times more, and engines replaced."""
        with self._lock:
            self.counts.shrunk += shrunk
            self.counts.replaced += replaced
            if replaced:
                self._tell_of_replaced("outgrew its memory", replaced)

    def engine_replaced(self, why: str, times: int = 1) -> None:
        """An engine's process ended, as `why` says ("was killed by SIGSEGV"), and a fresh one takes over."""
        if self.stop.is_set():
            return  # whoever ends the run may end engines, too, and none takes over
        with self._lock:
            self.counts.restarted += times
            self._tell_of_replaced(why, times)

    def cards(self, uses: tuple[CardUse, ...]) -> None:
        """The most device memory that each engine took so far."""
        with self._lock:
            self.counts.cards = uses

    def published(self, rows: int) -> None:
        """`rows` more are in the output for good."""
        with self._lock:
            self.counts.published += rows
            self._show()

    def say(self, text: str) -> None:
        """One line that stays."""
        with self._lock:
            self._say(text)

    def when_stopped(self, waits: Waits) -> None:
        """What the runner will wait for, should it be asked to stop."""
        with self._lock:
            self._waits = waits

    def stopping(self) -> None:
        """Answer whoever asked for the end, at once."""
        with self._lock:
            if self._live is not None and self._task is not None:
                self._live.update(self._task, description="stopping")
            self._say(f"stopping: {self._waits(self.counts)}. Ctrl-C again ends at once.")

    def close(self) -> None:
        """End the live line. Never raises: it is called while something else may have failed."""
        self._closed.set()
        with self._lock:
            if self._live is not None:
                with suppress(OSError, ValueError):  # the terminal is gone
                    self._live.stop()
                self._live = None

    def line(self) -> str:
        """Progress as one line of text."""
        counts = self.counts
        parts = [counts.done_of, f"{counts.rate:.2f} pages/s", self._left(), self._troubles()]
        return ", ".join(part for part in parts if part)

    def _tick(self) -> None:
        """Show what was done although nothing new is: rates change, and a line may be due."""
        while not self._closed.wait(_TICK_S):
            with self._lock:
                self._show()

    def _show(self) -> None:
        counts = self.counts
        if self._live is not None and self._task is not None:
            if counts.pages and not self.stop.is_set():
                self._live.update(self._task, description="recognising")
            self._live.update(
                self._task,
                total=counts.total,
                completed=counts.pages,
                pages=counts.done_of,
                rate=f"{counts.rate:.2f} pages/s" if counts.pages else "",
                left=self._left(),
                troubles=f"[red]{self._troubles()}",
            )
        elif not self._quiet and self._line_is_due():
            self._last_log, self._logged = time.monotonic(), counts.pages
            self._print(self.line())

    def _line_is_due(self) -> bool:
        silent_s = time.monotonic() - max(self._last_log, self.counts.started)
        if self.counts.pages == self._logged:
            return self._flowing and silent_s >= _LOG_AT_LEAST_S
        return time.monotonic() - self._last_log >= _LOG_EVERY_S

    def _left(self) -> str:
        left = self.counts.remaining_s
        return f"{duration(left)} left" if left is not None else ""

    def _troubles(self) -> str:
        counts = self.counts
        replaced = counts.replaced + counts.restarted
        engines = "engine" if replaced == 1 else "engines"
        told = (
            f"{counts.failed} failed" if counts.failed else "",
            f"{replaced} {engines} replaced" if replaced else "",
        )
        return ", ".join(part for part in told if part)

    def _tell_of_replaced(self, why: str, times: int) -> None:
        many = f"{times} engines were replaced: the last one" if times > 1 else "an engine was replaced: it"
        self._say(f"{many} {why}")
        self._show()

    def _say(self, text: str) -> None:
        """One line that stays, above the live one."""
        if self._live is not None:
            self._live.console.print(
                f"rayocr: {inert(without_secrets(text))}", markup=False, highlight=False, soft_wrap=True
            )
        elif not self._quiet:
            self._print(text)

    def _print(self, text: str) -> None:
        self._stream.write(f"rayocr: {inert(without_secrets(text))}\n")
        self._stream.flush()

    def _open_live_line(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._live = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            *(TextColumn(f"{{task.fields[{name}]}}") for name in ("pages", "rate", "left", "troubles")),
            console=Console(file=self._stream),
            expand=True,
        )
        total = self.counts.total
        self._task = self._live.add_task("starting", total=total, pages="", rate="", left="", troubles="")
        self._live.start()
