"""Compaction: many small files of an output become few of about `output.file_mb`, row for row the same.

Files are merged group by group. Of each group the new file is staged, then the journal of replacements says
that all old ones become it (see pipelines/supersede.py): what was cut off is finished by the next command.
A compaction holds one old file and one row group in memory, beside the new file.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.errors import ConfigError, IncompleteError
from pipelines.journal import SWAP, Swap
from pipelines.ledger import PAGES, Ledger
from pipelines.parquet import SEALED, in_groups, parquet_of
from pipelines.publish import STAGING
from pipelines.rows_file import opened, opened_whole, valid_rows
from pipelines.supersede import replace_files

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.config import OutputConfig
    from pipelines.store import Store

_READERS = 8


@dataclass(frozen=True, slots=True)
class PagesFile:
    """A file of `pages/`: `size` of its rows before compression, in bytes; `made`: its own metadata, schema
    version and fingerprint. Only files that agree in it become one."""

    path: str
    rows: int
    size: int
    made: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction did: files before and after, and how many of them it merged; rows are the same."""

    output: str
    before: int
    after: int
    merged: int
    rows: int


def compact(output: OutputConfig, say: Callable[[str], None] = lambda _: None) -> Compacted:
    """Merge the small files of an output, under its lock.

    Raises ConfigError if there is no output, if another command holds its lock, or if files cannot be
    trusted; IncompleteError if the lock is lost, or the store fails.
    """
    from pipelines.card import read_card
    from pipelines.job import new_run_id
    from pipelines.lock import RunLock
    from pipelines.store import open_store, or_incomplete
    from pipelines.tidy import tidied

    store = open_store(output.path, output.storage_options)
    card = read_card(store)
    if card is None:
        raise ConfigError(
            f"There is no output of rayocr in {store.location('')}.",
            "It has no rayocr.json.",
            "Check its path.",
        )
    store.check_writable()
    run_id = new_run_id()
    with or_incomplete(store), RunLock(store, run_id) as lock:
        before = tidied(store, lock, run_id, card)
        files = describe_files(store)
        groups = groups_of(files, round(output.file_mb * 2**20))
        for number, group in enumerate(groups, 1):
            rows = sum(one.rows for one in group)
            say(f"group {number} of {len(groups)}: {len(group)} files, {rows:,} rows")
            merge(store, run_id, number, group, lock.still_held)
        if groups and Ledger.load(store, card.fingerprints, card.wanted).totals != before.totals:
            raise IncompleteError(
                f"{store.location(PAGES)} does not hold the rows that it held.",
                "Somebody else wrote into it meanwhile.",
                "Look with rayocr verify; rayocr run does what is missing.",
            )
    merged = sum(len(group) for group in groups)
    return Compacted(
        store.location(""), len(files), len(files) - merged + len(groups), merged, before.totals.rows
    )


def groups_of(files: Iterable[PagesFile], target: int) -> list[list[PagesFile]]:
    """The files to merge, in order: those below half the target (bytes), as many together as do not exceed
    it. What is merged is above half the target or alone, so a second compaction finds nothing to do."""
    kinds: dict[tuple[tuple[bytes, bytes], ...], list[list[PagesFile]]] = {}
    for file in files:
        if file.size * 2 >= target:
            continue
        groups = kinds.setdefault(file.made, [[]])
        if sum(one.size for one in groups[-1]) + file.size > target:
            groups.append([])
        groups[-1].append(file)
    return [group for groups in kinds.values() for group in groups if len(group) > 1]


def describe_files(store: Store) -> list[PagesFile]:
    """All files of `pages/`, from their footers."""
    paths = [entry.path for entry in store.list(PAGES) if entry.path.endswith(".parquet")]
    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(lambda path: _described(store, path), paths))


def merge(
    store: Store, run_id: str, number: int, group: Sequence[PagesFile], still_held: Callable[[], bool]
) -> None:
    """Replace the files of a group by one. `number`: the group's, for its journal's name."""
    name = f"{run_id}-{uuid.uuid4().hex}.parquet"
    staged, new = f"{STAGING}/{run_id}/{name}", f"{PAGES}/{name}"
    store.put(staged, _merged(store, group))
    swaps = [Swap(one.path, staged, new) for one in group]
    replace_files(store, f"{SWAP}/{run_id}-{number}.json", swaps, still_held)


def _described(store: Store, path: str) -> PagesFile:
    with opened(store, path) as file:
        footer = file.metadata
        size = sum(footer.row_group(index).total_byte_size for index in range(footer.num_row_groups))
        made = dict(file.schema_arrow.metadata or {})
    made.pop(SEALED, None)  # files of an older release have no seal, and are otherwise the same
    return PagesFile(path, footer.num_rows, size, tuple(sorted(made.items())))


def _merged(store: Store, group: Sequence[PagesFile]) -> bytes:
    """The content of one file with all rows. Raises IncompleteError if a file is not what it was."""
    rows = 0

    def counted() -> Iterator[pa.Table]:
        nonlocal rows
        for table in in_groups(_batches(store, group)):
            rows += table.num_rows
            yield table.cast(schema)

    with opened(store, group[0].path) as file:
        schema = file.schema_arrow
    content = parquet_of(counted(), schema)
    if rows != sum(one.rows for one in group):
        raise IncompleteError(
            f"Files of {store.location(PAGES)} changed while they were read.", "", "Run rayocr compact again."
        )
    return content


def _batches(store: Store, group: Sequence[PagesFile]) -> Iterator[pa.Table]:
    """The rows of the files, a row group at a time."""
    for one in group:
        with opened_whole(store, one.path) as file:
            for index in range(file.num_row_groups):
                yield valid_rows(file, index).replace_schema_metadata(None)
