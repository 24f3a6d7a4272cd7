"""`--forget`: rows of documents that left the source leave the table, under the journal of replacements.

Which they are is decided when the run begins, and nothing is taken out before all that is listed is complete:
a document that was renamed has its rows under the new name by then. What looks like a disk that is not
mounted is refused, before anything is started.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.attached import is_within
from actors.contracts import DocRef
from actors.errors import ConfigError
from actors.uris import absolute, escape_name, parse_uri, unescape_name
from pipelines.held import Held, held_documents
from pipelines.sources.filter import canonical, is_below
from pipelines.sources.glob import split
from pipelines.sources.kinds import kind_of
from pipelines.sources.origin import Origin
from pipelines.supersede import files_of_pages, without_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.card import Card
    from pipelines.ledger import Ledger
    from pipelines.sources.config import SourceConfig
    from pipelines.store import Store

NAMES = 5
"""How many of the documents that are forgotten a run names."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """Documents that left the source, by id, and their keys in order."""

    ids: frozenset[str] = frozenset()
    keys: tuple[str, ...] = ()

    def __or__(self, other: Leaving) -> Leaving:
        """Both."""
        return Leaving(self.ids | other.ids, tuple(sorted({*self.keys, *other.keys})))

    def describe(self) -> str:
        """How many, and the first of them."""
        rest = f" and {len(self.keys) - NAMES:,} more" if len(self.keys) > NAMES else ""
        noun = "document" if len(self.keys) == 1 else "documents"
        return f"{len(self.keys):,} {noun} that left the source: {', '.join(self.keys[:NAMES])}{rest}"


def check_whole(source: SourceConfig) -> None:
    """Raise ConfigError if only a part of the source is listed: the rest has not left it."""
    if source.limit is not None:
        raise ConfigError(
            "--forget needs the whole source.",
            f"source.limit (--limit) lists the first {source.limit:,} documents alone.",
            "Leave it out, or --forget.",
        )


def leaving(
    store: Store,
    ledger: Ledger,
    refs: Sequence[DocRef],
    card: Card,
    source: SourceConfig,
    renamed: Collection[str] = (),
) -> Leaving:
    """The documents of this source that have rows and are not listed. `renamed`: ids of those whose content
    is listed under another name.

    Raises ConfigError if that looks like a disk that is not mounted, or if nobody can tell whose they are.
    """
    gone = ledger.orphaned(refs)
    if not gone:
        return Leaving()
    keys = {ref.key for ref in refs}
    there = held_documents(store, gone)  # what is attached to a listed document is in no listing
    there = {name: one for name, one in there.items() if not is_within(one.key, keys)}
    held = _of_this_source(there, card, source)
    if held and not renamed and not ledger.knows_any(refs):
        raise ConfigError(
            "--forget would leave nothing of what the output holds.",
            f"None of its {len(gone):,} documents is in the source: {_first(held)}.",
            "Check that the source is what it was, and its disk mounted. A new source takes a new output.",
        )
    if kind_of(source) in ("folder", "glob") and parse_uri(source.path).is_local:
        _refuse_empty_folders(source, held)
    return Leaving(frozenset(one.document_id for one in held), tuple(sorted(one.key for one in held)))


def detached(store: Store, ledger: Ledger, refs: Sequence[DocRef]) -> Leaving:
    """The documents with rows that were attached to listed ones and are no longer. `refs`: all that are
    listed, and all that are attached to them, which is known once everything is complete."""
    keys = {ref.key for ref in refs}
    there = held_documents(store, ledger.orphaned(refs)).values()
    held = [one for one in there if is_within(one.key, keys)]
    return Leaving(frozenset(one.document_id for one in held), tuple(sorted(one.key for one in held)))


def forget(store: Store, run_id: str, ids: Collection[str], still_held: Callable[[], bool]) -> int:
    """Take out all rows of these documents; returns files replaced. The caller holds the lock, and has seen
    that everything that is listed is complete. Raises IncompleteError if the lock is lost."""
    if not ids:
        return 0
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(sorted(ids), pa.string())

    def kept(_path: str, rows: pa.Table) -> list[bool]:
        found = pc.is_in(rows.column("document_id"), value_set=wanted)
        return [not one for one in found.to_pylist()]

    return without_rows(store, run_id, files_of_pages(store), ("document_id",), kept, still_held)


def _of_this_source(gone: dict[str, Held], card: Card, source: SourceConfig) -> list[Held]:
    """Those that this source gave, and not another one that shares the output."""
    origin = Origin.of(source)
    mine = [one for one in gone.values() if origin.owns(one.key, card.sources)]
    beside = [one for one in card.sources if one.name == origin.name and not one.is_same_place(origin)]
    if not beside or not mine:
        return mine
    root = _root(source)
    if root is None:
        raise ConfigError(
            "--forget cannot tell whose documents these are.",
            f"{len(mine):,} are not listed, and the output also has documents of {beside[0].path}.",
            "Sources that share an output need names (source.name), or one list of all their documents.",
        )
    return [one for one in mine if is_below(canonical(one.uri), canonical(root))]


def _root(source: SourceConfig) -> str | None:
    """The folder or prefix that all documents of the source are below; None if it has none."""
    kind = kind_of(source)
    if kind == "glob":
        return split(parse_uri(source.path).text)[0]
    return source.path if kind == "folder" else None


def _refuse_empty_folders(source: SourceConfig, held: Iterable[Held]) -> None:
    """A disk that is not mounted leaves an empty folder, or a link to nothing."""
    root = _root(source)
    assert root is not None
    root = absolute(parse_uri(root).path)
    prefix = "" if source.name is None else f"{source.name}/"
    folders = {unescape_name(one.key.removeprefix(prefix)).rpartition("/")[0] for one in held}
    for folder in sorted(folders):
        there = _nearest(root, folder)
        if there != root and not _holds_something(there):
            raise ConfigError(
                f"--forget stops at {escape_name(there)}: nothing is in it.",
                "Documents that the output holds were there. A disk that is not mounted looks like this.",
                "Mount it. If they were deleted, delete what is left of that folder, too, and run again.",
            )


def _nearest(root: str, folder: str) -> str:
    """The deepest part of a folder's path that is there."""
    path = os.path.join(root, folder) if folder else root  # noqa: PTH118 - names as they stand
    while path != root and not os.path.lexists(path):
        path = path.rpartition("/")[0]
    return path


def _holds_something(path: str) -> bool:
    try:
        with os.scandir(path) as entries:
            return next(entries, None) is not None
    except OSError:  # a link to nothing, or no folder
        return False


def _first(held: Sequence[Held]) -> str:
    keys = sorted(one.key for one in held)
    return ", ".join(keys[:NAMES]) + (" ..." if len(keys) > NAMES else "")
