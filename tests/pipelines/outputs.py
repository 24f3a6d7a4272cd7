"""Outputs made by hand: rows of pages in files as the stage step writes them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from actors.contracts import DocRef, document_id
from actors.schema import page_row_schema
from pipelines.stage import parquet_bytes
from pipelines.store import Store

RUN, OTHER_RUN = "20261201T000000-00000001", "20261201T000000-00000002"
"""Names as runs have them."""


def rows_name(number: int, run_id: str = RUN) -> str:
    """A name of a file of rows, without folder and ending."""
    return f"{run_id}-{number:032x}"


@dataclass(frozen=True)
class Row:
    """A row of a document; one that failed has a code, a copy names the key of its original."""

    key: str
    page: int = 0
    count: int | None = 1
    version: str = "1"
    status: str = "ok"
    code: str | None = None
    content: bytes | None = None
    original: str | None = None
    fingerprint: str = "fingerprint"
    notices: tuple[str, ...] = ()


def ref(key: str, version: str = "1") -> DocRef:
    return DocRef(document_id(key), key, f"/in/{key}", version)


def document(key: str, count: int, pages: Iterable[int] | None = None, version: str = "1") -> list[Row]:
    """Some pages of a document, all by default."""
    return [Row(key, page, count, version) for page in (range(count) if pages is None else pages)]


def table(rows: Iterable[Row]) -> pa.Table:
    """Rows of the public schema."""
    return pa.Table.from_pylist([_cells(row) for row in rows], schema=page_row_schema())


def publish(store: Store, name: str, rows: Iterable[Row]) -> str:
    """Put a file of rows into `pages/`; returns its path."""
    path = f"pages/{name}.parquet"
    store.put(path, parquet_bytes(table(rows), "fingerprint"))
    return path


def _cells(row: Row) -> dict[str, Any]:
    return {
        "document_id": document_id(row.key),
        "key": row.key,
        "version": row.version,
        "page_index": row.page,
        "page_count": row.count,
        "status": row.status,
        "error_code": row.code,
        "content_sha256": None if row.content is None else hashlib.sha256(row.content).hexdigest(),
        "size_bytes": None if row.content is None else len(row.content),
        "duplicate_of": None if row.original is None else document_id(row.original),
        "notices": list(row.notices),
        "fingerprint": row.fingerprint,
    }
