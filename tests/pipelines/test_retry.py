"""Failed pages again: which ones, and every page once whatever the command dies at."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from actors.errors import ERROR_CODES, ConfigError
from pipelines.config import load_config
from pipelines.ledger import Ledger
from pipelines.ledger_rows import rows_of_table
from pipelines.retry import CAREFUL_SIDE, careful_config, codes_named, drop_retried
from pipelines.stores.local import LocalStore
from pipelines.supersede import finish_swaps
from tests.cli import rows
from tests.pipelines.outputs import RUN, Row, document, publish, ref, table
from tests.pipelines.test_supersede import DiedError, DyingStore


def failed(key: str, page: int = 0, count: int | None = 1, code: str = "ocr.timeout") -> Row:
    return Row(key, page, count, status="failed", code=code)


def states(output: Path) -> dict[tuple[str, int], str]:
    found = rows(output, ["key", "page_index", "status", "error_code"])
    assert max(Counter((row["key"], row["page_index"]) for row in found).values()) == 1
    return {(row["key"], row["page_index"]): row["error_code"] or row["status"] for row in found}


def drop(store: LocalStore) -> int:
    return drop_retried(store, "run", Ledger.load(store), lambda: True)


def test_codes_by_name_by_family_and_all() -> None:
    assert codes_named(["ocr.timeout"]) == {"ocr.timeout"}
    assert codes_named(["ocr"]) == {code for code in ERROR_CODES if code.startswith("ocr.")}
    assert codes_named(["read.missing", "decode"]) > {"read.missing", "decode.corrupt"}
    assert codes_named([]) == set(ERROR_CODES)


def test_an_unknown_code_names_its_neighbour() -> None:
    with pytest.raises(ConfigError, match=r"no error code 'ocr.timeut'") as caught:
        codes_named(["ocr", "ocr.timeut"])
    assert caught.value.why == "Did you mean ocr.timeout?"


def test_the_ledger_gives_failed_pages_again_and_no_others() -> None:
    found = [
        *document("a", 3, [0, 2]),
        failed("a", 1, 3),
        *document("b", 1),
        failed("c", 0, None, "read.empty"),
    ]
    ledger = Ledger(rows_of_table(table(found)))
    refs = [ref("a"), ref("b"), ref("c"), ref("new")]
    todo = {one.key: one.done_pages for one in ledger.pending(refs, {"ocr.timeout"})}
    assert todo == {"a": (0, 2), "new": ()}
    assert {one.key for one in ledger.pending(refs, ERROR_CODES)} == {"a", "c", "new"}
    assert {one.key for one in ledger.pending(refs)} == {"new"}
    assert [(one.key, page, code) for one, page, code in ledger.failures(refs)] == [
        ("a", 1, "ocr.timeout"),
        ("c", 0, "read.empty"),
    ]


def test_nothing_failed_nothing_there() -> None:
    ledger = Ledger()
    assert list(ledger.pending([ref("a")], ERROR_CODES)) == [ref("a")]
    assert list(ledger.failures([ref("a")])) == []
    assert ledger.with_repeated_pages() == set()
    assert not ledger.stale([ref("a")]).any()


@pytest.mark.parametrize("changes", range(12))
def test_dying_at_any_change_is_mended_by_the_next_command(tmp_path: Path, changes: int) -> None:
    store = LocalStore(str(tmp_path))
    publish(store, "old-1", [*document("a", 3, [0, 2]), failed("a", 1, 3), failed("b")])
    publish(store, "old-2", [failed("c"), failed("d"), *document("e", 1)])
    publish(store, "old-3", [failed("f", 0, None, "decode.corrupt")])
    publish(store, "retry", [Row("a", 1, 3), Row("b"), failed("c", code="ocr.crashed"), *document("f", 2)])
    try:
        drop_retried(DyingStore(store, changes), RUN, Ledger.load(store), lambda: True)
    except DiedError:
        finish_swaps(store)
        drop(store)
    assert not store.list("_swap")
    assert states(tmp_path) == {
        **{("a", page): "ok" for page in range(3)},
        ("b", 0): "ok",
        ("c", 0): "ocr.crashed",
        ("d", 0): "ocr.timeout",
        ("e", 0): "ok",
        ("f", 0): "ok",
        ("f", 1): "ok",
    }
    assert drop(store) == 0


def test_a_failed_read_replaces_no_other_failure(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    publish(store, "old", [failed("a", 0, 3), failed("b", code="read.empty")])
    publish(store, "new", [failed("a", 0, None, "read.missing"), failed("b", code="read.missing")])
    assert drop(store) == 2
    assert states(tmp_path) == {("a", 0): "ocr.timeout", ("b", 0): "read.missing"}


def test_of_a_page_that_is_doubled_for_another_reason_one_row_stays(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    publish(store, "one", [Row("a"), failed("b"), Row("b", version="2")])
    publish(store, "two", [Row("a")])
    assert drop(store) == 1
    assert Ledger.load(store).totals.rows == 3


def test_careful_settings() -> None:
    flags = {"source.path": "in", "output.path": "out"}
    engine = careful_config(load_config(flags=flags)).engine
    assert (engine.det_limit_side, engine.det_limit_type) == (CAREFUL_SIDE, "max")
    overrides = ["engine.det_limit_side=640", "engine.det_limit_type=max", "resources.batch_pages=8"]
    careful = careful_config(load_config(None, overrides, flags))
    assert careful.engine.det_limit_side == 640
    assert careful.resources.batch_pages == 1
