"""Journals of replacements in `_swap/`: what they hold, and how they are read back.

A journal deletes and moves files, and an output may come from a stranger. So one is followed only if all of
it has the form that rayocr writes, and it names nothing but files of rows below `pages/` and `_staging/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ConfigDict, TypeAdapter, with_config

from actors.errors import ConfigError
from pipelines.own_names import is_pages, is_pair, names_of
from pipelines.parquet import open_rows
from pipelines.seal import SealError
from pipelines.stored_json import FormError, parsed

if TYPE_CHECKING:
    from pipelines.store import Store

SWAP = "_swap"


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Swap:
    """One file to be replaced: `old` goes, `staged` becomes `new`; None where no row is left of it."""

    old: str
    staged: str | None
    new: str | None


_JOURNAL = TypeAdapter(list[Swap])


def read_journal(store: Store, path: str) -> list[Swap]:
    """What a journal says. Raises ConfigError if it is none of ours, FileNotFoundError if it is gone."""
    try:
        swaps = parsed(store.read(path), _JOURNAL)
        _check(swaps)
    except FormError as error:
        raise ConfigError(
            f"The journal {store.location(path)} is damaged, of a newer rayocr, or not rayocr's.",
            str(error),
            "If a newer rayocr works here, use that. If not, move the file out of the output and run"
            " rayocr verify: it says whether a page is missing, or there twice.",
        ) from error
    return swaps


def is_rows(store: Store, path: str) -> bool:
    """Whether a file of `pages/` is rayocr's: by its name or, where somebody renamed it, by what its footer
    says. One that is gone is not there to be asked."""
    if is_pages(path):
        return True
    import pyarrow as pa

    try:
        with store.open(path) as stream:
            return b"schema_version" in (open_rows(stream).schema_arrow.metadata or {})
    except (FileNotFoundError, pa.ArrowException, SealError):
        return False
    except OSError as error:
        if error.errno is None:  # Arrow's word for damage inside a file
            return False
        raise


def _check(swaps: Sequence[Swap]) -> None:
    """Raise FormError if a path is none that a journal can name, or if files are replaced by one another."""
    staged_of: dict[str, str] = {}
    for swap in swaps:
        if not _is_table(swap.old):
            raise FormError("It replaces something that is no file of pages/.")
        if swap.staged is None and swap.new is None:
            continue
        if swap.staged is None or swap.new is None or not is_pair(swap.staged, swap.new):
            raise FormError("It puts something in the place of a file that no command staged.")
        staged_of[swap.new] = swap.staged
    if any(swap.old in staged_of for swap in swaps):
        raise FormError("It replaces a file that it brings.")
    if len({swap.old for swap in swaps}) < len(swaps):
        raise FormError("It replaces a file twice.")


def _is_table(path: str) -> bool:
    try:
        names = names_of(path)
    except ConfigError:
        return False
    return len(names) > 1 and names[0] == "pages" and names[-1].endswith(".parquet")
