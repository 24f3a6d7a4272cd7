"""What an output already holds: its `pages/*.parquet` are the ledger, and nothing else is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from actors.contracts import DocRef
from actors.errors import ConfigError
from actors.selection import ALL_PAGES, PageSelection
from pipelines.ledger_file import read_rows
from pipelines.ledger_rows import NOTICE_BITS, Rows, Versions, keys_of_refs, no_rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pipelines.store import Entry, Store

PAGES = "pages"
_READERS = 32
"""Files that are read at the same time: each waits for its store, which takes 50 ms where it is far."""
_LOOKS = 10
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
class Unreadable:
    """A document whose listed version cannot be read. `keep`: version_hash of the version whose rows stay;
    `versions`: how many versions the output holds."""

    ref: DocRef
    keep: int
    versions: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of rows, of failed rows by their error code, and of rows by notice; `noticed`: of those that
    may lack something."""

    rows: int
    ok: int
    empty: int
    failed: int
    error_codes: dict[str, int]
    notices: dict[str, int] = field(default_factory=dict)
    noticed: int = 0


class Ledger:
    """All rows of an output, as sorted columns: about 34 bytes a row, and as much while it is loaded.

    A document is done in a version when rows 0..page_count-1 of that version exist, as far as `wanted` has
    them, or the one row of a document that could not be opened.
    """

    def __init__(self, rows: Rows | None = None, wanted: PageSelection = ALL_PAGES) -> None:
        self._rows = (rows if rows is not None else no_rows()).sorted()
        self._versions = Versions.of(self._rows, wanted)

    @classmethod
    def load(cls, store: Store, made_with: Collection[str] = (), wanted: PageSelection = ALL_PAGES) -> Ledger:
        """Read the key columns of every file.

        Raises ConfigError that names each file that is torn or not ours: its rows cannot be trusted, and
        no reader of the folder gets past it. Also if the output cannot be read.
        """
        ledger, troubles = cls.survey(store, made_with, wanted)
        if troubles:
            raise ConfigError(
                f"{len(troubles)} files in {store.location(PAGES)} are torn, or no files of rayocr.",
                "; ".join(troubles[:5]),
                "Move them out of that folder and run again: documents that were only there are done anew.",
            )
        return ledger

    @classmethod
    def survey(
        cls, store: Store, made_with: Collection[str] = (), wanted: PageSelection = ALL_PAGES
    ) -> tuple[Ledger, list[str]]:
        """What can be trusted, and a sentence on each file that cannot: torn, or foreign. `made_with`: the
        fingerprints that files of this output have; with none, none is looked at.

        Raises ConfigError if the output cannot be read.
        """
        found = _files(store, made_with)
        troubles = [trouble for trouble in found if isinstance(trouble, str)]
        rows = Rows.joined([rows for rows in found if not isinstance(rows, str)])
        return cls(rows, wanted), troubles

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

    def pending(self, refs: Iterable[DocRef], again: Collection[str] = ()) -> Iterator[DocRef]:
        """The documents that lack pages; `done_pages` says which pages of them are there. A page that
        failed with a code of `again` counts as one that lacks."""
        redo = self._failed_with(again)
        lacks = ~self._versions.complete | self._any_row(redo)
        for chunk in _chunks(refs):
            for ref, index in zip(chunk, self._find(chunk).tolist(), strict=True):
                if index < 0:
                    yield ref
                elif lacks[index]:
                    yield replace(ref, done_pages=self._pages_of(index, redo))

    def failures(self, refs: Iterable[DocRef]) -> Iterator[tuple[DocRef, int, str]]:
        """Document, page and code of each failed row of these documents in these versions."""
        failed = self._rows.code >= 0
        some = self._any_row(failed)
        for chunk in _chunks(refs):
            for ref, index in zip(chunk, self._find(chunk).tolist(), strict=True):
                if index >= 0 and some[index]:
                    for row in self._rows_at(index)[failed[self._rows_at(index)]].tolist():
                        yield ref, int(self._rows.page[row]), self._rows.codes[self._rows.code[row]]

    def noticed(self, refs: Iterable[DocRef], code: str) -> Iterator[tuple[DocRef, int]]:
        """Document and page of each row of these documents in these versions that has this notice."""
        flags = (self._rows.notices & NOTICE_BITS[code]) > 0
        some = self._any_row(flags)
        for chunk in _chunks(refs):
            for ref, index in zip(chunk, self._find(chunk).tolist(), strict=True):
                if index >= 0 and some[index]:
                    for row in self._rows_at(index)[flags[self._rows_at(index)]].tolist():
                        yield ref, int(self._rows.page[row])

    def with_repeated_pages(self) -> set[str]:
        """Ids of documents of which a page has several rows of one version: it was tried again, or a store
        repeated a request so late that a file which was replaced came back."""
        import numpy as np

        rows = self._rows
        if not len(rows.page):
            return set()
        same = np.zeros(len(rows.page), np.bool_)  # as the row before
        columns = (rows.keys.high, rows.keys.low, rows.keys.version, rows.page)
        same[1:] = np.logical_and.reduce([column[1:] == column[:-1] for column in columns])
        group = np.cumsum(~same) - 1
        return self._ids_of(np.flatnonzero((np.bincount(group) > 1)[group]))

    def orphaned(self, refs: Iterable[DocRef]) -> set[str]:
        """Ids of documents that the output holds and the listing does not."""
        return self._ids_of(self._versions.start) - {ref.document_id for ref in refs}

    def knows_any(self, refs: Iterable[DocRef]) -> bool:
        """Whether the output holds any of these documents, in whatever version."""
        for chunk in _chunks(refs):
            first, last = self._versions.range_of(keys_of_refs(chunk))
            if (last > first).any():
                return True
        return False

    def _ids_of(self, rows: npt.NDArray[np.int64]) -> set[str]:
        high, low = self._rows.keys.high[rows].tolist(), self._rows.keys.low[rows].tolist()
        return {f"{one:016x}{other:016x}" for one, other in zip(high, low, strict=True)}

    def _failed_with(self, codes: Collection[str]) -> npt.NDArray[np.bool_]:
        """For each row, whether it failed with one of these codes."""
        import numpy as np

        return np.isin(
            self._rows.code, [self._rows.codes.index(code) for code in codes if code in self._rows.codes]
        )

    def _any_row(self, flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """For each version, whether a row of it has the flag."""
        import numpy as np

        if not len(flags):
            return np.empty(0, np.bool_)
        return np.logical_or.reduceat(flags, self._versions.start)

    def stale(self, refs: Sequence[DocRef]) -> npt.NDArray[np.bool_]:
        """For each document, whether the output holds one other version of it, and none of its own."""
        import numpy as np

        parts = []
        for chunk in _chunks(refs):
            keys = keys_of_refs(chunk)
            first, last = self._versions.range_of(keys)
            parts.append((last - first == 1) & (self._versions.find(keys) < 0))
        return np.concatenate(parts) if parts else np.empty(0, np.bool_)

    def changed(self, refs: Iterable[DocRef]) -> list[DocRef]:
        """The documents of which there are rows of another version."""
        found: list[DocRef] = []
        for chunk in _chunks(refs):
            keys = keys_of_refs(chunk)
            first, last = self._versions.range_of(keys)
            others = (last - first) - (self._versions.find(keys) >= 0)
            found += [ref for ref, count in zip(chunk, others.tolist(), strict=True) if count > 0]
        return found

    def unread(self, refs: Iterable[DocRef], known: Collection[str] = ()) -> Iterator[Unreadable]:
        """The documents with a version that was read, of whose listed version a page could not be read; also
        those of `known` (ids) without a row of it. Of several versions that were read a complete one stays,
        then one with more pages."""
        failed_read = self._failed_with([code for code in self._rows.codes if code.startswith("read.")])
        bad, good = self._any_row(failed_read), self._any_row(~failed_read)
        known, complete, pages = set(known), self._versions.complete, self._versions.pages
        for chunk in _chunks(refs):
            keys = keys_of_refs(chunk)
            first, last = self._versions.range_of(keys)
            count = last - first
            some = (count > 1) | ((count == 1) & (self._versions.find(keys) < 0))
            for number in some.nonzero()[0].tolist():
                ref, versions = chunk[number], range(int(first[number]), int(last[number]))
                own = [one for one in versions if self._versions.keys.version[one] == keys.version[number]]
                others = [one for one in versions if one not in own and good[one]]
                if others and (any(bad[own]) if own else ref.document_id in known):
                    best = max(others, key=lambda one: (bool(complete[one]), int(pages[one])))
                    yield Unreadable(ref, int(self._versions.keys.version[best]), len(versions))

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

    def _rows_at(self, index: int) -> npt.NDArray[np.int64]:
        """The rows of a version."""
        import numpy as np

        start = int(self._versions.start[index])
        return np.arange(start, start + int(self._versions.rows[index]))

    def _pages_of(self, index: int, but: npt.NDArray[np.bool_]) -> tuple[int, ...]:
        rows = self._rows_at(index)
        return tuple(sorted(set(self._rows.page[rows[~but[rows]]].tolist())))

    @staticmethod
    def _totals(rows: Rows) -> Totals:
        ok, empty, failed = rows.count_statuses()
        codes, notices = dict(Counter(rows.count_codes())), rows.count_notices()
        return Totals(len(rows.page), ok, empty, failed, codes, notices, rows.count_noticed())


def _files(store: Store, made_with: Collection[str]) -> list[Rows | str]:
    """The rows of every file, or what is wrong with it, in the order of their names. A file that goes after
    it was listed was replaced meanwhile, which takes another look, at what is new."""
    found: dict[str, Rows | str] = {}
    for look in range(1, _LOOKS + 1):
        entries = _listed(store)
        try:
            _read(store, [entry for entry in entries if entry.path not in found], made_with, found)
            return [found[entry.path] for entry in entries]
        except FileNotFoundError as error:
            if look == _LOOKS:
                raise ConfigError(
                    f"{store.location(PAGES)} changes while it is read.",
                    error.strerror or str(error),
                    "Another command is replacing files there: wait for it, then run again.",
                ) from error
    return []


def _read(
    store: Store, entries: Sequence[Entry], made_with: Collection[str], found: dict[str, Rows | str]
) -> None:
    """Read files at the same time, and keep those that were read before one of them raises."""
    with ThreadPoolExecutor(_READERS) as pool:
        rows = pool.map(lambda entry: read_rows(store, entry.path, made_with, entry.size), entries)
        for entry, one in zip(entries, rows, strict=True):
            found[entry.path] = one


def _listed(store: Store) -> list[Entry]:
    try:
        return [entry for entry in store.list(PAGES) if entry.path.endswith(".parquet")]
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
