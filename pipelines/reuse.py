"""Which documents of a run need no engine, since the output knows their content, and which are forgotten."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actors.attached import is_within
from actors.contracts import DocRef
from pipelines.dedup import Twin, find_known, find_twins
from pipelines.forget import Leaving, leaving
from pipelines.sources.origin import Origin

if TYPE_CHECKING:
    from pipelines.card import Card
    from pipelines.config import Config
    from pipelines.ledger import Ledger
    from pipelines.store import Store


@dataclass(frozen=True, slots=True)
class Reuse:
    """Documents that get rows of others, and documents whose rows leave the table at the end."""

    twins: Sequence[Twin]
    left: Leaving


def reuse(
    store: Store,
    ledger: Ledger,
    config: Config,
    card: Card,
    refs: Sequence[DocRef],
    again: Collection[str],
    *,
    forgets: bool,
) -> Reuse:
    """Compare what lacks with what is there. `again`: codes of failed pages that count as lacking.

    Raises ConfigError if documents were to be forgotten that must not be.
    """
    gone = ledger.orphaned(refs) if config.source.limit is None else set()
    todo = list(ledger.pending(refs, again))
    if config.output.dedup:
        twins = find_twins(todo, ledger, store, config)
    else:
        origin = Origin.of(config.source)
        keys = {ref.key for ref in refs}
        known = find_known(todo, gone, ledger, store, config)
        twins = [
            one
            for one in known
            if not _is_gone(one, gone)
            or (origin.owns(one.canonical.key, card.sources) and not is_within(one.canonical.key, keys))
        ]
    left = Leaving()
    if forgets:
        renamed = {one.canonical.document_id for one in twins if _is_gone(one, gone)}
        left = leaving(store, ledger, refs, card, config.source, renamed)
    going = left.ids | {ref.document_id for ref in ledger.changed(refs)}
    twins = [replace(one, inherits=one.canonical.document_id in going) for one in twins]
    return Reuse(twins, left)


def tell(found: Reuse, dedup: bool, say: Callable[[str], None]) -> None:
    """Say what was found, in a line of each kind."""
    if found.twins and dedup:
        say(f"{len(found.twins):,} documents have the content of others, and wait for their rows")
        return
    touched = sum(one.ref.document_id == one.canonical.document_id for one in found.twins)
    renamed = [one for one in found.twins if one.ref.document_id != one.canonical.document_id]
    if renamed:
        some = ", ".join(f"{one.canonical.key} is {one.ref.key}" for one in renamed[:2])
        rest = " ..." if len(renamed) > 2 else ""
        old = "" if all(one.inherits for one in renamed) else "; --forget takes out those of their old names"
        say(f"{_count(len(renamed))} renamed ({some}{rest}): rows are taken over, without an engine{old}")
    if touched:
        say(f"{_count(touched)} touched, and have the content that they had: their rows stay")


def _is_gone(twin: Twin, gone: Collection[str]) -> bool:
    return twin.canonical.document_id in gone


def _count(documents: int) -> str:
    return f"{documents:,} document was" if documents == 1 else f"{documents:,} documents were"
