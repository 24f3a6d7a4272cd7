"""What an output already holds: its `pages/*.parquet` are the ledger, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from actors.contracts import DocRef
from actors.errors import ConfigError
from pipelines.store import Entry, Store

if TYPE_CHECKING:
    import pyarrow as pa

PAGES = "pages"
_COLUMNS = ["document_id", "version", "page_index", "page_count", "status", "error_code"]
_READERS = 16


@dataclass(frozen=True, slots=True)
class DocumentRows:
    """What the output holds of one version of a document. `pages`: distinct page indexes; `rows` exceeds
    their number if a page is there twice; `page_count`: None for a document that could not be opened."""

    rows: int
    pages: int
    page_count: int | None
    ok: int
    empty: int
    failed: int

    @property
    def complete(self) -> bool:
        """Whether every page has a row."""
        return self.pages >= (1 if self.page_count is None else self.page_count)


@dataclass(frozen=True, slots=True)
class Ledger:
    """All rows of an output, by document and version. `foreign` names files that were not trusted."""

    documents: Mapping[tuple[str, str], DocumentRows] = field(default_factory=dict)
    foreign: tuple[str, ...] = ()
    _table: Any = field(default=None, repr=False)
    _versions: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, store: Store) -> Ledger:
        """Read the key columns of every file. Raises ConfigError if a file cannot be read."""
        import pyarrow as pa

        entries = [entry for entry in store.list(PAGES) if entry.path.endswith(".parquet")]
        with ThreadPoolExecutor(_READERS) as pool:
            tables = list(pool.map(lambda entry: _read(store, entry), entries))
        foreign = tuple(
            entry.path for entry, table in zip(entries, tables, strict=True) if table is None
        )
        rows = [table for table in tables if table is not None]
        if not rows:
            return cls(foreign=foreign)
        table = pa.concat_tables(rows)
        documents = dict(_documents(table))
        versions: dict[str, frozenset[str]] = {}
        for document, version in documents:
            versions[document] = versions.get(document, frozenset()) | {version}
        return cls(documents, foreign, table, versions)

    def rows_of(self, ref: DocRef) -> DocumentRows | None:
        """What is there of this document in this version."""
        return self.documents.get((ref.document_id, ref.version))

    def pending(self, refs: Iterable[DocRef]) -> Iterator[DocRef]:
        """The documents that lack pages; `done_pages` says which pages of them are there."""
        for ref in refs:
            there = self.rows_of(ref)
            if there is None:
                yield ref
            elif not there.complete:
                yield replace(ref, done_pages=tuple(sorted(self._pages_of(ref))))

    def changed(self, refs: Iterable[DocRef]) -> list[DocRef]:
        """The documents of which there are rows of another version."""
        return [ref for ref in refs if self._versions.get(ref.document_id, frozenset()) - {ref.version}]

    def doubled(self) -> list[tuple[str, str]]:
        """(document_id, version) of documents with a page that has more than one row."""
        return [key for key, rows in self.documents.items() if rows.rows > rows.pages]

    def error_codes(self, refs: Iterable[DocRef]) -> dict[str, int]:
        """How many pages of these documents failed with each code."""
        import pyarrow.compute as pc

        if self._table is None:
            return {}
        failed = self._table.filter(pc.equal(self._table.column("status"), "failed"))
        wanted = {(ref.document_id, ref.version) for ref in refs}
        counts: dict[str, int] = {}
        columns = (failed.column(name).to_pylist() for name in ("document_id", "version", "error_code"))
        for document, version, code in zip(*columns, strict=True):
            if (document, version) in wanted:
                counts[code] = counts.get(code, 0) + 1
        return counts

    def _pages_of(self, ref: DocRef) -> set[int]:
        import pyarrow.compute as pc

        mine = pc.and_(
            pc.equal(self._table.column("document_id"), ref.document_id),
            pc.equal(self._table.column("version"), ref.version),
        )
        return set(self._table.filter(mine).column("page_index").to_pylist())


def _read(store: Store, entry: Entry) -> pa.Table | None:
    """The key columns of one file; None if it is no file of ours (no schema version, or torn)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with store.open(entry.path) as stream:
            file = pq.ParquetFile(stream)
            metadata = file.schema_arrow.metadata or {}
            if b"schema_version" not in metadata or not set(_COLUMNS) <= set(file.schema_arrow.names):
                return None
            return file.read(columns=_COLUMNS).replace_schema_metadata(None)
    except pa.ArrowInvalid:
        return None
    except OSError as error:
        raise ConfigError(
            f"{store.location(entry.path)} cannot be read.",
            error.strerror or str(error),
            "Give read access to the output: what it holds decides what is left to do.",
        ) from error


def _documents(table: pa.Table) -> Iterator[tuple[tuple[str, str], DocumentRows]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    for status in ("ok", "empty", "failed"):
        flag = pc.cast(pc.equal(table.column("status"), status), pa.int32())
        table = table.append_column(f"is_{status}", flag)
    grouped = table.group_by(["document_id", "version"]).aggregate(
        [
            ("page_index", "count"),
            ("page_index", "count_distinct"),
            ("page_count", "max"),
            ("is_ok", "sum"),
            ("is_empty", "sum"),
            ("is_failed", "sum"),
        ]
    )
    names = ["page_index_count", "page_index_count_distinct", "page_count_max", "is_ok_sum"]
    names += ["is_empty_sum", "is_failed_sum"]
    keys = zip(grouped.column("document_id").to_pylist(), grouped.column("version").to_pylist(), strict=True)
    values = zip(*(grouped.column(name).to_pylist() for name in names), strict=True)
    for key, value in zip(keys, values, strict=True):
        yield key, DocumentRows(*value)
