"""The runner without Ray: decoders and engines are child processes of this one, fed by its threads.

decode threads ──PageHandover──> engine threads ──Outbox──> receipts()
a Decoder each    pictures       a ChildEngine each  rows   stages files
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

from actors.contracts import DocRef, Receipt
from actors.errors import RayocrError
from actors.governor import Relief
from actors.journal import MemoryJournal
from actors.portions import Portion
from actors.recognise import recognise
from actors.shortage import ShortageError
from pipelines.counts import Counts
from pipelines.job import Job
from pipelines.plan import Plan
from pipelines.progress import Progress
from pipelines.runners.decoders import DecodeThreads
from pipelines.runners.handover import PageHandover
from pipelines.runners.outbox import Ended, Outbox, RowBatch, row_batch
from pipelines.runners.row_buffer import RowBuffer
from pipelines.runners.silence import (
    DeadMansClock,
    Heard,
    longest_document_silence,
    longest_silence,
    nothing_was_heard,
)

_PICTURES_BYTES = 768 << 20
"""Most memory for pictures that wait between decoders and engines."""

_ROWS_BYTES = 64 << 20
"""Most memory for rows that wait for the driver, which may be at work with a file."""

_POLL_S = 0.2

_LAST_BATCH_S = 5.0
"""How long engines may go on with the pages they have when a run is asked to stop; then these are left."""


class InlineRunner:
    """See Runner."""

    def receipts(self, refs: Sequence[DocRef], job: Job, plan: Plan, progress: Progress) -> Iterator[Receipt]:
        """See Runner."""
        from pipelines.stage import stage_rows
        from pipelines.store import open_store

        store = open_store(job.output, job.output_options)
        buffer = RowBuffer(job, plan.count("rows_per_file"))
        work = _Work(refs, job, plan, progress)
        progress.when_stopped(_waits)
        try:
            for batch in work.recognised():
                if batch is not None:
                    buffer.add(batch)
                    progress.advance(batch.rows, batch.failed)
                if buffer.due:
                    yield stage_rows(buffer.take(), job, store)
            if buffer.rows:
                yield stage_rows(buffer.take(), job, store)
        except RayocrError:
            if buffer.rows:  # what was recognised before an engine gave up is not lost
                yield stage_rows(buffer.take(), job, store)
            raise
        finally:
            work.abandon()


class _Work:
    """The threads of one run, and what passes between them."""

    def __init__(self, refs: Sequence[DocRef], job: Job, plan: Plan, progress: Progress) -> None:
        self._job = job
        self._plan = plan
        self._progress = progress
        self._engines = plan.count("actors")
        self._engines_lock = threading.Lock()
        self._engines_left = self._engines
        self._pages = PageHandover(2 * self._engines * plan.count("batch_pages"), _PICTURES_BYTES)
        self._outbox = Outbox(_ROWS_BYTES)
        self._decoders = DecodeThreads(refs, job, self._pages, progress, self._decoder_failed)
        self._abandoned = threading.Event()
        self._closers: list[Callable[[], None]] = []
        self._at_work = 0
        self._at_work_lock = threading.Lock()
        self._stopped_at: float | None = None

    def recognised(self) -> Iterator[RowBatch | None]:
        """Start, and give what was recognised as it comes; None now and then while nothing does.

        Ends early when the run is asked to stop. Raises what ended a thread, and IncompleteError if nothing
        gets done for too long, or if documents were left since nothing came of them.
        """
        self._start()
        clock, signs, limit_s = DeadMansClock(), 0, longest_silence(self._job, self._plan)
        document_s = longest_document_silence(self._job)
        running = self._engines
        while running and not self._may_leave():
            counts = self._progress.counts
            heard = Heard((signs, counts.restarted, counts.replaced), ago_s=math.inf)
            if clock.hear(heard) > limit_s:
                raise nothing_was_heard(limit_s)
            self._decoders.leave_hung(document_s)
            message = self._outbox.take(_POLL_S)
            signs += message is not None
            if isinstance(message, Ended):
                if message.error is not None:
                    raise message.error
                running -= 1
            else:
                yield message
        if not running:
            self._decoders.check_left(document_s)

    def _may_leave(self) -> bool:
        """Whether the run was asked to stop, and engines had their time to end what they are at."""
        if not self._progress.stop.is_set():
            return False
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()
        late = time.monotonic() - self._stopped_at > _LAST_BATCH_S
        return late or (not self._at_work and self._outbox.empty)

    def _start(self) -> None:
        """Start all threads; each says once that it ended."""
        self._progress.phase("engines", "starting engines")
        self._decoders.start(self._plan.count("decode_tasks"))
        for number in range(self._engines):
            threading.Thread(target=self._guarded, name=f"recognise-{number}", daemon=True).start()

    def abandon(self) -> None:
        """Wake every thread and end every child, whatever it is doing."""
        self._abandoned.set()
        self._pages.clear()
        self._outbox.close()
        self._decoders.abandon()
        for close in list(self._closers):
            close()

    def _decoder_failed(self, error: BaseException) -> None:
        self._outbox.end(Ended(error))

    def _guarded(self) -> None:
        error: BaseException | None = None
        try:
            self._recognise()
        except BaseException as caught:  # noqa: BLE001 - it is raised again in the driver's own thread
            error = caught
        with self._engines_lock:
            self._engines_left -= 1
            others = self._engines_left > 0
        if others and isinstance(error, ShortageError) and not self._stopping():
            self._progress.say(f"an engine less: {error.what}")
            error = None
        self._outbox.end(Ended(error))

    def _stopping(self) -> bool:
        return self._abandoned.is_set() or self._progress.stop.is_set()

    def _recognise(self) -> None:
        from actors.engines.child import ChildEngine
        from actors.engines.fingerprint import check_fingerprint

        job, journal, portion = self._job, MemoryJournal(), Portion()

        def relieved(relief: Relief) -> None:
            if relief.shrink:
                portion.halve()
            self._progress.relieved(replaced=int(relief.leave))

        timeouts = (job.page_timeout_s, job.start_timeout_s)
        told = (relieved, self._progress.engine_replaced)
        with closing(
            ChildEngine(job.engine, job.models, job.threads, *timeouts, job.memory, *told)
        ) as engine:
            self._closers.append(engine.abort)
            check_fingerprint(engine.info, job.decode, job.layout, job.fingerprint)
            self._progress.started()
            most = 1  # the first page alone, so that a person soon sees that pages get done
            while pages := self._pages.take(most, self._engines):
                if self._stopping():
                    self._pages.clear()  # a decoder may wait for room that nobody will make
                    return
                most = self._plan.count("batch_pages")
                before = portion.halvings
                with self._working(len(pages)):
                    recognised = recognise(pages, engine, journal, portion=portion)
                    self._progress.relieved(shrunk=portion.halvings - before)
                    batch = row_batch(recognised, job.stamp)
                    del pages, recognised  # their pictures are not to wait with the rows
                    self._outbox.put(batch)

    @contextmanager
    def _working(self, pages: int) -> Iterator[None]:
        """So many pages are at an engine."""
        self._count_work(pages)
        try:
            yield
        finally:
            self._count_work(-pages)

    def _count_work(self, pages: int) -> None:
        with self._at_work_lock:
            self._at_work += pages
            self._progress.working(self._at_work)


def _waits(counts: Counts) -> str:
    """What a run waits for when it is asked to stop."""
    if not counts.at_work:
        return "what was recognised is published now"
    pages = "the page" if counts.at_work == 1 else f"the {counts.at_work} pages"
    return f"waits {_LAST_BATCH_S:g} s at most for {pages} at engines; what was recognised is then published"
