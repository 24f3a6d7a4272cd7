"""A failed read replaces no version that was read, whatever came before: rules and record."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.contracts import DocRef
from pipelines.ledger import Ledger
from pipelines.stores.local import LocalStore
from pipelines.supersede import supersede
from pipelines.unread import RECORD, Unread, read_record, settle_unread
from pipelines.verify import check_complete, check_output
from tests.pipelines.outputs import Row, publish, ref

READ, DENIED, CORRUPT = "read.empty", "read.denied", "decode.corrupt"
KINDS = ("good", "half", "gone", "mixed", "corrupt", "interrupted")


def rows_of(key: str, version: str, kind: str) -> list[Row]:
    """What a run leaves of a document of three pages."""
    good = [Row(key, page, 3, version) for page in range(3)]
    bad = Row(key, 0, None, version, "failed", READ)
    return {
        "good": good,
        "half": [*good[:2], Row(key, 2, 3, version, "failed", CORRUPT)],
        "gone": [bad],
        "mixed": [*good[:2], Row(key, 2, None, version, "failed", DENIED)],
        "corrupt": [Row(key, 0, None, version, "failed", CORRUPT)],
        "interrupted": good[:1],
    }[kind]


def settled(store: LocalStore, refs: list[DocRef]) -> Ledger:
    """What a run does at its end."""
    ledger = Ledger.load(store)
    settle_unread(store, "run", ledger, refs, read_record(store), lambda: True)
    ledger = Ledger.load(store)
    changed = ledger.changed(refs)
    complete = [one for one, done in zip(changed, ledger.complete(changed).tolist(), strict=True) if done]
    supersede(store, "run", complete)
    return Ledger.load(store)


def test_rows_of_the_older_version_stay_and_the_reason_is_kept(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    publish(store, "a", [*rows_of("a", "1", "good"), *rows_of("b", "1", "good")])
    publish(store, "b", rows_of("a", "2", "gone"))
    refs = [ref("a", "2"), ref("b", "1")]
    ledger = settled(store, refs)
    assert ledger.rows_of(ref("a", "1")) is not None
    assert ledger.rows_of(ref("a", "2")) is None
    assert read_record(store) == {refs[0].document_id: Unread(refs[0].document_id, "a", "2", READ)}
    report = check_output(store, ledger, refs, unread=read_record(store))
    assert (report.unread.first, report.missing.count, report.changed.count) == ((f"a: {READ}",), 0, 0)
    assert (report.exit_code, check_complete(ledger, refs).complete) == (3, False)


def test_a_version_that_was_read_makes_room_for_none_that_was_not(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    publish(store, "a", rows_of("a", "1", "gone"))
    publish(store, "b", rows_of("a", "2", "gone"))
    ledger = settled(store, [ref("a", "2")])
    assert ledger.rows_of(ref("a", "1")) is None, "it says nothing, and is older"
    assert ledger.complete([ref("a", "2")]).tolist() == [True]


@settings(max_examples=25, deadline=None)
@given(history=st.lists(st.sampled_from(KINDS), min_size=1, max_size=5), returns=st.booleans())
def test_any_history_leaves_one_version(
    tmp_path_factory: pytest.TempPathFactory, history: list[str], returns: bool
) -> None:
    store = LocalStore(str(tmp_path_factory.mktemp("history")))
    best = ""
    for number, kind in enumerate(history):
        one = ref("a", str(number))
        publish(store, f"file-{number}", rows_of("a", one.version, kind))
        ledger = settled(store, [one])
        held = {str(other) for other in range(number + 1) if ledger.rows_of(ref("a", str(other)))}
        proof = check_complete(ledger, [one], read_record(store))
        if kind == "interrupted":
            assert not proof.complete
            continue
        if proof.unread:
            assert kind in ("gone", "mixed")
            assert held, "what was read stays"
        assert len(held) == 1, held
        assert proof.complete
        assert proof.doubled == ()
        if "interrupted" not in history[:number]:
            nothing_before = not best or history[int(best)] == "gone"
            best = str(number) if kind not in ("gone", "mixed") or nothing_before else best
            assert held == {best}
    if returns:
        last = ref("a", "back")
        publish(store, "back", rows_of("a", "back", "good"))
        ledger = settled(store, [last])
        assert ledger.totals.rows == 3
        assert check_complete(ledger, [last], read_record(store)).complete
        assert read_record(store) == {}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 100_000, b'"x"', b'[1, {"key": 2}, null]', b"\xff\0", b"1e999", b"{}"]
)
def test_a_record_that_is_none_says_nothing(tmp_path: Path, content: bytes) -> None:
    store = LocalStore(str(tmp_path))
    store.put(RECORD, content)
    assert read_record(store) == {}


def test_entries_of_other_sources_stay(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    publish(store, "a", [*rows_of("a", "1", "good"), *rows_of("b", "1", "good")])
    publish(store, "b", [*rows_of("a", "2", "gone"), *rows_of("b", "2", "gone")])
    settled(store, [ref("a", "2")])
    settled(store, [ref("b", "2")])
    assert {one.key for one in read_record(store).values()} == {"a", "b"}
    settled(store, [ref("a", "1")])
    assert {one.key for one in read_record(store).values()} == {"b"}
