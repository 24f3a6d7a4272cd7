"""What a person sees of a running job, and how they stop it."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from actors.claim import CardUse

_LOG_EVERY_S = 5.0


@dataclass(slots=True)
class Counts:
    """Pages of a run so far. `pages`: recognised, published or not; `total`: known pages, at least; for lack
    of memory, `shrunk`: how often batches were made smaller, `replaced`: engines that were started anew;
    `cards`: the most device memory that each engine took."""

    total: int = 0
    pages: int = 0
    failed: int = 0
    published: int = 0
    shrunk: int = 0
    replaced: int = 0
    cards: tuple[CardUse, ...] = ()
    started: float = field(default_factory=time.monotonic)

    @property
    def rate(self) -> float:
        """Pages a second since the start; 0 in the first second, which would tell nothing."""
        seconds = time.monotonic() - self.started
        return self.pages / seconds if seconds >= 1 else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Seconds left at the present rate, None while nothing is known."""
        if not self.rate:
            return None
        return max(0, self.total - self.pages) / self.rate


class Progress:
    """The one view of a running job: a live line on a terminal, a line every few seconds elsewhere.

    Safe to call from several threads. `stop` is set when the person, or the scheduler, wants an end.
    """

    def __init__(self, documents: int, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self.counts = Counts(total=documents)
        self.stop = threading.Event()
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._lock = threading.Lock()
        self._last_log = time.monotonic()
        self._begun: list[tuple[str, float]] = []
        self._flowing = False
        self._live: RichProgress | None = None
        self._task: TaskID | None = None
        if not quiet and self._stream.isatty():
            self._open_live_line()

    def phase(self, part: str, text: str) -> None:
        """Say what happens before pages flow ("starting engines"); its time counts as that part."""
        with self._lock:
            self._begun.append((part, time.monotonic()))
            if self._live is not None and self._task is not None:
                self._live.update(self._task, description=text)
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
        last = self.counts.started if self._flowing else time.monotonic()
        ends = [*(begun for _, begun in self._begun[1:]), last]
        return {part: end - begun for (part, begun), end in zip(self._begun, ends, strict=True)}

    def advance(self, pages: int, failed: int = 0, discovered: int = 0) -> None:
        """`pages` more were recognised, `failed` of them in vain; `discovered` more are known to exist."""
        with self._lock:
            self.counts.pages += pages
            self.counts.failed += failed
            self.counts.total += discovered
            self._show()

    def at_least(self, pages: int) -> None:
        """That many pages were recognised so far, as a count of somebody else's."""
        with self._lock:
            self.counts.pages = max(self.counts.pages, pages)
            self.counts.total = max(self.counts.total, pages)
            self._show()

    def relieved(self, shrunk: int = 0, replaced: int = 0) -> None:
        """For lack of memory, batches were made smaller so many times more, and engines replaced."""
        with self._lock:
            self.counts.shrunk += shrunk
            self.counts.replaced += replaced

    def cards(self, uses: tuple[CardUse, ...]) -> None:
        """The most device memory that each engine took so far."""
        with self._lock:
            self.counts.cards = uses

    def published(self, rows: int) -> None:
        """`rows` more are in the output for good."""
        with self._lock:
            self.counts.published += rows
            self._show()

    def close(self) -> None:
        """End the live line."""
        with self._lock:
            if self._live is not None:
                self._live.stop()
                self._live = None

    def line(self) -> str:
        """Progress as one line of text."""
        counts = self.counts
        left = counts.remaining_s
        eta = f", {_duration(left)} left" if left is not None else ""
        failed = f", {counts.failed} failed" if counts.failed else ""
        return f"{counts.pages}/{counts.total} pages, {counts.rate:.2f} pages/s{eta}{failed}"

    def _show(self) -> None:
        if self._live is not None and self._task is not None:
            self._live.update(
                self._task, description="recognising", total=self.counts.total, completed=self.counts.pages
            )
            left = self.counts.remaining_s
            self._live.update(
                self._task,
                rate=f"{self.counts.rate:.2f} pages/s",
                left=f"{_duration(left)} left" if left is not None else "",
                failed=self._failed(),
            )
        elif not self._quiet and time.monotonic() - self._last_log >= _LOG_EVERY_S:
            self._last_log = time.monotonic()
            self._print(self.line())

    def _failed(self) -> str:
        return f"[red]{self.counts.failed} failed" if self.counts.failed else ""

    def _print(self, text: str) -> None:
        self._stream.write(f"rayocr: {text}\n")
        self._stream.flush()

    def _open_live_line(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._live = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("pages"),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.fields[failed]}"),
            console=Console(file=self._stream),
            expand=True,
        )
        self._task = self._live.add_task("starting", total=self.counts.total, rate="", left="", failed="")
        self._live.start()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
