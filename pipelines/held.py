"""What the rows of an output say of its documents: names, addresses, sizes and content, but no text."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.parquet import read_rows_of
from pipelines.rows_file import opened
from pipelines.supersede import files_of_pages

if TYPE_CHECKING:
    from pipelines.store import Store

_COLUMNS = ("document_id", "key", "uri", "version", "size_bytes", "content_sha256")


@dataclass(frozen=True, slots=True)
class Held:
    """A document that has rows. Size and content are None where nobody knows them."""

    document_id: str
    key: str
    uri: str
    version: str
    size_bytes: int | None
    sha256: str | None


def held_documents(store: Store, only: Collection[str] | None = None) -> dict[str, Held]:
    """The documents of an output by their ids, or those of `only`; of several versions any one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found: dict[str, Held] = {}
    wanted = None if only is None else pa.array(sorted(only), pa.string())
    for path in files_of_pages(store) if wanted is None or len(wanted) else ():
        with opened(store, path) as file:
            table = read_rows_of(file, _COLUMNS)
        if wanted is not None:
            table = table.filter(pc.is_in(table.column("document_id"), value_set=wanted))
        columns = [table.column(name).to_pylist() for name in _COLUMNS]
        for document, key, uri, version, size, sha256 in zip(*columns, strict=True):
            if document not in found or found[document].sha256 is None:
                found[document] = Held(document, key or document, uri or "", version or "", size, sha256)
    return found
