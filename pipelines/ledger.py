"""What an output already holds: its `pages/*.parquet` are the ledger, and nothing else is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from actors.contracts import DocRef
from actors.errors import ConfigError
from pipelines.ledger_file import read_rows
from pipelines.ledger_rows import Rows, Versions, keys_of_refs, no_rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pipelines.store import Store

PAGES = "pages"
_READERS = 8
_LOOKS = 3
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class DocumentRows:
    """What the output holds of one version of a document. `pages`: distinct page indexes; `rows` exceeds
    their number if a page is there twice; `page_count`: None for a document that could not be opened."""

    rows: int
    pages: int
    page_count: int | None
    complete: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of rows, and of failed rows by their error code."""

    rows: int
    ok: int
    empty: int
    failed: int
    error_codes: dict[str, int]


class Ledger:
    """All rows of an output, as sorted columns: about 30 bytes a row, and as much while it is loaded.

    A document is done in a version when rows 0..page_count-1 of that version exist, or the one row of a
    document that could not be opened.
    """

    def __init__(self, rows: Rows | None = None) -> None:
        self._rows = (rows if rows is not None else no_rows()).sorted()
        self._versions = Versions.of(self._rows)

    @classmethod
    def load(cls, store: Store) -> Ledger:
        """Read the key columns of every file.

        Raises ConfigError that names each file that is torn or not ours: its rows cannot be trusted, and
        no reader of the folder gets past it. Also if the output cannot be read.
        """
        found = _files(store)
        troubles = [trouble for trouble in found if isinstance(trouble, str)]
        if troubles:
            raise ConfigError(
                f"{len(troubles)} files in {store.location(PAGES)} are torn, or no files of rayocr.",
                "; ".join(troubles[:5]),
                "Move them out of that folder and run again: documents that were only there are done anew.",
            )
        return cls(Rows.joined([rows for rows in found if not isinstance(rows, str)]))

    @property
    def totals(self) -> Totals:
        """Counts of all rows, listed or not."""
        return self._totals(self._rows)

    def rows_of(self, ref: DocRef) -> DocumentRows | None:
        """What is there of this document in this version."""
        index = int(self._find([ref])[0])
        if index < 0:
            return None
        versions = self._versions
        count = int(versions.page_count[index])
        return DocumentRows(
            rows=int(versions.rows[index]),
            pages=int(versions.pages[index]),
            page_count=None if count < 0 else count,
            complete=bool(versions.complete[index]),
        )

    def pending(self, refs: Iterable[DocRef]) -> Iterator[DocRef]:
        """The documents that lack pages; `done_pages` says which pages of them are there."""
        for chunk in _chunks(refs):
            for ref, index in zip(chunk, self._find(chunk).tolist(), strict=True):
                if index < 0:
                    yield ref
                elif not self._versions.complete[index]:
                    yield replace(ref, done_pages=self._pages_of(index))

    def changed(self, refs: Iterable[DocRef]) -> list[DocRef]:
        """The documents of which there are rows of another version."""
        found: list[DocRef] = []
        for chunk in _chunks(refs):
            first, last = self._versions.range_of(keys_of_refs(chunk))
            others = (last - first) - (self._find(chunk) >= 0)
            found += [ref for ref, count in zip(chunk, others.tolist(), strict=True) if count > 0]
        return found

    def complete(self, refs: Sequence[DocRef]) -> npt.NDArray[np.bool_]:
        """For each document, whether every page of its version is there."""
        import numpy as np

        parts = [self._at(self._versions.complete, self._find(chunk)) for chunk in _chunks(refs)]
        return np.concatenate(parts) if parts else np.empty(0, np.bool_)

    def doubled(self, refs: Sequence[DocRef]) -> npt.NDArray[np.bool_]:
        """For each document, whether a page of its version has more than one row."""
        import numpy as np

        twice = self._versions.rows > self._versions.pages
        parts = [self._at(twice, self._find(chunk)) for chunk in _chunks(refs)]
        return np.concatenate(parts) if parts else np.empty(0, np.bool_)

    def totals_of(self, refs: Iterable[DocRef]) -> Totals:
        """Counts of the rows of these documents in these versions."""
        import numpy as np

        wanted = np.zeros(len(self._versions.start), np.bool_)
        for chunk in _chunks(refs):
            index = self._find(chunk)
            wanted[index[index >= 0]] = True
        return self._totals(self._rows.where(np.repeat(wanted, self._versions.rows)))

    def _find(self, refs: Sequence[DocRef]) -> npt.NDArray[np.int64]:
        """Index of each document's version, -1 if there is none."""
        return self._versions.find(keys_of_refs(refs))

    @staticmethod
    def _at(flags: npt.NDArray[np.bool_], index: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """The flags at these indexes, False at -1."""
        import numpy as np

        found = np.zeros(len(index), np.bool_)
        found[index >= 0] = flags[index[index >= 0]]
        return found

    def _pages_of(self, index: int) -> tuple[int, ...]:
        start = int(self._versions.start[index])
        pages = self._rows.page[start : start + int(self._versions.rows[index])]
        return tuple(sorted(set(pages.tolist())))

    @staticmethod
    def _totals(rows: Rows) -> Totals:
        ok, empty, failed = rows.count_statuses()
        return Totals(len(rows.page), ok, empty, failed, dict(Counter(rows.count_codes())))


def _files(store: Store) -> list[Rows | str]:
    """The rows of every file, or what is wrong with it. A file that goes after it was listed was replaced
    meanwhile, which takes another look."""
    for look in range(1, _LOOKS + 1):
        paths = _paths(store)
        try:
            with ThreadPoolExecutor(_READERS) as pool:
                return list(pool.map(lambda path: read_rows(store, path), paths))
        except FileNotFoundError as error:
            if look == _LOOKS:
                raise ConfigError(
                    f"{store.location(PAGES)} changes while it is read.",
                    error.strerror or str(error),
                    "Another command is replacing files there: wait for it, then run again.",
                ) from error
    return []


def _paths(store: Store) -> list[str]:
    try:
        return [entry.path for entry in store.list(PAGES) if entry.path.endswith(".parquet")]
    except OSError as error:
        raise ConfigError(
            f"{store.location(PAGES)} cannot be listed.",
            error.strerror or str(error),
            "Give read access to the output: what it holds decides what is left to do.",
        ) from error


def _chunks(refs: Iterable[DocRef]) -> Iterator[list[DocRef]]:
    iterator = iter(refs)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk
