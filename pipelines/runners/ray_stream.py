"""What Ray Data delivers to the driver, watched: receipts, progress, and a clock for what hangs."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from actors.contracts import Receipt
from actors.errors import ERROR_CODES, IncompleteError, RayocrError
from actors.governor import MOST_IN_VAIN, too_large_for_any_batch
from actors.journal import SoFar
from pipelines.job import Job
from pipelines.plan import Plan
from pipelines.progress import Progress
from pipelines.runners.silence import DeadMansClock, Heard, longest_silence, nothing_was_heard
from pipelines.stages import receipts_from_table

if TYPE_CHECKING:
    import pyarrow as pa

_POLL_S = 0.5

_ANSWER_S = 5.0
"""How long the journal may take to answer; on a busy machine the next look asks again."""

_STARTS = 3
"""How often each engine may be begun before the first is ready: Ray restarts a dead actor for ever."""


class Stream:
    """Receipts as Ray delivers them, while somebody watches the clock and the stop button."""

    def __init__(self, staged: Any, journal: Any, job: Job, plan: Plan, progress: Progress) -> None:
        self._staged = staged
        self._journal = journal
        self._job = job
        self._progress = progress
        self._messages: queue.Queue[pa.Table | BaseException | None] = queue.Queue()
        self._silence_s = longest_silence(job, plan)
        self._silence, self._starting = DeadMansClock(), DeadMansClock()
        self._engines = plan.count("actors")
        self._most_in_vain = plan.count("actors") * MOST_IN_VAIN
        self._receipts = 0
        self._begun = 0
        self._relief = (0, 0)

    def __iter__(self) -> Iterator[Receipt]:
        import ray

        threading.Thread(target=self._consume, name="ray-data", daemon=True).start()
        while not self._progress.stop.is_set() or not self._messages.empty():
            try:
                message = self._messages.get(timeout=_POLL_S)
            except queue.Empty:
                try:
                    self._watch()
                except ray.exceptions.RayError as error:
                    raise self._explain(error) from error
                continue
            if message is None:
                if (so_far := self._so_far()) is not None:
                    self._watch_memory(so_far)
                return
            if isinstance(message, BaseException):
                raise self._explain(message) from message
            self._receipts += 1
            for receipt in receipts_from_table(message):
                self._progress.at_least(self._progress.counts.published + receipt.rows)
                self._progress.advance(0, failed=receipt.failed)
                yield receipt

    def _consume(self) -> None:
        try:
            batches = self._staged.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0)
            for batch in batches:
                self._messages.put(batch)
            self._messages.put(None)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the driver's own thread
            self._messages.put(error)

    def _watch(self) -> None:
        """Show what the journal counts, and end a run of which nothing was heard for too long."""
        so_far = self._so_far()
        heard = None
        if so_far is not None:
            self._show(so_far)
            self._watch_memory(so_far)
            signs = (self._receipts, so_far.struck, int(so_far.ready))
            heard = Heard(signs, so_far.lived_s, so_far.lived_ago_s)
            self._watch_starts(so_far)
        if self._silence.hear(heard) > self._silence_s:
            raise nothing_was_heard(self._silence_s)

    def _show(self, so_far: SoFar) -> None:
        if so_far.working_s:
            self._progress.started(ago_s=so_far.working_s)
        self._progress.known(so_far.opened, so_far.pages)
        self._progress.working(so_far.at_work)
        if so_far.struck:
            self._progress.at_least(so_far.struck)
        replaced = so_far.begun - self._engines - so_far.replaced
        if so_far.ready and replaced > self._begun:
            how = so_far.last_end or "its process ended"
            self._progress.engine_replaced(how, replaced - self._begun)
            self._begun = replaced

    def _explain(self, error: BaseException) -> RayocrError:
        """In the engine's own words if it could not be built, else in ours."""
        import ray

        try:
            refusal: RayocrError | None = ray.get(self._journal.refusal.remote(), timeout=10)
        except (ray.exceptions.RayError, TimeoutError):
            refusal = None
        return refusal or explain(error)

    def _watch_starts(self, so_far: SoFar) -> None:
        """End a run whose engines die while they are built, or of which none is ever ready. One that hangs
        beside others that work is waited for: they do its share."""
        if so_far.starts > self._engines * _STARTS:
            raise IncompleteError(
                "No engine can be started.",
                f"Their processes died {self._engines * _STARTS} times while they built it.",
                "Check memory and the runtime; --runner inline shows what they print last.",
            )
        if so_far.ready:
            return
        if self._starting.hear(Heard((), so_far.lived_s, so_far.lived_ago_s)) > self._job.start_timeout_s:
            late = IncompleteError(
                f"No engine was ready within {self._job.start_timeout_s:g} s.",
                f"Starts of an engine so far: {so_far.starts}; it takes long, hangs, or its process dies.",
                "Give them longer (resources.actor_start_timeout_s), or see why with --runner inline.",
            )
            raise self._explain(late)

    def _so_far(self) -> SoFar | None:
        """What the journal knows; None if it is kept from answering. Raises RayError if it is gone."""
        import ray

        try:
            told: SoFar = ray.get(self._journal.so_far.remote(), timeout=_ANSWER_S)
        except ray.exceptions.GetTimeoutError:
            return None
        return told

    def _watch_memory(self, so_far: SoFar) -> None:
        """Count what was done for lack of memory, and end a run whose engines never have enough."""
        shrunk, replaced = self._relief
        self._progress.relieved(so_far.shrunk - shrunk, so_far.replaced - replaced)
        self._relief = (so_far.shrunk, so_far.replaced)
        if self._job.memory.card_share:
            self._progress.cards(so_far.cards)
        if so_far.in_vain >= self._most_in_vain:
            raise too_large_for_any_batch(self._job.memory.most_mb)


def explain(error: BaseException) -> RayocrError:
    """Ray's error in our words: a worker's own cause if there is one, no traceback."""
    import ray

    cause: BaseException | None = error
    while cause is not None:
        # Ray makes a class of its own error and the worker's, which no other process can unpickle
        if isinstance(cause, RayocrError) and not isinstance(cause, ray.exceptions.RayError):
            return cause
        inner = getattr(cause, "cause", None)
        cause = inner if isinstance(inner, BaseException) else cause.__cause__
    text = str(error).strip()
    lines = [line for line in text.splitlines() if line.strip()]
    return IncompleteError(
        f"Ray ended the run: {type(error).__name__}.",
        lines[-1].strip() if lines else ERROR_CODES["ocr.crashed"].meaning,
        "Run the same command again: it goes on where it stopped. Ray's logs say more.",
    )
