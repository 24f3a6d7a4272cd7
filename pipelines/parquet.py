"""Rows of the output's Parquet files: read in the calling thread alone, and gathered in groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

GROUP_ROWS = 20_000
GROUP_BYTES = 64 << 20
"""Rows, or bytes of them in memory, at which a group of rows is full."""


def open_rows(stream: IO[bytes] | pa.BufferReader) -> pq.ParquetFile:
    """A file of Parquet that is read in the calling thread. Raises what Arrow and the store raise.

    Arrow's threads would call back into the store's Python file, and a process that ends while one of them
    still holds it is aborted (`terminate called without an active exception`), whatever it had to report.
    `pre_buffer`, on by default since Arrow 26, reads in such threads even where `use_threads` is off.
    """
    import pyarrow.parquet as pq

    return pq.ParquetFile(stream, pre_buffer=False)


def read_rows_of(file: pq.ParquetFile, columns: Sequence[str] | None = None) -> pa.Table:
    """All rows, or some columns of them, of what open_rows gave. Raises what Arrow and the store raise."""
    return file.read(columns=None if columns is None else list(columns), use_threads=False)


def in_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Small tables together, until they are worth a row group. Empty ones are left out."""
    import pyarrow as pa

    kept: list[pa.Table] = []
    rows = size = 0
    for table in tables:
        if not table.num_rows:
            continue
        kept.append(table)
        rows, size = rows + table.num_rows, size + table.nbytes
        if rows >= GROUP_ROWS or size >= GROUP_BYTES:
            yield pa.concat_tables(kept)
            kept, rows, size = [], 0, 0
    if kept:
        yield pa.concat_tables(kept)
