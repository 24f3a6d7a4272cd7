"""One file of `pages/` as the ledger reads it: its key columns alone, or why it is not to be trusted."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from actors.errors import ConfigError
from pipelines.ledger_rows import NOTICES, Rows, rows_of_table
from pipelines.parquet import open_rows, read_rows_of
from pipelines.rows_file import version_of

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.store import Store

_WHOLE_BYTES = 256 << 10
"""Bytes of a file up to which one request for all of it ends sooner than three for its parts (50 ms each, and
a thirtieth of 100 MB a second). Some tens of pages are less."""

COLUMNS = ("document_id", "version", "page_index", "page_count", "status", "error_code")
"""Columns that rows of every schema have; notices came with the second."""


def read_rows(
    store: Store, path: str, made_with: Collection[str] = (), size: int | None = None
) -> Rows | str:
    """The rows of a file, or a sentence that names the file and what is wrong with it.

    `made_with`: the fingerprints that a file of this output may have; with none, none is looked at. `size`:
    its bytes, where they are known; a small file is fetched whole, by one request.
    Raises FileNotFoundError if it is gone; ConfigError if it cannot be read at all, or is of a newer release.
    """
    import pyarrow as pa

    try:
        table = _key_columns(store, path, made_with, size)
        return rows_of_table(table)
    except (pa.ArrowException, ValueError) as error:
        return f"{store.location(path)}: {error}"
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno is None:  # Arrow's word for damage inside a file
            return f"{store.location(path)}: {error}"
        raise ConfigError(
            f"{store.location(path)} cannot be read.",
            error.strerror or str(error),
            "Give read access to the output: what it holds decides what is left to do.",
        ) from error


def _key_columns(store: Store, path: str, made_with: Collection[str], size: int | None) -> pa.Table:
    import pyarrow as pa

    from actors.schema import page_row_schema

    whole = size is not None and size <= _WHOLE_BYTES
    with pa.BufferReader(store.read(path)) if whole else store.open(path) as stream:
        file = open_rows(stream)
        schema = file.schema_arrow  # made anew each time it is asked for
        metadata = schema.metadata or {}
        version_of(metadata, store.location(path))
        if made_with and metadata.get(b"fingerprint", b"").decode() not in made_with:
            raise ValueError("it was made with other settings than this output")
        wanted = [*COLUMNS, *([NOTICES] if schema.get_field_index(NOTICES) >= 0 else [])]
        for name in wanted:
            index = schema.get_field_index(name)
            expected = page_row_schema().field(name).type
            if index < 0 or schema.field(index).type != expected:
                raise ValueError(f"its column {name} is missing, or is not {expected}")
        table = read_rows_of(file, wanted)
    return pa.table({name: table.column(name) for name in wanted})
