"""What every command that writes into an output does first: what an earlier one left half done is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.ledger import Ledger
from pipelines.migrate import migrate
from pipelines.publish import Publisher
from pipelines.retry import drop_retried
from pipelines.supersede import finish_swaps

if TYPE_CHECKING:
    from pipelines.card import Card
    from pipelines.lock import RunLock
    from pipelines.store import Store


def tidied(store: Store, lock: RunLock, run_id: str, card: Card) -> Ledger:
    """Finish replacements, empty the staging folder, bring rows of an older schema to today's, take out rows
    that a retry has left behind, and say what is there. The caller holds the lock.

    Raises ConfigError for files that cannot be trusted, IncompleteError if the lock is lost.
    """
    finish_swaps(store)
    Publisher(store, lock, run_id).sweep()
    migrate(store, run_id, card, lock.still_held)
    ledger = Ledger.load(store, card.fingerprints, card.wanted)
    if drop_retried(store, run_id, ledger, lock.still_held):
        ledger = Ledger.load(store, card.fingerprints, card.wanted)
    return ledger
