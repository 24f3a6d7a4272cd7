"""What one engine takes to start, and for the pages of a sample: in its own process, as in the run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from actors.contracts import Page
from actors.engines.child import ChildEngine
from actors.errors import ConfigError
from actors.journal import MemoryJournal
from actors.notices import NOTICE_CODES
from actors.portions import Portion
from actors.recognise import recognise
from actors.rows import Recognised, rows_table
from pipelines.job import Job
from pipelines.names import Names, page_name
from pipelines.probe.measured import Recognition
from pipelines.probe.processes import cpu_seconds, peak_memory_mb
from pipelines.stage import parquet_bytes

if TYPE_CHECKING:
    import pyarrow as pa


_EXAMPLES = 3
"""Names of pages with a notice."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds: wall time, and CPU time of an engine's process."""

    wall_s: float
    cpu_s: float

    def beyond(self, other: Spent) -> Spent:
        """What is more than the other, at least 0."""
        return Spent(max(0.0, self.wall_s - other.wall_s), max(0.0, self.cpu_s - other.cpu_s))


@dataclass(slots=True)
class _Counts:
    """What was counted so far."""

    pages: int = 0
    engine: list[Spent] = field(default_factory=list)
    driver_s: float = 0.0
    memory_mb: int = 0
    tables: list[pa.Table] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notices: dict[str, list[str]] = field(default_factory=dict)


def start_engine(job: Job) -> tuple[ChildEngine, Spent]:
    """An engine that is ready. Raises what the engine's own constructor raises, if that is a RayocrError."""
    began = time.monotonic()
    timeouts = (job.page_timeout_s, job.start_timeout_s)
    engine = ChildEngine(job.engine, job.models, job.threads, *timeouts, job.memory)
    return engine, Spent(time.monotonic() - began, cpu_seconds(engine.pid))


def measure_engine(
    engine: ChildEngine, start: Spent, pages: Sequence[Page], job: Job, batch_pages: int
) -> Recognition:
    """Let the engine recognise the pages in batches, after it has read the first batch once.

    A batch on which its process was replaced is not counted. Raises ConfigError if nothing could be counted.
    """
    portion, warm_up, counts = Portion(), _Counts(), _Counts()
    _count(pages[:batch_pages], engine, portion, job, warm_up)
    for batch in batches(pages, batch_pages):
        _count(batch, engine, portion, job, counts)
    if not counts.pages:
        raise ConfigError(
            f"None of the {len(pages)} pages of the sample could be recognised.",
            counts.faults[0] if counts.faults else "The engine's process was replaced on each of them.",
            "rayocr show FILE reads one page, and says more.",
        )
    first = warm_up.engine[0].beyond(counts.engine[0]) if warm_up.engine else Spent(0.0, 0.0)
    return Recognition(
        pages=counts.pages,
        failed=len(counts.faults),
        warm_up=min(batch_pages, len(pages)),
        start_wall_s=start.wall_s,
        start_cpu_s=start.cpu_s,
        first_wall_s=first.wall_s,
        first_cpu_s=first.cpu_s,
        wall_s=sum(spent.wall_s for spent in counts.engine) / counts.pages,
        cpu_s=(sum(spent.cpu_s for spent in counts.engine) + counts.driver_s) / counts.pages,
        driver_s=counts.driver_s / counts.pages,
        row_bytes=_row_bytes(counts.tables),
        memory_mb=max(warm_up.memory_mb, counts.memory_mb),
        notices={
            code: Names.of(counts.notices[code], _EXAMPLES) for code in NOTICE_CODES if code in counts.notices
        },
    )


def batches(pages: Sequence[Page], size: int) -> Iterator[Sequence[Page]]:
    """The pages in order, so many at a time."""
    for begin in range(0, len(pages), size):
        yield pages[begin : begin + size]


def _count(batch: Sequence[Page], engine: ChildEngine, portion: Portion, job: Job, counts: _Counts) -> None:
    pid, cpu_s = engine.pid, cpu_seconds(engine.pid)
    wall, driver = time.monotonic(), time.thread_time()
    found = recognise(batch, engine, MemoryJournal(), portion=portion)
    rows = rows_table(found, job.stamp)
    driver, wall = time.thread_time() - driver, time.monotonic() - wall
    cpu_s = cpu_seconds(pid) - cpu_s
    faults = [_words(one) for one in found if one.result.fault is not None]
    counts.faults += faults
    for one in found:
        for code in {*one.page.decoded.notices, *one.result.notices}:
            name = page_name(one.page.ref.key, one.page.decoded.page_index)
            counts.notices.setdefault(code, []).append(name)
    counts.memory_mb = max(counts.memory_mb, peak_memory_mb(pid))
    if pid is None or engine.pid != pid or len(faults) == len(batch):
        return
    counts.pages += len(batch)
    counts.engine.append(Spent(wall, cpu_s))
    counts.driver_s += driver
    counts.tables.append(rows)


def _row_bytes(tables: Sequence[pa.Table]) -> float:
    """Bytes of a row in a file of many: a file's own are not counted."""
    import pyarrow as pa

    rows = pa.concat_tables(tables)
    empty = len(parquet_bytes(rows.slice(0, 0), ""))
    size = len(parquet_bytes(rows, ""))
    return (size - empty) / int(rows.num_rows)


def _words(one: Recognised) -> str:
    fault = one.result.fault
    return f"{one.page.ref.key}: {fault.message if fault else ''}"
