"""`rayocr.json`: the output's card, which says what it was made with, and of which sources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter

from actors.errors import ConfigError
from actors.schema import SCHEMA_VERSION
from actors.selection import ALL_PAGES, PageSelection
from pipelines.sources.origin import Origin
from pipelines.store import Store, or_incomplete
from pipelines.stored_json import parsed

CARD = "rayocr.json"


@dataclass(frozen=True, slots=True)
class Card:
    """What an output is made with: `settings` are the fingerprint's parts in clear.

    `deviations`: fingerprints that pages tried again with careful settings may have, each with what differs.
    `sources`: where its documents came from; none in outputs that were made before that was remembered.
    """

    fingerprint: str
    settings: Mapping[str, str]
    schema_version: int = SCHEMA_VERSION
    deviations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sources: tuple[Origin, ...] = ()

    @property
    def fingerprints(self) -> frozenset[str]:
        """All that the rows of the output may have."""
        return frozenset({self.fingerprint, *self.deviations})

    @property
    def wanted(self) -> PageSelection:
        """The pages of each document that the output is to hold."""
        pages = self.settings.get("decode.pages")
        return ALL_PAGES if pages is None else PageSelection.parse(pages)

    def to_json(self) -> bytes:
        """The file's content."""
        tree: dict[str, object] = {
            "schema_version": self.schema_version,
            "fingerprint": self.fingerprint,
            "settings": dict(sorted(self.settings.items())),
        }
        if self.deviations:
            tree["deviations"] = {name: dict(sorted(one.items())) for name, one in self.deviations.items()}
        if self.sources:
            tree["sources"] = [origin.tree() for origin in self.sources]
        return (json.dumps(tree, indent=2) + "\n").encode()


def allow_deviation(store: Store, card: Card, other: Card) -> Card:
    """Note in the output's card that rows of these other settings may be in it, before any is. The caller
    holds the lock."""
    if other.fingerprint in card.fingerprints:
        return card
    differences = {name: value for name, value in other.settings.items() if card.settings.get(name) != value}
    card = replace(card, deviations={**card.deviations, other.fingerprint: differences})
    write_card(store, card)
    return card


def write_card(store: Store, card: Card) -> None:
    """Put the card into the output. The caller holds the lock."""
    store.put(CARD, card.to_json())


def read_card(store: Store) -> Card | None:
    """The output's card, None if it has none. Raises ConfigError if it is damaged, or of a newer release;
    IncompleteError if the store fails."""
    with or_incomplete(store):
        content = store.read(CARD) if store.exists(CARD) else None
    if content is None:
        return None
    try:
        version = parsed(content, _VERSIONED).schema_version
        if version <= SCHEMA_VERSION:
            return _card(parsed(content, _STORED))
    except (ValueError, KeyError, TypeError, AttributeError, ConfigError) as error:
        raise ConfigError(
            f"{store.location(CARD)} is damaged, or is not rayocr's.",
            f"{type(error).__name__}: {error}",
            "Take another output.path, or restore that file.",
        ) from error
    raise ConfigError(
        f"The output was written by a newer rayocr (schema {version}).",
        f"This one knows schema {SCHEMA_VERSION}.",
        "Update rayocr, or take another output.path.",
    )


@dataclass(frozen=True, slots=True)
class _Versioned:
    """What the card of any release says."""

    schema_version: int


@dataclass(frozen=True, slots=True)
class _Stored:
    """A card as it stands in the file. Fields that this release does not know are left out."""

    schema_version: int
    fingerprint: str
    settings: dict[str, str]
    deviations: dict[str, dict[str, str]] = field(default_factory=dict)
    sources: list[dict[str, Any]] = field(default_factory=list)


_VERSIONED, _STORED = TypeAdapter(_Versioned), TypeAdapter(_Stored)


def _card(stored: _Stored) -> Card:
    """Raises ValueError, KeyError, TypeError or ConfigError for values that no card has."""
    if stored.schema_version < 1:
        raise ValueError("schema_version counts from 1")
    sources = tuple(Origin.from_tree(one) for one in stored.sources)
    card = Card(stored.fingerprint, stored.settings, stored.schema_version, stored.deviations, sources)
    PageSelection.parse(card.settings.get("decode.pages", "1"))
    return card
