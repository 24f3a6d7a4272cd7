"""Rows of the output's Parquet files: written with checksums and a seal, read in the calling thread alone,
of plain types only, and gathered in groups. Nothing else writes Parquet."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING

from pipelines.plain_types import refuse_announced_extensions, refuse_extensions
from pipelines.seal import SEAL_BYTES, SealError, check_footer, footer_start, sealed

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

GROUP_ROWS = 20_000
GROUP_BYTES = 64 << 20
"""Rows, or bytes of them in memory, at which a group of rows is full: about 100 MB of text and boxes before
compression."""

SEALED = b"sealed"
"""Key in a file's metadata which says that it has a seal, so that one whose seal is damaged is not taken for
a file of an older release."""

_TAIL_BYTES = 64 << 10
"""What is read of a file's end at once, as Arrow does: nearly every footer is shorter."""


def parquet_of(tables: Iterable[pa.Table], schema: pa.Schema) -> bytes:
    """One file with the rows of these tables, each a row group of its own, or several if it is large.

    Every page has a checksum, and the file a seal. Raises what Arrow raises.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = schema.with_metadata({**(schema.metadata or {}), SEALED: b"1"})
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema, compression="zstd", write_page_checksum=True) as writer:
        for table in tables:
            writer.write_table(table.cast(schema), row_group_size=max(1, min(table.num_rows, GROUP_ROWS)))
    return sealed(bytes(sink.getvalue()))


def open_rows(stream: IO[bytes] | pa.BufferReader) -> pq.ParquetFile:
    """A file of Parquet that is read in the calling thread, where every page is held against its checksum,
    and the footer against the seal. Raises what Arrow and the store raise, SealError, and ArrowInvalid for
    columns of Arrow extension types.

    Arrow's threads would call back into the store's Python file, and a process that ends while one of them
    still holds it is aborted (`terminate called without an active exception`), whatever it had to report.
    `pre_buffer`, on by default since Arrow 26, reads in such threads even where `use_threads` is off.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    tail, size = _tail(stream)
    has_seal = check_footer(tail, size)
    refuse_announced_extensions(tail[footer_start(tail, size) - (size - len(tail)) :])
    footer = pq.read_metadata(pa.BufferReader(tail))  # read once: a request of a far store takes 50 ms
    if not has_seal and SEALED in (footer.metadata or {}):
        raise SealError("its seal is not what was written")
    stream.seek(0)
    file = pq.ParquetFile(stream, metadata=footer, pre_buffer=False, page_checksum_verification=True)
    refuse_extensions(file.schema_arrow)
    return file


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


def _tail(stream: IO[bytes] | pa.BufferReader) -> tuple[bytes, int]:
    """The end of a file, its footer and seal in it, and the file's size in bytes."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - _TAIL_BYTES))
    tail = stream.read()
    start = max(0, footer_start(tail, size) - SEAL_BYTES)
    if start < size - len(tail):
        stream.seek(start)
        tail = stream.read()
    return tail, size
