"""The dead-man's clock of a run: nothing was heard for longer than the slowest batch can take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from actors.decoding.start import START_TIMEOUT_S
from actors.errors import IncompleteError
from actors.scheduling import spare_share
from pipelines.job import Job
from pipelines.plan import Plan

_SILENT_S = 15.0
"""A worker that told nothing of itself for so long tells nothing: it is dead, or not begun yet."""

_LATE_S = 5.0
"""Most seconds between two looks that count: a driver that did not run meanwhile could hear nothing."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of the workers. `signs`: changes with everything that gets done; `lived_s`: seconds that
    the one that got most had for its work since the last of these; `ago_s`: since anyone told of that."""

    signs: tuple[int, ...]
    lived_s: float = 0.0
    ago_s: float = 0.0


class DeadMansClock:
    """Seconds that the workers had since the last sign of work.

    Workers tell what they had (see actors.pulse). Where none does, the driver's own clock counts, slowed down
    by the load of its machine: what is silent may be kept waiting there.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        spare: Callable[[], float] = spare_share,
    ) -> None:
        self._clock = clock
        self._spare = spare
        self._at = clock()
        self._signs: tuple[int, ...] = ()
        self._unheard_s = 0.0
        self._before_s = 0.0
        self._lived_s = 0.0

    def hear(self, heard: Heard | None) -> float:
        """Take in what is known now, None for nothing at all; returns the seconds of silence."""
        now = self._clock()
        passed_s, self._at = min(now - self._at, _LATE_S), now
        if heard is not None and heard.signs != self._signs:
            self._signs, self._unheard_s = heard.signs, 0.0
            self._before_s = self._lived_s = heard.lived_s
            return 0.0
        if heard is None or heard.ago_s > _SILENT_S:
            self._unheard_s += passed_s * self._spare()
        if heard is not None:
            self._before_s = min(self._before_s, heard.lived_s)
            self._lived_s = heard.lived_s
        return self._unheard_s + self._lived_s - self._before_s


def longest_silence(job: Job, plan: Plan) -> float:
    """Seconds in which the slowest batch, tried as often as it may be, and the start of an engine end."""
    return job.page_timeout_s * plan.count("batch_pages") * 3 + job.start_timeout_s


def longest_document_silence(job: Job) -> float:
    """Seconds in which something comes of a document whatever it is, so that a thread at it hangs: it is read
    (twice as long as it may, for attachments), a decoder is started, and a page tried thrice."""
    settings = job.decode
    return 2 * settings.read_timeout_s + 3 * settings.timeout_s + START_TIMEOUT_S


def nothing_was_heard(seconds: float) -> IncompleteError:
    """The error of a run in which nothing moves."""
    return IncompleteError(
        f"Nothing was heard of the run for {seconds:.0f} s.",
        "No page was recognised and no file was staged; a worker or a node hangs.",
        "Run the same command again: it goes on where it stopped. With Ray, its logs say more.",
    )
