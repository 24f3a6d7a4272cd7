"""Rows of a Parquet file of the output, read in the calling thread alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


def read_rows_of(file: pq.ParquetFile, columns: Sequence[str] | None = None) -> pa.Table:
    """All rows, or some columns of them. Raises what Arrow and the store raise.

    Arrow's threads would call back into the store's Python file, and a process that ends while one of them
    still holds it is aborted (`terminate called without an active exception`), whatever it had to report.
    """
    return file.read(columns=None if columns is None else list(columns), use_threads=False)
