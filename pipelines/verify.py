"""The proof at the end of a run: source and output are counted against each other, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from actors.contracts import DocRef
from pipelines.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Completeness:
    """What the output holds of the listed documents. `missing`: keys of documents that lack pages;
    `doubled`: keys of documents with a page that has more than one row."""

    pages: int
    ok: int
    empty: int
    failed: int
    missing: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    error_codes: Mapping[str, int] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every page of every listed document is there exactly once."""
        return not self.missing and not self.doubled


def check_complete(ledger: Ledger, refs: Sequence[DocRef]) -> Completeness:
    """Count the ledger against the listing."""
    found = [(ref, ledger.rows_of(ref)) for ref in refs]
    there = [rows for _, rows in found if rows is not None]
    twice = {document for document, _ in ledger.doubled()}
    twice |= {ref.document_id for ref in ledger.changed(refs)}
    return Completeness(
        pages=sum(rows.pages for rows in there),
        ok=sum(rows.ok for rows in there),
        empty=sum(rows.empty for rows in there),
        failed=sum(rows.failed for rows in there),
        missing=tuple(ref.key for ref, rows in found if rows is None or not rows.complete),
        doubled=tuple(ref.key for ref in refs if ref.document_id in twice),
        error_codes=ledger.error_codes(refs),
    )
