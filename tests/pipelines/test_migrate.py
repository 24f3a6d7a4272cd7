"""Rows of schema 1 with the columns of today, file by file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actors.errors import IncompleteError
from actors.schema import SCHEMA_VERSION, page_row_schema
from pipelines.card import Card, read_card
from pipelines.ledger import Ledger
from pipelines.migrate import migrate, of_today
from pipelines.parquet import open_rows
from pipelines.store import Store, open_store
from pipelines.supersede import finish_swaps
from tests.fixtures.make_output import folder_of
from tests.pipelines.outputs import RUN, Row, document, publish
from tests.pipelines.test_supersede import DiedError, DyingStore

CARD = Card("fingerprint", {})
FIRST = next((folder_of(1) / "output" / "pages").glob("*.parquet"))


def rows_of_schema_1() -> pa.Table:
    with FIRST.open("rb") as stream:
        return open_rows(stream).read()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "out"), {})


def test_the_columns_are_those_of_today_and_nothing_else_changes() -> None:
    old = rows_of_schema_1()
    new = of_today(old)
    assert new.schema == page_row_schema()
    for name in set(old.column_names) - {"engine", "meta"}:
        assert new.column(name).to_pylist() == old.column(name).to_pylist(), name
    assert new.column("fingerprint").to_pylist() == old.column("engine").to_pylist()
    assert new.column("lines_kept").to_pylist() == old.column("line_count").to_pylist()
    assert set(map(str, new.column("notices").to_pylist())) == {"[]"}
    assert new.column("lines_found").null_count == new.num_rows


def test_a_manifest_s_columns_become_pairs() -> None:
    old = rows_of_schema_1().slice(0, 2)
    meta = pa.array([[("shelf", "7"), ("of", "a")], []], pa.map_(pa.string(), pa.string()))
    old = old.set_column(old.schema.get_field_index("meta"), "meta", meta)
    pairs = [{"key": "shelf", "value": "7"}, {"key": "of", "value": "a"}]
    assert of_today(old).column("meta").to_pylist() == [pairs, []]


def older(store: Store) -> Card:
    """An output of schema 1 beside a file of today, as a migration leaves it that was cut off."""
    store.put("pages/old.parquet", FIRST.read_bytes())
    publish(store, "new", document("new", 2))
    card = replace(CARD, schema_version=1)
    store.put("rayocr.json", card.to_json())
    return card


def test_files_of_an_older_schema_are_replaced_and_the_card_says_so(store: Store) -> None:
    card = migrate(store, "run", older(store), lambda: True)
    assert read_card(store) == card == replace(CARD, schema_version=SCHEMA_VERSION)
    paths = [entry.path for entry in store.list("pages")]
    assert "pages/new.parquet" in paths and "pages/old.parquet" not in paths and len(paths) == 2
    for path in paths:
        with store.open(path) as stream:
            found = pq.ParquetFile(stream).schema_arrow
        assert found.remove_metadata() == page_row_schema()
        assert found.metadata[b"schema_version"] == str(SCHEMA_VERSION).encode()
    assert Ledger.load(store).totals.rows == rows_of_schema_1().num_rows + 2
    assert not list(store.list("_swap")) and not list(store.list("_staging"))


def test_an_output_of_today_is_not_looked_at(store: Store) -> None:
    store.put("pages/odd.parquet", b"no Parquet")
    assert migrate(store, "run", CARD, lambda: True) is CARD


def test_without_the_lock_nothing_is_replaced(store: Store) -> None:
    with pytest.raises(IncompleteError, match="lost its lock"):
        migrate(store, "run", older(store), lambda: False)
    assert store.exists("pages/old.parquet")


def test_rows_of_both_schemas_count_alike(store: Store) -> None:
    older(store)
    publish(
        store, "noticed", [Row("noticed", notices=("text.unread",)), Row("odd", notices=("of.tomorrow",))]
    )
    totals = Ledger.load(store).totals
    assert (totals.notices, totals.noticed) == ({"text.unread": 1}, 1)


@pytest.mark.parametrize("changes", range(11))
def test_dying_at_any_change_is_finished_by_the_next_command(store: Store, changes: int) -> None:
    card = older(store)
    store.put("pages/another.parquet", FIRST.read_bytes())  # the same rows: each is there twice, to the end
    rows = Ledger.load(store).totals.rows
    try:
        migrate(DyingStore(store, changes), RUN, card, lambda: True)
    except DiedError:
        finish_swaps(store)
        migrate(store, "next", read_card(store) or card, lambda: True)
    else:
        assert changes > 8, "every change before is one that a migration can die at"
    assert Ledger.load(store).totals.rows == rows
    assert read_card(store) == replace(CARD, schema_version=SCHEMA_VERSION)
    assert not list(store.list("_swap"))
