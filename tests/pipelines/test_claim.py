"""Settings are fixed from an output's first page on."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.errors import ConfigError
from pipelines.card import CARD, Card, read_card
from pipelines.claim import claim_output, claimed
from pipelines.lock import RunLock
from pipelines.sources.origin import Origin
from pipelines.stores.local import LocalStore
from tests.pipelines.outputs import RUN, document, publish, rows_name

OLD, NEW = Card("old", {"engine": "one"}), Card("new", {"engine": "two"})


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(str(tmp_path))


def test_a_card_without_pages_gives_way(store: LocalStore) -> None:
    """Also to one whose staged file a dead run had left."""
    store.put(CARD, OLD.to_json())
    store.put(f"_staging/{RUN}/{rows_name(1)}.parquet", b"of the old settings")
    with RunLock(store, "run") as lock:
        assert claim_output(store, lock, "run", NEW) == NEW
    assert read_card(store) == NEW
    assert not store.list("_staging")


def test_a_card_with_pages_stays(store: LocalStore) -> None:
    store.put(CARD, OLD.to_json())
    publish(store, "a", document("a", 1))
    with (
        RunLock(store, "run") as lock,
        pytest.raises(ConfigError, match="engine: one there, two now"),
        claimed(store, lock, "run", NEW),
    ):
        pass
    assert read_card(store) == OLD


def test_a_refusal_before_the_first_page_takes_the_claim_back(store: LocalStore) -> None:
    with (
        RunLock(store, "run") as lock,
        pytest.raises(ConfigError, match="no such plan"),
        claimed(store, lock, "run", NEW),
    ):
        raise ConfigError("no such plan", "", "")
    assert read_card(store) is None


def test_a_refusal_after_the_first_page_does_not(store: LocalStore) -> None:
    with RunLock(store, "run") as lock, pytest.raises(ConfigError), claimed(store, lock, "run", NEW):
        publish(store, "a", document("a", 1))
        raise ConfigError("later", "", "")
    assert read_card(store) == NEW


def test_a_card_remembers_sources(store: LocalStore) -> None:
    origin = Origin("/in", name="a", ignore=("*.txt", "Icon\r"), include=("*.pdf",))
    card = Card("new", {}, sources=(origin, Origin("s3://b/in")))
    store.put(CARD, card.to_json())
    assert read_card(store) == card


@pytest.mark.parametrize("sources", ['"x"', '["x"]', '[{"kind": "auto"}]', '[{"path": 1}]', "3"])
def test_sources_that_are_none_are_a_damaged_card(store: LocalStore, sources: str) -> None:
    text = f'{{"schema_version": 1, "fingerprint": "f", "settings": {{}}, "sources": {sources}}}'
    store.put(CARD, text.encode())
    with pytest.raises(ConfigError, match="is damaged"):
        read_card(store)
