"""Rows of Parquet files: read in the calling thread alone, of plain types only, and gathered in groups."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_MAGIC = b"PAR1"
_TAIL = 8
"""Bytes at the end of a Parquet file: the length of the footer, little-endian, and the magic
(parquet.apache.org, "File Format")."""
_SCHEMA_KEY = b"ARROW:schema"
"""Key of the footer under which Arrow keeps its own schema, a message in base64 (Arrow C++,
"Parquet: Serialization details")."""
_HIDDEN_KEY = b"arrow:schema"
"""The same key as a name that Arrow does not know; of the same length, so that the footer stays valid."""
_EXTENSION_KEY = b"ARROW:extension:"
"""Start of the metadata keys by which a field says that it is of an extension type (Arrow Columnar Format,
"Extension Types")."""
_EXTENSION = "an Arrow extension type; only plain types are read"

GROUP_ROWS = 20_000
GROUP_BYTES = 64 << 20
"""Rows, or bytes of them in memory, at which a group of rows is full."""


def open_rows(stream: IO[bytes] | pa.BufferReader) -> pq.ParquetFile:
    """A file of Parquet that is read in the calling thread. Raises what Arrow and the store raise, and
    ArrowInvalid for columns of Arrow extension types.

    Arrow's threads would call back into the store's Python file, and a process that ends while one of them
    still holds it is aborted (`terminate called without an active exception`), whatever it had to report.
    `pre_buffer`, on by default since Arrow 26, reads in such threads even where `use_threads` is off.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    footer = _footer(stream)
    _refuse_announced(footer)
    metadata = pq.read_metadata(pa.BufferReader(_MAGIC + footer))
    stream.seek(0)
    file = pq.ParquetFile(stream, metadata=metadata, pre_buffer=False)
    for field in file.schema_arrow:
        if _has_extension(field.type):
            raise pa.ArrowInvalid(f"column {field.name!r} is of {_EXTENSION}")
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


def _footer(stream: IO[bytes] | pa.BufferReader) -> bytes:
    """The end of the file from its metadata on. Raises ArrowInvalid for what is no Parquet."""
    import pyarrow as pa

    size = stream.seek(0, os.SEEK_END)
    if size < len(_MAGIC) + _TAIL:
        raise pa.ArrowInvalid(f"it has {size} bytes, too few for a Parquet file")
    stream.seek(size - _TAIL)
    tail = stream.read(_TAIL)
    length = int.from_bytes(tail[:4], "little") + _TAIL
    if tail[4:] != _MAGIC or length + len(_MAGIC) > size:
        raise pa.ArrowInvalid("it does not end as a Parquet file does")
    stream.seek(size - length)
    return bytes(stream.read(length))


def _refuse_announced(footer: bytes) -> None:
    """Raise ArrowInvalid if the footer announces extension types.

    Arrow calls the code of a registered extension type as soon as it builds the schema, and the types that
    Ray registers unpickle. So the footer is first read with the schema's key hidden, and the message is
    searched as bytes: it holds its keys as they are.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if footer.count(_SCHEMA_KEY) > 1 or _HIDDEN_KEY in footer:  # Arrow takes the first, a dict the last
        raise pa.ArrowInvalid(f"its footer has {_SCHEMA_KEY.decode()} more than once")
    hidden = pq.read_metadata(pa.BufferReader(_MAGIC + footer.replace(_SCHEMA_KEY, _HIDDEN_KEY)))
    try:
        schema = base64.b64decode((hidden.metadata or {}).get(_HIDDEN_KEY, b""), validate=True)
    except binascii.Error as error:
        raise pa.ArrowInvalid(f"its footer's {_SCHEMA_KEY.decode()} is no base64") from error
    if _EXTENSION_KEY in schema or _EXTENSION_KEY in footer:
        raise pa.ArrowInvalid(f"a column is of {_EXTENSION}")


def _has_extension(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return True
    if isinstance(kind, pa.DictionaryType):
        return _has_extension(kind.value_type)
    return any(_has_extension(kind.field(index).type) for index in range(kind.num_fields))
