"""Rows of documents that left go, whichever store call the command dies at; the others stay once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from actors.contracts import document_id
from actors.errors import IncompleteError
from pipelines.forget import forget
from pipelines.ledger import Ledger
from pipelines.stores.local import LocalStore
from pipelines.supersede import finish_swaps, without_rows
from tests.pipelines.outputs import RUN, document, publish, ref
from tests.pipelines.test_supersede import DiedError, DyingStore

LEFT = {document_id("gone"), document_id("lost")}


def held(store: LocalStore) -> Counter[str]:
    """Rows by document."""
    ledger = Ledger.load(store)
    found = {key: ledger.rows_of(ref(key)) for key in ("stays", "gone", "lost")}
    return Counter({key: one.rows for key, one in found.items() if one is not None})


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """Three files: of both kinds of documents, of those that left, and of one that stays."""
    store = LocalStore(str(tmp_path))
    publish(store, "both", [*document("stays", 3, [0, 1]), *document("gone", 2)])
    publish(store, "left", document("lost", 4))
    publish(store, "rest", document("stays", 3, [2]))
    return store


def test_files_without_such_rows_are_not_touched(store: LocalStore) -> None:
    assert forget(store, "run", LEFT, lambda: True) == 2
    assert held(store) == {"stays": 3}
    assert "pages/rest.parquet" in [entry.path for entry in store.list("pages")]
    assert forget(store, "run", LEFT, lambda: True) == 0
    assert forget(store, "run", (), lambda: True) == 0


@pytest.mark.parametrize("changes", range(7))
def test_it_dies_at_any_change(store: LocalStore, changes: int) -> None:
    dying = DyingStore(store, changes)
    try:
        forget(dying, RUN, LEFT, lambda: True)
    except DiedError:
        pass
    else:
        assert changes > 4
    finish_swaps(store)
    assert held(store) in ({"stays": 3}, {"stays": 3, "gone": 2, "lost": 4})
    assert not store.list("_swap")
    forget(store, "next", LEFT, lambda: True)
    assert held(store) == {"stays": 3}


def test_a_lock_that_is_lost_leaves_no_journal(store: LocalStore) -> None:
    """It is looked at before the journal is written, too."""
    with pytest.raises(IncompleteError):
        without_rows(
            store,
            "run",
            ["pages/left.parquet"],
            ["page_index"],
            lambda _, rows: [False] * rows.num_rows,
            lambda: False,
        )
    assert not store.list("_swap")
    assert held(store)["lost"] == 4
