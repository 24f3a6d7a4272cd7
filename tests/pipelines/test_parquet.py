"""Parquet is read in the calling thread: another's file object at the end of a process would abort it."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.parquet import open_rows, read_rows_of


class Watched(io.BytesIO):
    """A Python file that keeps who read it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.readers: set[int] = set()

    def read(self, size: int | None = -1) -> bytes:
        self.readers.add(threading.get_ident())
        return super().read(size)


@pytest.fixture
def file() -> Watched:
    sink = io.BytesIO()
    table = pa.table({"number": list(range(5000)), "text": [str(one) for one in range(5000)]})
    pq.write_table(table, sink, row_group_size=1000)
    return Watched(sink.getvalue())


READERS: dict[str, Callable[[pq.ParquetFile], object]] = {
    "all": read_rows_of,
    "a column": lambda opened: read_rows_of(opened, ["text"]),
    "a row group": lambda opened: opened.read_row_group(2, use_threads=False),
    "batches": lambda opened: list(opened.iter_batches(700, use_threads=False)),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_no_other_thread_reads(file: Watched, read: Callable[[pq.ParquetFile], object]) -> None:
    read(open_rows(file))
    assert file.readers == {threading.get_ident()}


def test_the_rows_are_those_that_were_written(file: Watched) -> None:
    rows = read_rows_of(open_rows(file), ["number"])
    assert rows.column("number").to_pylist() == list(range(5000))
