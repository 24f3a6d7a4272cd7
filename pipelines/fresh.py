"""`--fresh-output`: another folder beside an output that was made with other settings. Nothing is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.errors import ConfigError
from pipelines.card import Card, read_card
from pipelines.ledger import PAGES

if TYPE_CHECKING:
    from pipelines.config import Config
    from pipelines.store import Store

_MOST = 1000


def fresh_output(config: Config, card: Card) -> Config:
    """The config with the first of `path`, `path-2`, `path-3` ... that is new, or was made with the card's
    settings: so the same command goes on where it stopped. Raises ConfigError if all are taken."""
    from pipelines.store import open_store

    root = config.output.path.rstrip("/") or config.output.path
    for number in range(1, _MOST):
        path = config.output.path if number == 1 else f"{root}-{number}"
        if _fits(open_store(path, config.output.storage_options), card):
            return config.model_copy(update={"output": config.output.model_copy(update={"path": path})})
    raise ConfigError(
        f"There are outputs {root} to {root}-{_MOST - 1}.",
        "All of them were made with other settings.",
        "Take another output.path.",
    )


def _fits(store: Store, card: Card) -> bool:
    try:
        old = read_card(store)
    except ConfigError:  # damaged, or of a newer release
        return False
    if old is not None and old.fingerprint == card.fingerprint:
        return True
    return not store.list(PAGES)  # a card without pages claims nothing
