"""The proof at the end of a run: source and output are counted against each other, page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from actors.contracts import DocRef
from pipelines.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Completeness:
    """What the output holds of the listed documents, in the versions that were listed.

    `missing`: keys of documents that lack pages. `doubled`: keys of documents that a reader of the table
    finds twice: a page has more than one row, there are rows of another version too, or the listing itself
    names the document twice.
    """

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
    totals = ledger.totals_of(refs)
    twice = {ref.key for ref, one in zip(refs, ledger.doubled(refs).tolist(), strict=True) if one}
    twice |= {ref.key for ref in ledger.changed(refs)}
    twice |= _listed_twice(refs)
    there = ledger.complete(refs).tolist()
    return Completeness(
        pages=totals.rows,
        ok=totals.ok,
        empty=totals.empty,
        failed=totals.failed,
        missing=tuple(ref.key for ref, one in zip(refs, there, strict=True) if not one),
        doubled=tuple(sorted(twice)),
        error_codes=totals.error_codes,
    )


def _listed_twice(refs: Sequence[DocRef]) -> set[str]:
    counts = Counter(ref.document_id for ref in refs)
    return {ref.key for ref in refs if counts[ref.document_id] > 1} if len(counts) < len(refs) else set()
