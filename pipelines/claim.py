"""Claiming an output: its settings are fixed from its first page on, and not before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from actors.errors import ConfigError
from pipelines.card import CARD, Card, read_card, write_card
from pipelines.lock import RunLock
from pipelines.publish import Publisher
from pipelines.store import Store, or_incomplete
from pipelines.supersede import files_of_pages, finish_swaps


def claim_output(store: Store, lock: RunLock, run_id: str, card: Card) -> Card:
    """Write the card into an output without pages, or check that one with pages was made with the same
    settings. Returns the output's own. The caller holds the lock.

    Raises ConfigError with the differences, or if the output is of a newer release.
    """
    old = read_card(store)
    if old is not None and old.fingerprint == card.fingerprint:
        return old
    if old is not None and not _is_unclaimed(store, lock, run_id):
        raise ConfigError(
            f"The output {store.location('')} was made with other settings.",
            "; ".join(_differences(old.settings, card.settings)),
            "Restore those settings, or take another output.path (--fresh-output names one): nothing is mixed"
            " or deleted.",
        )
    write_card(store, card)
    return card


@contextmanager
def claimed(store: Store, lock: RunLock, run_id: str, card: Card) -> Iterator[Card]:
    """The claim as a context: if what is done in it is refused before there is a page, a card that it wrote
    goes. One that is left by a killed process claims nothing either: see `claim_output`."""
    with or_incomplete(store):
        before = read_card(store)
        mine = claim_output(store, lock, run_id, card)
    try:
        yield mine
    except BaseException:
        if before is None or before.fingerprint != mine.fingerprint:
            with suppress(Exception):  # it must not hide what ended the run
                if lock.still_held() and not files_of_pages(store):
                    store.delete(CARD)
        raise


def _is_unclaimed(store: Store, lock: RunLock, run_id: str) -> bool:
    """Whether there is no page, and none can come of those that were at work before."""
    if files_of_pages(store):
        return False
    finish_swaps(store)
    Publisher(store, lock, run_id).sweep()
    return not files_of_pages(store)


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    return [f"{name}: {old.get(name, 'none')} there, {new.get(name, 'none')} now" for name in names]
