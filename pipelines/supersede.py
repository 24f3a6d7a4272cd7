"""Superseding: rows of a document's older version leave the table once its new version is complete.

A file that holds such rows is written again without them and takes the old one's place. What is to be
replaced stands in a journal in `_swap/` before anything is, so that a command that was cut off is
finished by the next one; while no command is at work, every reader sees each page once.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from actors.contracts import DocRef
from actors.errors import IncompleteError
from pipelines.journal import SWAP, Swap, is_rows, read_journal
from pipelines.ledger import PAGES
from pipelines.own_names import is_journal, is_temporary
from pipelines.parquet import parquet_of, read_rows_of
from pipelines.publish import STAGING, another_file
from pipelines.rows_file import opened, opened_whole, valid_rows
from pipelines.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

    Kept = Callable[[str, pa.Table], list[bool]]


def supersede(
    store: Store, run_id: str, refs: Sequence[DocRef], still_held: Callable[[], bool] = lambda: True
) -> int:
    """Take out every row of these documents that is not of their listed version; returns files replaced.

    The caller holds the lock, and has seen that the listed versions are complete. Raises IncompleteError if
    the lock is not `still_held` once the journal is written: until then a successor knows nothing of it.
    """
    current = {ref.document_id: ref.version for ref in refs}

    def kept(_path: str, keys: pa.Table) -> list[bool]:
        return _kept(keys, current)

    columns = ("document_id", "version")
    return without_rows(store, run_id, files_of_pages(store), columns, kept, still_held)


def files_of_pages(store: Store) -> list[str]:
    """The paths of all files of rows."""
    return [entry.path for entry in store.list(PAGES) if entry.path.endswith(".parquet")]


def without_rows(
    store: Store,
    run_id: str,
    paths: Sequence[str],
    columns: Sequence[str],
    kept: Kept,
    still_held: Callable[[], bool],
) -> int:
    """Take rows out of these files: `kept` gets a file's path and these columns of it, and says for each row
    whether it stays. Returns files replaced; otherwise as `supersede`."""
    found = [_rewrite(store, run_id, path, columns, kept) for path in paths]
    swaps = [swap for swap in found if swap is not None]
    if swaps:
        journal = (
            f"{SWAP}/{run_id}-{uuid.uuid4().hex}.json"  # new each time: a delete may come twice, and late
        )
        replace_files(store, journal, swaps, still_held)
    return len(swaps)


def replace_files(store: Store, journal: str, swaps: Sequence[Swap], still_held: Callable[[], bool]) -> None:
    """Write the journal, then do what it says. Several old files may become the same new one.

    Raises IncompleteError if the lock is not `still_held` before or after the journal is written. Before:
    what was read without it may be half of another run's replacement. After: until then a successor knows
    nothing of the journal.
    """
    _check(still_held)
    store.put(journal, json.dumps([asdict(swap) for swap in swaps], indent=2).encode())
    _check(still_held)
    _apply(store, journal, swaps)


def _check(still_held: Callable[[], bool]) -> None:
    if not still_held():
        raise IncompleteError(
            "The run lost its lock on the output.",
            "Another run holds it, or this one was paused for too long.",
            "Nothing was replaced without it. Run the same command again when the other run is over.",
        )


def finish_swaps(store: Store) -> int:
    """Finish what an earlier command began, before its staged files are swept; returns files replaced.

    What has no name of a journal stays as it is. Raises ConfigError for a journal that is damaged, or of a
    newer release: what it was to replace may be there twice.
    """
    journals: dict[str, list[Swap]] = {}
    for entry in store.list(SWAP):
        if is_journal(entry.path):
            journals[entry.path] = read_journal(store, entry.path)
        elif is_temporary(entry.path):
            store.delete(entry.path)  # what a writer that died left behind
    for path in _begun_first(store, journals):
        _apply(store, path, journals[path])
    return sum(len(swaps) for swaps in journals.values())


def _rewrite(store: Store, run_id: str, path: str, columns: Sequence[str], kept: Kept) -> Swap | None:
    """Stage the file without the rows that are not kept; None if it has none."""
    import pyarrow as pa

    with opened(store, path) as file:
        keep = kept(path, read_rows_of(file, columns))
    if all(keep):
        return None
    if not any(keep):
        return Swap(path, None, None)
    with opened_whole(store, path) as file:
        left = valid_rows(file).filter(pa.array(keep))
    name = f"{run_id}-{uuid.uuid4().hex}.parquet"
    store.put(f"{STAGING}/{run_id}/{name}", parquet_of([left], left.schema))
    return Swap(path, f"{STAGING}/{run_id}/{name}", f"{PAGES}/{name}")


def _kept(keys: pa.Table, current: Mapping[str, str]) -> list[bool]:
    rows = zip(keys.column("document_id").to_pylist(), keys.column("version").to_pylist(), strict=True)
    return [current.get(document, version) == version for document, version in rows]


def _begun_first(store: Store, journals: Mapping[str, Sequence[Swap]]) -> list[str]:
    """Several journals are there if writers lost the lock. At most one of them was begun; before it is done,
    a file that it replaces may be there beside the new one, and another must not make a third of it."""
    if len(journals) < 2:
        return list(journals)
    return sorted(journals, key=lambda path: not _has_begun(store, journals[path]))


def _has_begun(store: Store, swaps: Sequence[Swap]) -> bool:
    return any(store.exists(new) for new in {swap.new for swap in swaps} if new is not None)


def _apply(store: Store, journal: str, swaps: Sequence[Swap]) -> None:
    groups: dict[str | None, list[Swap]] = {}
    for swap in swaps:
        groups.setdefault(swap.new, []).append(swap)
    for group in groups.values():
        if _in_place(store, group):
            for swap in group:
                if is_rows(store, swap.old):
                    store.delete(swap.old)
    store.delete(journal)


def _in_place(store: Store, group: Sequence[Swap]) -> bool:
    """Put the new file of these old ones in its place. False if there is none, or if it is not theirs any
    more: the one that wrote this journal had lost its lock. Another run swept the new file then, or replaced
    an old one, whose rows would be there twice. The old files are all there is of their rows."""
    staged, new = group[0].staged, group[0].new
    if staged is None or new is None:
        return True
    if store.exists(staged) and all(store.exists(swap.old) for swap in group):
        if store.exists(new) and store.read(new) != store.read(staged):
            raise another_file(store, new)  # a move that was cut off leaves twice the same
        store.move(staged, new)
        return True
    return store.exists(new)
