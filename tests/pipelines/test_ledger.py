"""The ledger: what is in `pages/` is done, page by page and version by version, and nothing else is."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.contracts import DocRef, document_id
from actors.errors import ConfigError
from pipelines.ledger import Ledger
from pipelines.ledger_file import read_rows
from pipelines.ledger_rows import keys_of_refs, rows_of_table
from pipelines.store import Store, open_store
from pipelines.stores.local import LocalStore
from tests.pipelines.outputs import Row, document, publish, ref, table


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path))


def ledger_of(*rows: Row) -> Ledger:
    return Ledger(rows_of_table(table(rows)))


def pending(ledger: Ledger, *refs: DocRef) -> list[tuple[str, tuple[int, ...]]]:
    return [(one.key, one.done_pages) for one in ledger.pending(refs)]


def test_an_empty_output_has_nothing(store: Store) -> None:
    ledger = Ledger.load(store)
    assert pending(ledger, ref("a"), ref("b")) == [("a", ()), ("b", ())]
    assert ledger.changed([ref("a")]) == []
    assert ledger.totals.rows == 0
    assert list(ledger.pending([])) == []


def test_complete_partial_and_none_over_several_files(store: Store) -> None:
    publish(store, "1", [*document("whole", 3, [0, 2]), *document("half", 5, [4])])
    publish(store, "2", [*document("half", 5, [1]), *document("whole", 3, [1])])
    ledger = Ledger.load(store)
    assert pending(ledger, ref("none"), ref("whole"), ref("half")) == [("none", ()), ("half", (1, 4))]
    there = ledger.rows_of(ref("half"))
    assert there is not None
    assert (there.rows, there.pages, there.page_count, there.complete) == (2, 2, 5, False)
    assert ledger.rows_of(ref("none")) is None


def test_a_document_that_cannot_be_opened_is_done_with_one_row() -> None:
    ledger = ledger_of(Row("a", 0, None, status="failed", code="decode.corrupt"))
    assert pending(ledger, ref("a")) == []
    there = ledger.rows_of(ref("a"))
    assert there is not None and there.page_count is None and there.complete


def test_only_pages_that_exist_count() -> None:
    ledger = ledger_of(*document("a", 2, [0, 7]), *document("b", 2, [0, 0]), *document("c", 0, [0]))
    assert pending(ledger, ref("a"), ref("b"), ref("c")) == [("a", (0, 7)), ("b", (0,))]


def test_another_version_is_not_done_and_is_counted() -> None:
    ledger = ledger_of(*document("a", 2), *document("b", 1), *document("b", 1, version="2"))
    new = [ref("a", "2"), ref("b"), ref("c")]
    assert pending(ledger, *new) == [("a", ()), ("c", ())]
    assert [one.key for one in ledger.changed(new)] == ["a", "b"]
    assert ledger.changed([ref("a")]) == []


def test_doubled_rows_are_seen() -> None:
    ledger = ledger_of(*document("a", 2), Row("a", 1, 2), *document("b", 2))
    assert ledger.doubled([ref("a"), ref("b"), ref("c")]).tolist() == [True, False, False]


def test_totals_by_status_and_error_code() -> None:
    ledger = ledger_of(
        Row("a", 0, 3),
        Row("a", 1, 3, status="empty"),
        Row("a", 2, 3, status="failed", code="ocr.crashed"),
        Row("b", 0, None, status="failed", code="read.missing"),
        Row("c", 0, 1, status="failed", code="ocr.crashed"),
    )
    assert ledger.totals.error_codes == {"ocr.crashed": 2, "read.missing": 1}
    assert (ledger.totals.ok, ledger.totals.empty, ledger.totals.failed) == (1, 1, 3)
    some = ledger.totals_of([ref("a"), ref("b"), ref("c", "other"), ref("d")])
    assert (some.rows, some.failed, some.error_codes) == (4, 2, {"ocr.crashed": 1, "read.missing": 1})


def test_ids_that_agree_by_half_are_told_apart() -> None:
    whole = table([Row("a"), Row("b")])
    one, other = "0" * 16 + "1" * 16, "0" * 16 + "2" * 16
    ledger = Ledger(rows_of_table(whole.set_column(0, whole.schema.field(0), pa.array([one, other]))))
    refs = [replace(ref("x"), document_id=name) for name in (other, "0" * 16 + "3" * 16, one, "0" * 32)]
    assert [found.document_id for found in ledger.pending(refs)] == ["0" * 16 + "3" * 16, "0" * 32]
    assert ledger.changed(refs) == []
    assert [found.document_id for found in ledger.changed([replace(refs[0], version="2")])] == [other]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.sampled_from("12")), max_size=25),
    st.dictionaries(st.tuples(st.sampled_from("abc"), st.sampled_from("12")), st.integers(1, 4)),
)
def test_the_same_as_counting_by_hand(
    pages: list[tuple[str, int, str]], counts: dict[tuple[str, str], int]
) -> None:
    rows = [Row(key, page, counts.get((key, version)), version) for key, page, version in pages]
    ledger = ledger_of(*rows)
    refs = [ref(key, version) for key in "abcd" for version in "12"]
    expected, doubled, changed = [], [], []
    for one in refs:
        there = [row.page for row in rows if (row.key, row.version) == (one.key, one.version)]
        needed = set(range(counts.get((one.key, one.version)) or 1))
        if not there or not needed <= set(there):
            expected.append((one.key, one.version, tuple(sorted(set(there)))))
        doubled.append(len(there) > len(set(there)))
        if any(row.key == one.key and row.version != one.version for row in rows):
            changed.append(one)
    assert [(one.key, one.version, one.done_pages) for one in ledger.pending(refs)] == expected
    assert ledger.doubled(refs).tolist() == doubled
    assert ledger.changed(refs) == changed


def test_torn_files_are_named_wherever_they_end(store: Store, tmp_path: Path) -> None:
    good = publish(store, "good", document("a", 2))
    content = (tmp_path / good).read_bytes()
    for size in [*range(0, len(content), 97), len(content) - 1]:
        store.put("pages/torn.parquet", content[:size])
        with pytest.raises(ConfigError, match=r"pages/torn.parquet: ") as caught:
            Ledger.load(store)
        assert "good.parquet" not in str(caught.value)


def test_damage_inside_is_an_error_or_changes_nothing(store: Store, tmp_path: Path) -> None:
    path = publish(store, "x", [Row(f"doc-{index}", 0, 1) for index in range(50)])
    content = (tmp_path / path).read_bytes()
    refs = [ref(f"doc-{index}") for index in range(50)]
    for seed in range(60):
        damaged = bytearray(content)
        damaged[random.Random(seed).randrange(len(content))] ^= 0xFF
        store.put(path, bytes(damaged))
        try:
            ledger = Ledger.load(store)
        except ConfigError:
            continue
        assert len(list(ledger.pending(refs))) <= 50  # damage may hide rows, but never stops with a traceback


def test_files_that_are_not_ours_are_named(store: Store, tmp_path: Path) -> None:
    def refused(match: str) -> None:
        with pytest.raises(ConfigError, match=match):
            Ledger.load(store)

    publish(store, "good", document("a", 2))
    pages = tmp_path / "pages"
    pq.write_table(table([Row("a")]), pages / "foreign.parquet")
    refused("foreign.parquet: it has no schema_version")
    ours = table([Row("a")]).replace_schema_metadata({"schema_version": "1"})
    pq.write_table(ours.drop_columns(["version"]), pages / "foreign.parquet")
    refused("foreign.parquet: its column version is missing")
    pq.write_table(ours.set_column(1, "page_index", pa.array(["0"])), pages / "foreign.parquet")
    refused("foreign.parquet: its column page_index .* is not int32")
    for bad in ("abc", "z" * 32, " " * 32, "é" * 16):
        odd = ours.set_column(0, ours.schema.field(0), pa.array([bad]))
        pq.write_table(odd, pages / "foreign.parquet")
        refused("foreign.parquet: ")
    (pages / "foreign.parquet").write_bytes(b"")
    refused("1 files .* are torn")


def test_other_names_are_no_rows(store: Store, tmp_path: Path) -> None:
    publish(store, "good", document("a", 2))
    (tmp_path / "pages" / ".tmp-123").write_bytes(b"half")
    (tmp_path / "pages" / "notes.txt").write_bytes(b"mine")
    assert Ledger.load(store).totals.rows == 2


def test_an_output_that_cannot_be_read_is_an_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(store, "x", document("a", 2))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    for method, match in (("read", "x.parquet cannot be read"), ("list", "pages cannot be listed")):
        with monkeypatch.context() as patch, pytest.raises(ConfigError, match=match):
            patch.setattr(type(store), method, refuse)
            Ledger.load(store)


class FarStore(LocalStore):
    """A disk of which each file takes a while, some are refused, and it is seen how many are read at once."""

    def __init__(self, root: str, *refused: str) -> None:
        super().__init__(root)
        for name, value in (("refused", refused), ("lock", threading.Lock()), ("now", 0), ("most", 0)):
            object.__setattr__(self, name, value)

    def read(self, path: str) -> bytes:
        self._count(1)
        time.sleep(0.02 if "slow" not in path else 0.2)
        self._count(-1)
        if path in self.refused:
            raise PermissionError(13, "Permission denied", path)
        return super().read(path)

    def _count(self, change: int) -> None:
        with self.lock:
            object.__setattr__(self, "now", self.now + change)
            object.__setattr__(self, "most", max(self.most, self.now))


def test_files_are_read_at_the_same_time_and_no_more_than_so_many(tmp_path: Path) -> None:
    near = LocalStore(str(tmp_path))
    content = near.read(publish(near, "000", document("a", 1)))
    for number in range(1, 200):
        near.put(f"pages/{number:03}.parquet", content)
    far = FarStore(str(tmp_path))
    started = time.perf_counter()
    assert Ledger.load(far).totals.rows == 200
    assert time.perf_counter() - started < 200 * 0.02 / 2
    assert 8 < far.most <= 32


def test_what_is_wrong_comes_in_the_order_of_names_whichever_was_read_first(tmp_path: Path) -> None:
    near = LocalStore(str(tmp_path))
    for name in ("a-slow", "b", "c-slow", "d", "e"):
        publish(near, name, document(name, 1))
        near.put(f"pages/{name}-torn.parquet", b"PAR1")
    ledger, troubles = Ledger.survey(FarStore(str(tmp_path)))
    assert [one.partition(".parquet")[0].rpartition("/")[2] for one in troubles] == [
        f"{name}-torn" for name in ("a-slow", "b", "c-slow", "d", "e")
    ]
    assert ledger.totals.rows == 5


def test_a_file_that_is_refused_in_the_middle_is_named(tmp_path: Path) -> None:
    near = LocalStore(str(tmp_path))
    for number in range(60):
        publish(near, f"{number:02}", document(f"{number}", 1))
    near.put("pages/59-torn.parquet", b"PAR1")
    with pytest.raises(ConfigError, match=r"pages/31.parquet cannot be read"):
        Ledger.load(FarStore(str(tmp_path), "pages/31.parquet", "pages/47.parquet"))


@pytest.mark.parametrize("size", [None, 10, 10 << 20])
def test_small_files_and_large_ones_read_the_same(tmp_path: Path, size: int | None) -> None:
    """What is fetched whole, and what is read in pieces."""
    store = LocalStore(str(tmp_path))
    found = read_rows(store, publish(store, "x", document("a", 3)), size=size)
    assert not isinstance(found, str) and found.page.tolist() == [0, 1, 2]


def test_a_hundred_thousand_documents(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    count, per_file = 100_000, 20_000
    names = [f"folder/scan-{index}.pdf" for index in range(count)]
    ids = [document_id(name) for name in names]
    refs = [DocRef(one, name, name, f"{i}-1") for i, (one, name) in enumerate(zip(ids, names, strict=True))]
    blank = table([Row("x")]).schema
    for start in range(0, count, per_file):
        some = slice(start, start + per_file)
        known = {
            "document_id": pa.array(ids[some]),
            "page_index": pa.array([0] * per_file, pa.int32()),
            "page_count": pa.array([1] * per_file, pa.int32()),
            "version": pa.array([f"{i}-1" for i in range(start, start + per_file)]),
            "status": pa.array(["ok"] * per_file),
        }
        columns = [known.get(field.name, pa.nulls(per_file, field.type)) for field in blank]
        content = pa.table(columns, schema=blank).replace_schema_metadata({"schema_version": "1"})
        sink = pa.BufferOutputStream()
        pq.write_table(content, sink)
        store.put(f"pages/{start}.parquet", bytes(sink.getvalue()))
    begin = time.perf_counter()
    ledger = Ledger.load(store)
    loaded = time.perf_counter()
    assert list(ledger.pending(refs)) == []
    joined = time.perf_counter()
    with capsys.disabled():
        print(f"\n100,000 documents: load {loaded - begin:.2f} s, anti-join {joined - loaded:.2f} s")
    others = [replace(one, version="new") for one in islice(refs, 70_000)]
    assert len(list(ledger.pending(others))) == len(ledger.changed(others)) == 70_000


def test_a_listing_is_consumed_as_it_comes() -> None:
    ledger = ledger_of(*document("a", 1))
    endless = (ref(f"doc-{index}") for index in iter(int, 1))
    assert next(ledger.pending(endless)).key == "doc-0"


def test_ids_must_be_ids() -> None:
    with pytest.raises(ValueError, match="32 hex digits"):
        keys_of_refs([replace(ref("a"), document_id="abcd")])


def test_a_notice_that_only_tells_does_not_count_as_lacking(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), {})
    publish(
        store,
        "one",
        [Row("told", notices=("pdf.attached",)), Row("both", notices=("text.unread", "pdf.attached"))],
    )
    totals = Ledger.load(store).totals
    assert (totals.notices, totals.noticed) == ({"text.unread": 1, "pdf.attached": 2}, 1)
    assert [
        found.key for found, _ in Ledger.load(store).noticed([ref("told"), ref("both")], "pdf.attached")
    ] == [
        "told",
        "both",
    ]
