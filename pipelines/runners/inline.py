"""The runner without Ray: decoders and engines are child processes of this one, fed by its threads.

decode threads ──PageHandover──> engine threads ──queue──> receipts()
a Decoder each                   a ChildEngine each        stages files
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.contracts import DocRef, Receipt
from actors.errors import RayocrError
from actors.governor import Relief
from actors.journal import MemoryJournal
from actors.portions import Portion
from actors.recognise import recognise
from actors.rows import Recognised, rows_table
from pipelines.counts import Counts
from pipelines.job import Job
from pipelines.plan import Plan
from pipelines.progress import Progress
from pipelines.runners.handover import PageHandover
from pipelines.runners.silence import DeadMansClock, Heard, longest_silence, nothing_was_heard
from pipelines.stages import pages_to_do

if TYPE_CHECKING:
    import pyarrow as pa

_PICTURES_BYTES = 768 << 20
"""Most memory for pictures that wait between decoders and engines."""

_POLL_S = 0.2

_LAST_BATCH_S = 5.0
"""How long engines may go on with the pages they have when a run is asked to stop; then these are left."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """A thread is done; `error` is what ended it, None if its work did."""

    error: BaseException | None = None


class InlineRunner:
    """See Runner."""

    def receipts(self, refs: Sequence[DocRef], job: Job, plan: Plan, progress: Progress) -> Iterator[Receipt]:
        """See Runner."""
        from pipelines.stage import stage_rows
        from pipelines.store import open_store

        store = open_store(job.output, job.output_options)
        buffer = _RowBuffer(job, plan.count("rows_per_file"))
        work = _Work(refs, job, plan, progress)
        progress.when_stopped(_waits)
        try:
            for batch in work.recognised():
                buffer.add(batch)
                progress.advance(len(batch), sum(_failed(one) for one in batch))
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
        self._refs = iter(refs)
        self._refs_lock = threading.Lock()
        self._pages = PageHandover(2 * self._engines * plan.count("batch_pages"), _PICTURES_BYTES)
        self._decoders_left = plan.count("decode_tasks")
        self._abandoned = threading.Event()
        self.messages: queue.Queue[list[Recognised] | _Ended] = queue.Queue()
        self._closers: list[Callable[[], None]] = []
        self._at_work = 0
        self._at_work_lock = threading.Lock()
        self._stopped_at: float | None = None

    def recognised(self) -> Iterator[list[Recognised]]:
        """Start, and give what was recognised as it comes; an empty list now and then while nothing does.

        Ends early when the run is asked to stop. Raises what ended a thread, and IncompleteError if nothing
        gets done for too long.
        """
        self._start()
        clock, signs, limit_s = DeadMansClock(), 0, longest_silence(self._job, self._plan)
        running = self._engines + self._plan.count("decode_tasks")
        while running and not self._may_leave():
            counts = self._progress.counts
            heard = Heard((signs, counts.restarted, counts.replaced), ago_s=math.inf)
            if clock.hear(heard) > limit_s:
                raise nothing_was_heard(limit_s)
            try:
                message = self.messages.get(timeout=_POLL_S)
            except queue.Empty:
                yield []
                continue
            signs += 1
            if isinstance(message, _Ended):
                if message.error is not None:
                    raise message.error
                running -= 1
            else:
                yield message

    def _may_leave(self) -> bool:
        """Whether the run was asked to stop, and engines had their time to end what they are at."""
        if not self._progress.stop.is_set():
            return False
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()
        late = time.monotonic() - self._stopped_at > _LAST_BATCH_S
        return late or (not self._at_work and self.messages.empty())

    def _start(self) -> None:
        """Start all threads; each says once that it ended."""
        self._progress.phase("engines", "starting engines")
        for target, count in ((self._decode, self._decoders_left), (self._recognise, self._engines)):
            for number in range(count):
                name = f"{target.__name__.strip('_')}-{number}"
                threading.Thread(target=self._guarded, args=(target,), name=name, daemon=True).start()

    def abandon(self) -> None:
        """Wake every thread and end every child, whatever it is doing."""
        self._abandoned.set()
        self._pages.clear()
        for close in list(self._closers):
            close()

    def _guarded(self, target: Callable[[], None]) -> None:
        try:
            target()
            self.messages.put(_Ended())
        except BaseException as error:  # noqa: BLE001 - it is raised again in the driver's own thread
            self.messages.put(_Ended(error))

    def _decode(self) -> None:
        from actors.decoding.child import Decoder
        from actors.documents import read_and_decode

        try:
            with closing(Decoder(self._job.decode)) as decoder:
                self._closers.append(decoder.abort)
                while (ref := self._next_ref()) is not None:
                    pages = read_and_decode(ref, decoder, self._job.decode, self._job.access)
                    for number, page in enumerate(pages):
                        if number == 0:
                            self._progress.opened(pages_to_do(page, self._job.decode.selection))
                        if not self._pages.put(page):
                            return
        finally:
            with self._refs_lock:
                self._decoders_left -= 1
                if not self._decoders_left:
                    self._pages.close()

    def _next_ref(self) -> DocRef | None:
        if self._stopping():
            return None
        with self._refs_lock:
            return next(self._refs, None)

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
                    self.messages.put(recognised)

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


class _RowBuffer:
    """Rows until they make a file: by number, by size, or because the oldest has waited long enough."""

    def __init__(self, job: Job, rows_per_file: int) -> None:
        self._job = job
        self._rows_per_file = rows_per_file
        self._tables: list[pa.Table] = []
        self._since = time.monotonic()
        self.rows = 0

    def add(self, batch: list[Recognised]) -> None:
        """Keep what was recognised."""
        if not batch:
            return
        if not self._tables:
            self._since = time.monotonic()
        self._tables.append(rows_table(batch, self._job.stamp))
        self.rows += len(batch)

    @property
    def due(self) -> bool:
        """Whether it is time for a file."""
        waited = time.monotonic() - self._since >= self._job.flush_seconds
        large = sum(table.nbytes for table in self._tables) >= self._job.file_mb * 2**20
        return self.rows >= self._rows_per_file or (self.rows > 0 and (waited or large))

    def take(self) -> pa.Table:
        """All rows, and start anew."""
        import pyarrow as pa

        table = pa.concat_tables(self._tables)
        self._tables, self.rows = [], 0
        return table


def _failed(one: Recognised) -> bool:
    return one.page.decoded.fault is not None or one.result.fault is not None
