"""A manifest: a `.txt`, `.csv` or `.parquet` file with the address of each document."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from actors.contracts import DocRef, document_id
from actors.errors import ConfigError
from actors.uris import join, open_filesystem, parse_uri, unescape_name
from pipelines.sources.config import SourceConfig
from pipelines.sources.tree import local_ref

Line = tuple[str, dict[str, str]]
"""An address as it is written, and the other columns."""


def manifest(source: SourceConfig) -> Iterator[DocRef]:
    """The documents in the manifest's order; an address that is there twice is one document.

    The key is the address as it is written; a relative one is relative to the manifest's folder. A
    document that does not exist is listed, and its row says `read.missing`.
    """
    content = _content(source)
    home = source.path.rpartition("/")[0] or ("/" if source.path.startswith("/") else ".")
    seen: set[str] = set()
    for address, meta in _lines(source, content):
        if address not in seen:
            seen.add(address)
            yield _ref(address, home, meta)


def _content(source: SourceConfig) -> bytes:
    filesystem, path = open_filesystem(source.path, source.storage_options)
    try:
        content: bytes = filesystem.cat_file(path)
    except OSError as error:
        raise ConfigError(
            f"The manifest {source.path} cannot be read.", error.strerror or str(error), "Check source.path."
        ) from error
    return content


def _lines(source: SourceConfig, content: bytes) -> Iterator[Line]:
    suffix = source.path.rpartition(".")[2].lower()
    if suffix == "parquet":
        yield from _parquet(source, content)
        return
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"The manifest {source.path} is not UTF-8.", str(error), "Save it as UTF-8.") from error
    if suffix == "csv":
        yield from _csv(source, text)
    else:
        yield from ((line, {}) for line in text.replace("\r\n", "\n").split("\n") if line.strip())


def _csv(source: SourceConfig, text: str) -> Iterator[Line]:
    reader = csv.DictReader(io.StringIO(text))
    _check_column(source, list(reader.fieldnames or ()))
    for row in reader:
        address = row.pop(source.column)
        meta = {str(name): str(value) for name, value in row.items() if name is not None and value is not None}
        if address:
            yield address, meta


def _parquet(source: SourceConfig, content: bytes) -> Iterator[Line]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(content))
    except pa.ArrowInvalid as error:
        raise ConfigError(f"The manifest {source.path} is no Parquet.", str(error), "Check source.path.") from error
    _check_column(source, file.schema_arrow.names)
    for batch in file.iter_batches():
        for row in batch.to_pylist():
            address = row.pop(source.column)
            if address:
                yield str(address), {name: str(value) for name, value in row.items() if value is not None}


def _check_column(source: SourceConfig, columns: list[str]) -> None:
    if source.column not in columns:
        raise ConfigError(
            f"The manifest {source.path} has no column {source.column!r}.",
            f"Its columns are {', '.join(columns) or 'none'}.",
            "Name the column of addresses with source.column.",
        )


def _ref(address: str, home: str, meta: dict[str, str]) -> DocRef:
    absolute = address if address.startswith("/") or "://" in address else join(home, address)
    parsed = parse_uri(absolute)
    if parsed.is_local:
        import os

        return local_ref(address, os.path.abspath(unescape_name(parsed.path)), meta)  # noqa: PTH100
    return DocRef(document_id(address), address, parsed.text, "unknown", None, meta)
