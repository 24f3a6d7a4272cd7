"""Rows of an older schema become rows of today's: files are written again, under a journal of replacements.

Readers that glob `pages/` want one set of columns, so nothing is added to an output before all files have it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from actors.schema import SCHEMA_VERSION, page_row_schema
from pipelines.card import Card, write_card
from pipelines.journal import SWAP, Swap
from pipelines.parquet import parquet_of
from pipelines.publish import STAGING
from pipelines.rows_file import opened_whole, valid_rows
from pipelines.supersede import files_of_pages, replace_files

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.store import Store

_VERSION = b"schema_version"


def migrate(store: Store, run_id: str, card: Card, still_held: Callable[[], bool]) -> Card:
    """Bring the files of an output to today's schema, one after the other, and then its card; what was cut
    off goes on from there. Returns the card. The caller holds the lock and has finished replacements.

    Raises IncompleteError if the lock is lost, or the store fails.
    """
    if card.schema_version == SCHEMA_VERSION:
        return card
    for number, path in enumerate(files_of_pages(store)):
        content = _migrated(store, path)
        if content is None:
            continue
        name = f"{run_id}-{uuid.uuid4().hex}.parquet"
        staged, new = f"{STAGING}/{run_id}/{name}", f"pages/{name}"
        store.put(staged, content)
        replace_files(store, f"{SWAP}/{run_id}-schema-{number}.json", [Swap(path, staged, new)], still_held)
    card = replace(card, schema_version=SCHEMA_VERSION)
    write_card(store, card)
    return card


def of_today(rows: pa.Table) -> pa.Table:
    """Rows of schema 1 or later with the columns of today, without metadata: what was not known then is null,
    and nobody looked for notices."""
    import pyarrow as pa

    if "fingerprint" not in rows.column_names:
        rows = rows.rename_columns({"engine": "fingerprint"})
    schema = page_row_schema()
    added = {
        "notices": lambda: pa.array([[]] * rows.num_rows, schema.field("notices").type),
        "lines_kept": lambda: rows.column("line_count"),
    }
    columns = [
        rows.column(field.name)
        if field.name in rows.column_names
        else added.get(field.name, lambda field=field: pa.nulls(rows.num_rows, field.type))()
        for field in schema
    ]
    return pa.table(
        [column.cast(field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def _migrated(store: Store, path: str) -> bytes | None:
    """The content of the file in today's schema, row group by row group; None if it is of that."""
    with opened_whole(store, path) as file:
        metadata = dict(file.schema_arrow.metadata or {})
        if metadata.get(_VERSION) == str(SCHEMA_VERSION).encode():
            return None
        metadata[_VERSION] = str(SCHEMA_VERSION).encode()
        groups = (of_today(valid_rows(file, index)) for index in range(file.num_row_groups))
        return parquet_of(groups, page_row_schema().with_metadata(metadata))
