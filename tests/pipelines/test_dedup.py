"""Equal content once: who waits for whom, and which rows are copied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from actors.contracts import DocRef, document_id
from actors.rows import Stamp
from pipelines import dedup, parquet
from pipelines.config import Config, load_config
from pipelines.dedup import Twin, copies, find_twins
from pipelines.ledger import Ledger
from pipelines.stage import parquet_bytes
from pipelines.store import Store
from pipelines.stores.local import LocalStore
from tests.pipelines.outputs import Row, publish, ref, table

SAME, OTHER = b"the same", b"distinct"  # of one size
STAMP = Stamp("fingerprint", "run")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    flags = {"source.path": str(tmp_path / "in"), "output.path": str(tmp_path / "out")}
    return load_config(flags=flags)


@pytest.fixture
def store(config: Config) -> Store:
    return LocalStore(config.output.path)


def listed(config: Config, key: str, content: bytes, version: str = "1") -> DocRef:
    """A file, and what a listing says of it."""
    file = Path(config.source.path, key)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    return replace(ref(key, version), uri=str(file), size_bytes=len(content))


def pairs(todo: list[DocRef], store: Store, config: Config) -> dict[str, DocRef]:
    """Each twin's key, and its canonical document."""
    return {twin.ref.key: twin.canonical for twin in find_twins(todo, Ledger.load(store), store, config)}


def copied(store: Store, *twins: Twin, stamp: Stamp = STAMP) -> list[dict[str, Any]]:
    tables = copies(twins, Ledger.load(store), store, stamp)
    return [row for rows in tables for row in rows.to_pylist()]


def twin(key: str, canonical: str, content: bytes = SAME, done: tuple[int, ...] = ()) -> Twin:
    (row,) = table([Row(canonical, content=content)]).to_pylist()
    return Twin(replace(ref(key), done_pages=done), ref(canonical), row["content_sha256"])


def document(key: str, pages: int, **cells: Any) -> list[Row]:
    return [Row(key, page, pages, content=SAME, **cells) for page in range(pages)]


def test_of_documents_to_do_the_first_is_recognised(config: Config, store: Store) -> None:
    todo = [
        listed(config, "a", SAME),
        listed(config, "b", OTHER),
        listed(config, "c", SAME),
        listed(config, "d", b"longer than those"),
        listed(config, "e", SAME),
        replace(ref("gone"), uri=f"{config.source.path}/gone", size_bytes=len(SAME)),
        replace(listed(config, "of unknown size", SAME), size_bytes=None),
        listed(config, "empty", b""),
        listed(config, "empty, too", b""),
    ]
    assert pairs(todo, store, config) == {"c": todo[0], "e": todo[0]}
    assert pairs([todo[0], todo[0]], store, config) == {}
    assert pairs([todo[0], todo[2], todo[2]], store, config) == {"c": todo[0]}


def test_only_files_of_equal_size_are_read(
    config: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    monkeypatch.setattr(dedup, "content_sha256", lambda one, _: read.append(one.key))
    todo = [listed(config, "a", SAME), listed(config, "b", OTHER), listed(config, "c", b"longer than those")]
    find_twins(todo, Ledger(), store, config)
    find_twins(todo[:1], Ledger(), store, config)
    assert sorted(read) == ["a", "b"]


def test_what_the_output_holds_is_not_recognised_again(config: Config, store: Store) -> None:
    publish(store, "one", [*document("original", 2), *document("copy", 2, original="original")])
    found = pairs([listed(config, "new", SAME), listed(config, "other", OTHER)], store, config)
    assert {key: one.document_id for key, one in found.items()} == {"new": document_id("original")}


@pytest.mark.parametrize(
    "rows",
    [
        [Row("a", 0, 2, content=SAME), Row("a", 1, 2, status="failed", code="ocr.timeout", content=SAME)],
        [Row("a", 0, 2, content=SAME)],
        [Row("a", content=SAME), Row("a", content=SAME)],
        [Row("a", content=OTHER)],
        [Row("a")],
    ],
    ids=["failed", "incomplete", "doubled", "other content", "unknown content"],
)
def test_what_is_not_whole_is_nobody_s_original(config: Config, store: Store, rows: list[Row]) -> None:
    publish(store, "one", rows)
    assert pairs([listed(config, "new", SAME)], store, config) == {}
    assert copied(store, twin("new", "a")) == []


def test_rows_of_another_schema_are_not_copied(
    config: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, "one", document("a", 1))
    monkeypatch.setattr(dedup, "SCHEMA_VERSION", dedup.SCHEMA_VERSION + 1)
    assert pairs([listed(config, "new", SAME)], store, config) == {}


def test_a_document_that_was_touched_keeps_its_rows(config: Config, store: Store) -> None:
    publish(store, "one", document("a", 1))
    (found,) = find_twins([listed(config, "a", SAME, "2")], Ledger.load(store), store, config)
    assert (found.ref.version, found.canonical.version) == ("2", "1")
    (row,) = copied(store, found)
    assert (row["key"], row["version"], row["duplicate_of"]) == ("a", "2", None)


def test_a_copy_has_its_own_identity_and_the_other_s_text(store: Store) -> None:
    (original,) = table([Row("a", content=SAME)]).to_pylist()
    lines = [{"text": "x", "score": 0.5, "polygon": [1.0] * 8, "block": 0, "words": None}]
    original |= {"text": "x", "lines": lines, "mean_score": 0.5, "line_count": 1, "char_count": 1}
    original |= {"decode": {"frame": 0, "dpi": 200.0, "scale": 1.0}, "attempts": 2, "run_id": "earlier"}
    original |= {
        "timings": {"read_ms": 1.0, "decode_ms": 2.0, "ocr_ms": 3.0},
        "meta": [{"key": "of", "value": "a"}],
    }
    store.put(
        "pages/one.parquet",
        parquet_bytes(pa.Table.from_pylist([original], schema=table([]).schema), STAMP.fingerprint),
    )
    waits = twin("b", "a")
    waits = replace(waits, ref=replace(waits.ref, version="3", meta={"of": "b"}))
    (row,) = copied(store, waits)
    own = {
        "document_id": document_id("b"),
        "key": "b",
        "uri": "/in/b",
        "version": "3",
        "meta": [{"key": "of", "value": "b"}],
        "duplicate_of": document_id("a"),
        "run_id": "run",
        "attempts": 0,
        "timings": {"read_ms": 0.0, "decode_ms": 0.0, "ocr_ms": 0.0},
    }
    assert {name: row[name] for name in own} == own
    changed = {*own, "written_at"}
    assert {name: row[name] for name in row if name not in changed} == {
        name: original[name] for name in original if name not in changed
    }


def pages(rows: Iterable[dict[str, Any]]) -> list[tuple[str, int]]:
    return sorted((row["key"], row["page_index"]) for row in rows)


def test_only_pages_that_lack_and_are_of_that_content_and_those_settings(store: Store) -> None:
    publish(store, "one", document("a", 4)[:2])
    publish(
        store, "two", [Row("a", 2, 4, content=OTHER), Row("a", 3, 4, content=SAME, fingerprint="careful")]
    )
    assert pages(copied(store, twin("b", "a", done=(1,)), twin("c", "a"))) == [("b", 0), ("c", 0), ("c", 1)]


def test_a_copy_of_a_copy_names_the_document_that_was_recognised(store: Store) -> None:
    publish(store, "one", document("b", 1, original="gone"))
    (row,) = copied(store, twin("c", "b"))
    assert row["duplicate_of"] == document_id("gone")
    (row,) = copied(store, twin("gone", "b"))
    assert row["duplicate_of"] is None


@pytest.mark.parametrize("most", [1, 5, 1000])
def test_many_twins_come_in_groups(store: Store, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    for module in (dedup, parquet):
        monkeypatch.setattr(module, "GROUP_ROWS", most)
    for number in range(3):
        publish(store, str(number), [*document(f"a{number}", 3), *document(f"other{number}", 1)])
    twins = [twin(f"b{number}-{copy}", f"a{number}") for number in range(3) for copy in range(4)]
    groups = list(copies(twins, Ledger.load(store), store, STAMP))
    assert all(group.num_rows < 2 * most for group in groups)
    found = Counter(pages(row for group in groups for row in group.to_pylist()))
    assert found == Counter((one.ref.key, page) for one in twins for page in range(3))
    for number, group in enumerate(groups):
        store.put(f"pages/copies-{number}.parquet", parquet_bytes(group, STAMP.fingerprint))
    assert Ledger.load(store).complete([one.ref for one in twins]).all()
