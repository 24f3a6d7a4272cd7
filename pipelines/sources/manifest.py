"""A manifest: a `.txt`, `.csv` or `.parquet` file with the address of each document."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.access import Access
from actors.contracts import DocRef, document_id
from actors.errors import ConfigError, PageError
from actors.read import read_remote
from actors.signatures import published, revealed, without_query, without_secrets
from actors.uris import absolute, escape_name, join, open_filesystem, parse_uri
from pipelines.parquet import open_rows
from pipelines.seal import SealError
from pipelines.sources.config import SourceConfig
from pipelines.sources.local import UNKNOWN, Named, local_refs
from pipelines.sources.reach import reaching

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 65_536
_MAX_BYTES = 1 << 30
"""Size of a manifest; of ten million addresses as text."""


@dataclass(frozen=True, slots=True)
class Line:
    """One document of a manifest: its address as written, the other columns, and its line or row."""

    address: str
    meta: dict[str, str]
    number: int


def manifest(source: SourceConfig) -> Iterator[DocRef]:
    """The documents in the manifest's order; an address that is there twice is one document.

    The key is the address as it is written, without secrets; a relative one is relative to the manifest's
    folder. A document that does not exist is listed, and its row says `read.missing`. Raises ConfigError,
    with the line, for what is no address.
    """
    with reaching(source):
        content = _content(source)
    yield from local_refs(_named(source, content))


def _content(source: SourceConfig) -> bytes:
    """All of a manifest. Raises ConfigError for one that is too large, and what reading raises."""
    parsed = parse_uri(source.path)
    if parsed.is_local:
        with Path(parsed.path).open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    else:
        filesystem, _ = open_filesystem(source.path, source.access().options_for(source.path))
        filesystem.invalidate_cache()
        content = read_remote(source.path, _MAX_BYTES, source.access())
    if len(content) > _MAX_BYTES:
        raise ConfigError(
            f"The manifest {escape_name(source.path)} is too large.",
            f"It has more than {_MAX_BYTES >> 30} GiB.",
            "Split it into several.",
        )
    return content


def _named(source: SourceConfig, content: bytes) -> Iterator[Named | DocRef]:
    """Each address once, before a disk is looked at."""
    home = _home(source)
    access = source.access()
    seen: set[str] = set()
    for line in _lines(source, content):
        try:
            one = _one(line, home, access)
        except ConfigError as error:
            raise ConfigError(
                f"Line {line.number} of the manifest {source.path}: {error.what}", error.why, error.remedy
            ) from error
        name = one.key if isinstance(one, Named) else one.document_id  # keys have no signatures
        if name not in seen:
            seen.add(name)
            yield one


def _home(source: SourceConfig) -> str:
    """What relative addresses are relative to: of a local manifest absolute, once and not for each line."""
    parsed = parse_uri(source.path)
    path = parsed.path if parsed.is_local else without_query(source.path)
    folder = path.rpartition("/")[0] or ("/" if path.startswith("/") else ".")
    return escape_name(absolute(folder)) if parsed.is_local else folder


def _one(line: Line, home: str, access: Access) -> Named | DocRef:
    parsed = parse_uri(line.address)
    key = parsed.text
    if parsed.is_local and not parsed.path.startswith("/"):
        parsed = parse_uri(join(home, line.address))
    if parsed.is_local and _may_be_looked_at(parsed.text, access):
        return Named(key, absolute(parsed.path), line.meta)
    return _remote(key, parsed.text, line.meta)


def _remote(key: str, address: str, meta: dict[str, str]) -> DocRef:
    """A document elsewhere. The same line signed again, or with another password, is the same document."""
    uri = published(address)
    secret = address if uri != address else None
    key = published(key, is_web=address.startswith(("http://", "https://")))
    return DocRef(document_id(revealed(key, secret)), key, uri, UNKNOWN, None, meta, address=secret)


def _may_be_looked_at(address: str, access: Access) -> bool:
    """Whether size and time of a file may be asked for; its row says why it is not read."""
    try:
        access.check(address)
    except PageError:
        return False
    return True


def _lines(source: SourceConfig, content: bytes) -> Iterator[Line]:
    suffix = without_query(source.path).rpartition(".")[2].lower()
    if suffix == "parquet":
        yield from _parquet(source, content)
        return
    if b"\0" in content[:4096]:
        raise ConfigError(
            f"The manifest {source.path} is no text.", "It holds zero bytes (UTF-16?).", "Save it as UTF-8."
        )
    yield from _csv(source, content) if suffix == "csv" else _text(content)


def _text(content: bytes) -> Iterator[Line]:
    """One address a line. Lines of other encodings are taken as a disk's names: bytes."""
    file = io.TextIOWrapper(io.BytesIO(content), "utf-8", "surrogateescape", newline="\n")
    for number, line in enumerate(file, start=1):
        address = line.removesuffix("\n").removesuffix("\r")
        address = address.removeprefix("\ufeff") if number == 1 else address
        if address.strip():
            yield Line(address, {}, number)


def _csv(source: SourceConfig, content: bytes) -> Iterator[Line]:
    file = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
    reader = csv.reader(file, strict=True)
    try:
        columns = next(reader, [])
        _check_column(source, columns)
        for cells in reader:
            if cells:
                row = dict(zip(columns, cells, strict=True))
                yield _line(source, row, reader.line_num)
    except (csv.Error, ValueError) as error:
        raise ConfigError(
            f"Line {reader.line_num} of the manifest {source.path} cannot be read.",
            f"{type(error).__name__}: {error}",
            "Save it as UTF-8, with as many cells in a line as columns, and names with commas in quotes.",
        ) from error


def _parquet(source: SourceConfig, content: bytes) -> Iterator[Line]:
    import pyarrow as pa

    try:
        file = open_rows(pa.BufferReader(content))
        _check_column(source, file.schema_arrow.names)
        kind = file.schema_arrow.field(source.column).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise ConfigError(
                f"Column {source.column!r} of the manifest {source.path} holds no text.",
                f"It is {kind}.",
                "Name the column of addresses with source.column.",
            )
        number = 0
        for batch in file.iter_batches(_BATCH_ROWS, use_threads=False):
            for row in _rows(source, batch, number + 1):
                number += 1
                yield _line(source, row, number)
    except (pa.ArrowException, SealError, ValueError, KeyError, OSError) as error:  # names that are no UTF-8
        raise ConfigError(
            f"The manifest {source.path} is no Parquet, or damaged.",
            str(error),
            "Write it again, with columns of plain types.",
        ) from error


def _rows(source: SourceConfig, batch: pa.RecordBatch, first: int) -> list[dict[str, Any]]:
    """The rows of a batch as Python's own values. Raises ConfigError with the first row that has none: Arrow
    checks neither UTF-8 nor ranges of times and time zones before that."""
    try:
        rows: list[dict[str, Any]] = batch.to_pylist()
        return rows
    except Exception as error:
        if batch.num_rows > 1:  # halves find the row; the first half that is bad raises
            half = batch.num_rows // 2
            _rows(source, batch.slice(0, half), first)
            _rows(source, batch.slice(half), first + half)
        raise ConfigError(
            f"Line {first} of the manifest {source.path} cannot be read.",
            f"{type(error).__name__}: {error}",
            "Write it again, with text as UTF-8 and columns of plain types.",
        ) from error


def _line(source: SourceConfig, row: dict[str, Any], number: int) -> Line:
    address = row.pop(source.column)
    if not address:
        raise ConfigError(
            f"Line {number} of the manifest {source.path} has no address.",
            f"Its column {source.column!r} is empty.",
            "Fill it in, or remove the line.",
        )
    meta = {name: without_secrets(str(value)) for name, value in row.items() if value is not None}
    return Line(address, meta, number)


def _check_column(source: SourceConfig, columns: list[str]) -> None:
    if columns.count(source.column) != 1:
        raise ConfigError(
            f"The manifest {source.path} has no column {source.column!r}, or has it twice.",
            f"Its columns are {', '.join(columns) or 'none'}.",
            "Name the column of addresses with source.column.",
        )
