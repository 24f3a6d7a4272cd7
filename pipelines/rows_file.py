"""A file of `pages/` for whoever reads its rows: damage, and rows of a newer release, are refused by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from actors.errors import ConfigError, IncompleteError
from actors.schema import SCHEMA_VERSION
from pipelines.parquet import open_rows, read_rows_of
from pipelines.seal import SealError, check_whole

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from pipelines.store import Store

VERSION = b"schema_version"


class DamagedError(ConfigError):
    """A file of rows is damaged, or no file of rayocr: nothing of it is used."""


class NewerError(ConfigError):
    """A file of rows was written by a newer rayocr."""


@contextmanager
def opened(store: Store, path: str) -> Iterator[pq.ParquetFile]:
    """A file of rows, for some columns of it: their pages and the footer are checked.

    Raises DamagedError if it is damaged, as soon as that is seen; NewerError; FileNotFoundError.
    """
    with damage_named(store, path), store.open(path) as stream:
        file = open_rows(stream)
        version_of(file.schema_arrow.metadata or {}, store.location(path))
        yield file


@contextmanager
def opened_whole(store: Store, path: str) -> Iterator[pq.ParquetFile]:
    """A file of rows that is to be written again: every byte of it is checked before a row is looked at, so
    that no damage becomes part of a new file. Holds the file in memory. Raises as `opened`."""
    import pyarrow as pa

    with damage_named(store, path):
        content = store.read(path)
        check_whole(content)
        file = open_rows(pa.BufferReader(content))
        version_of(file.schema_arrow.metadata or {}, store.location(path))
        yield file


def valid_rows(file: pq.ParquetFile, group: int | None = None) -> pa.Table:
    """All rows, or those of a row group, whose values are what their types say: text is UTF-8, lists end
    where the next begin. Raises what Arrow raises."""
    rows = read_rows_of(file) if group is None else file.read_row_group(group, use_threads=False)
    rows.validate(full=True)
    return rows


def check_deep(store: Store, path: str) -> bool | str:
    """Read every byte and every row of a file: whether it has a seal, or a sentence on what is wrong with it.
    Without a seal (files of older releases), what Parquet and its compression notice is all that is checked.

    Raises NewerError; FileNotFoundError if it is gone.
    """
    import pyarrow as pa

    try:
        with damage_named(store, path):
            content = store.read(path)
            has_seal = check_whole(content)
            file = open_rows(pa.BufferReader(content))
            for group in range(file.num_row_groups):
                valid_rows(file, group)
    except DamagedError as error:
        return f"{store.location(path)}: {error.why}"
    return has_seal


def version_of(metadata: Mapping[bytes, bytes], location: str) -> int:
    """The schema version that a file's metadata names, at least 1.

    Raises NewerError if it is newer than ours, ValueError if it is none.
    """
    if VERSION not in metadata:
        raise SealError("it has no schema_version")
    text = metadata[VERSION]
    if not (text.isdigit() and len(text) < 10 and int(text) > 0):
        raise SealError(f"its schema_version is {text[:20]!r}")
    if int(text) > SCHEMA_VERSION:
        raise NewerError(
            f"{location} was written by a newer rayocr (schema {int(text)}).",
            f"This one knows schema {SCHEMA_VERSION}.",
            "Update rayocr, or take another output.path.",
        )
    return int(text)


@contextmanager
def damage_ends() -> Iterator[None]:
    """Damage that is found once work was started ends the run, which can be resumed: IncompleteError."""
    try:
        yield
    except DamagedError as error:
        raise IncompleteError(error.what, error.why, error.remedy) from error


@contextmanager
def damage_named(store: Store, path: str) -> Iterator[None]:
    """What Arrow says of damage in here becomes DamagedError, with the file's name."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, SealError, UnicodeDecodeError, KeyError) as error:
        raise _damaged(store, path, error) from error
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno is not None:  # the disk's or the store's word; Arrow's for damage has no number
            raise
        raise _damaged(store, path, error) from error


def _damaged(store: Store, path: str, error: Exception) -> DamagedError:
    return DamagedError(
        f"{store.location(path)} is damaged, or no file of rayocr.",
        str(error) or type(error).__name__,
        "It stays as it is. Move it out of that folder and run again: documents that were only there are"
        " done anew.",
    )
