"""The proof: every listed document exactly once, page by page."""

from __future__ import annotations

from pipelines.ledger import Ledger
from pipelines.ledger_rows import rows_of_table
from pipelines.verify import Completeness, check_complete
from tests.pipelines.outputs import Row, document, ref, table


def proof(rows: list[Row], *keys: str) -> Completeness:
    return check_complete(Ledger(rows_of_table(table(rows))), [ref(key) for key in keys])


def test_complete() -> None:
    failed = Row("b", 0, None, status="failed", code="decode.corrupt")
    whole = proof([*document("a", 2), failed, *document("not listed", 3)], "a", "b")
    assert whole == Completeness(3, 2, 0, 1, error_codes={"decode.corrupt": 1})
    assert whole.complete


def test_missing() -> None:
    lacking = proof([*document("a", 3, [0, 2]), *document("b", 1)], "a", "b", "c")
    assert lacking.missing == ("a", "c")
    assert not lacking.complete


def test_doubled() -> None:
    rows = [Row("a"), Row("a"), Row("b"), Row("b", version="2"), Row("c")]
    twice = proof(rows, "a", "b", "c")
    assert twice.doubled == ("a", "b")
    assert twice.missing == ()
    assert not twice.complete
    assert proof(rows, "c", "c").doubled == ("c",)


def test_nothing_listed_nothing_missing() -> None:
    assert proof([], "a").missing == ("a",)
    assert proof([]).complete
