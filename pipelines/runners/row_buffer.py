"""Rows that the inline runner's driver keeps until they make a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from pipelines.job import Job
from pipelines.runners.outbox import RowBatch

if TYPE_CHECKING:
    import pyarrow as pa


class RowBuffer:
    """Rows until they make a file: by number, by size, or because the oldest has waited long enough."""

    def __init__(self, job: Job, rows_per_file: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._flush_s = job.flush_seconds
        self._max_bytes = job.file_mb * 2**20
        self._max_rows = rows_per_file
        self._clock = clock
        self._tables: list[pa.Table] = []
        self._bytes = 0
        self._since = clock()
        self.rows = 0

    def add(self, batch: RowBatch) -> None:
        """Keep a batch. What all of them take is summed up here: asking each again for every batch was most
        of the driver's time on small pages."""
        if not self._tables:
            self._since = self._clock()
        self._tables.append(batch.table)
        self._bytes += batch.size
        self.rows += batch.rows

    @property
    def due(self) -> bool:
        """Whether it is time for a file."""
        if not self.rows:
            return False
        waited_s = self._clock() - self._since
        return self.rows >= self._max_rows or self._bytes >= self._max_bytes or waited_s >= self._flush_s

    def take(self) -> pa.Table:
        """All rows, and start anew."""
        import pyarrow as pa

        table = pa.concat_tables(self._tables)
        self._tables, self._bytes, self.rows = [], 0, 0
        return table
