"""What lies in an output's folders and is not rayocr's: it is never touched, and keeps a new output away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.errors import ConfigError
from actors.uris import escape_name
from pipelines.card import CARD
from pipelines.journal import SWAP, is_rows
from pipelines.ledger import PAGES
from pipelines.lock_file import CLAIMS, LOCK, owner_in
from pipelines.own_names import is_claim, is_journal, is_staged, is_temporary
from pipelines.publish import STAGING

if TYPE_CHECKING:
    from pipelines.store import Store

_NAMES = 3


def check_new(store: Store) -> None:
    """Raise ConfigError if a folder without a card holds what is not rayocr's where an output has its files.

    Such a folder is somebody's: a thesis may have its own `pages/`. Nothing was written into it yet.
    """
    try:
        found = [] if store.exists(CARD) else _in_the_way(store)
    except OSError as error:
        raise ConfigError(
            f"The output {store.location('')} cannot be read.",
            f"{type(error).__name__}: {error.strerror or error}",
            "Give access, check its address and output.storage_options, or take another output.path.",
        ) from error
    if found:
        rest = f" and {len(found) - _NAMES:,} more" if len(found) > _NAMES else ""
        raise ConfigError(
            f"{store.location('')} is no output of rayocr, and holds files where one has its own.",
            f"It has no rayocr.json, and {', '.join(map(escape_name, found[:_NAMES]))}{rest}.",
            "Take another output.path, or move them away if they are not needed.",
        )


def _in_the_way(store: Store) -> list[str]:
    found = foreign_names(store)
    found += [path for path in _rows(store) if not is_rows(store, path)]
    if store.exists(LOCK) and owner_in(store.read(LOCK)) is None:
        found.append(LOCK)
    return found


def foreign_names(store: Store) -> list[str]:
    """The paths in the folders of an output that no release of rayocr writes, hidden ones too. Any table
    below `pages/` is not among them: the ledger looks into those. Raises what the store raises."""
    found = [entry.path for entry in store.list(PAGES) if not _is_table(entry.path)]
    found += [entry.path for entry in store.list(STAGING) if not is_staged(entry.path)]
    found += [entry.path for entry in store.list(SWAP) if not is_journal(entry.path)]
    found += [entry.path for entry in store.list(CLAIMS) if not is_claim(entry.path)]
    return [path for path in found if not is_temporary(path)]


def _rows(store: Store) -> list[str]:
    return [entry.path for entry in store.list(PAGES) if _is_table(entry.path)]


def _is_table(path: str) -> bool:
    return path.endswith(".parquet")
