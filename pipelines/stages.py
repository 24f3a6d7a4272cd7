"""The four stage functions on Arrow tables, as a runner's workers call them. No Ray in here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from actors.contracts import OcrEngine, Page, Receipt
from actors.errors import IncompleteError
from actors.gauge import Usage
from actors.governor import Governed, Governor, Relief
from actors.journal import Journal
from actors.portions import Portion
from actors.recognise import recognise
from actors.rows import Recognised, rows_table
from actors.selection import PageSelection
from actors.settings import DecodeConfig
from actors.transport import documents_from_table, pages_from_table, pages_to_table
from actors.watchdog import Watchdog
from pipelines.job import Job

if TYPE_CHECKING:
    import pyarrow as pa

    from actors.decoding.child import Decoder

_BLOCK_BYTES = 32 << 20
"""A table is handed on once it holds pictures of so many bytes; Ray gathers tables in blocks of up to 128 MiB
(DataContext.target_max_block_size)."""


def pages_to_do(first: Page, wanted: PageSelection) -> int:
    """How many of the wanted pages of a document are to be done, by the first of them."""
    count = first.decoded.page_count
    return max(1, len(set(wanted.indexes(count)).difference(first.ref.done_pages))) if count else 1


def read_and_decode_table(
    documents: pa.Table, job: Job, opened: Callable[[int], None] | None = None
) -> Iterator[pa.Table]:
    """Documents to tables of pages, in order; a table may hold pages of several documents. `opened` is told
    of each document how many pages are to be done, once that is known."""
    from actors.documents import read_and_decode

    decoder, wanted = warm_decoder(job.decode), job.decode.selection
    pages: list[Page] = []
    size = 0
    for ref in documents_from_table(documents):
        for number, page in enumerate(read_and_decode(ref, decoder, job.decode, job.access)):
            if number == 0 and opened is not None:
                opened(pages_to_do(page, wanted))
            pages.append(page)
            size += page.decoded.image.nbytes if page.decoded.image is not None else 0
            if size >= _BLOCK_BYTES:
                yield pages_to_table(pages)
                pages, size = [], 0
    if pages:
        yield pages_to_table(pages)


class Recogniser:
    """The pool's actor: owns an engine for as long as it lives, and turns tables of pages into rows.

    `portion`: how much the engine gets at once. Raises MemoryLimitError if it is above its limit already.
    """

    def __init__(self, job: Job, engine: OcrEngine, journal: Journal, portion: Portion) -> None:
        from actors.gauge import Gauge

        self._job = job
        self._engine = Governed(
            engine, Governor(engine, job.memory, Gauge(job.memory.card_share)), self._relieve
        )
        self._journal = journal
        self._watchdog = Watchdog(journal, job.page_timeout_s)
        self._portion = portion
        self._first = True
        self.outgrown: Relief | None = None
        self.fullest: Usage | None = None

    def __call__(self, pages: pa.Table) -> pa.Table:
        """Pages to rows, one a page, in order. Afterwards `outgrown` says if the process should end, and
        `fullest` when it took the most of its card."""
        recognised = [one for some in self._portions(pages) for one in self._recognise(some)]
        return rows_table(recognised, self._job.stamp)

    def _portions(self, table: pa.Table) -> Iterator[list[Page]]:
        """All at once; but the very first page alone, so that a person soon sees that pages get done."""
        pages = list(pages_from_table(table))
        if self._first and len(pages) > 1:
            yield pages[:1]
            pages = pages[1:]
        self._first = False
        yield pages

    def _recognise(self, pages: list[Page]) -> list[Recognised]:
        return recognise(pages, self._engine, self._journal, self._watchdog, self._portion)

    def close(self) -> None:
        """Give the engine back."""
        self._engine.close()

    def _relieve(self, relief: Relief) -> None:
        if relief.seen is not None and relief.seen.card_mb is not None:
            most = self.fullest.card_mb if self.fullest is not None else None
            if most is None or relief.seen.card_mb > most:
                self.fullest = relief.seen
        if relief.shrink:
            self._portion.halve()
        if relief.leave and self.outgrown is None:
            self.outgrown = relief


def stage_table(rows: pa.Table, job: Job) -> pa.Table:
    """Rows to a table with the receipt of the file that they were written to; or with why they were not,
    since of an error that a worker raises Ray hands on no more than its text."""
    import pyarrow as pa

    from pipelines.stage import stage_rows
    from pipelines.store import open_store

    told: dict[str, Any]
    try:
        told = asdict(stage_rows(rows, job, open_store(job.output, job.output_options)))
    except IncompleteError as error:
        told = {"error": (error.what, error.why, error.remedy)}
    return pa.table({"receipt": [json.dumps(told)]})


def receipts_from_table(table: pa.Table) -> Iterator[Receipt]:
    """The counterpart of `stage_table`, for the driver. Raises IncompleteError for a store that failed."""
    for text in table.column("receipt").to_pylist():
        told = json.loads(text)
        if "error" in told:
            raise IncompleteError(*told["error"])
        yield Receipt(**told)


@lru_cache(maxsize=1)
def warm_decoder(settings: DecodeConfig) -> Decoder:
    """One decoder a worker process, kept from task to task: its child starts once."""
    from actors.decoding.child import Decoder

    return Decoder(settings)
