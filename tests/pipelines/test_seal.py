"""Damage in files of rows: what checksums and seals find, and who refuses it; one module writes them all."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import actors
import pipelines
import rayocr
from actors.schema import SCHEMA_VERSION, page_row_schema
from pipelines.card import Card, write_card
from pipelines.compact import compact
from pipelines.config import OutputConfig
from pipelines.dedup import Twin, copies
from pipelines.ledger import Ledger
from pipelines.ledger_file import read_rows
from pipelines.migrate import migrate
from pipelines.parquet import open_rows
from pipelines.rows_file import DamagedError, NewerError, check_deep
from pipelines.seal import SEAL_BYTES, SealError, check_whole, footer_start, sealed
from pipelines.stage import parquet_bytes
from pipelines.stores.local import LocalStore
from pipelines.supersede import supersede
from tests.pipelines.outputs import Row, publish, ref, table

PATH = "pages/a.parquet"


def some_rows(count: int = 20, text: str = "what stands on the page") -> pa.Table:
    made = table([Row(f"k{number}", content=bytes([number])) for number in range(count)])
    place = made.schema.get_field_index("text")
    texts = pa.array([f"{text} {number}" for number in range(count)])
    return made.set_column(place, made.schema.field("text"), texts)


def without_seal(rows: pa.Table, *, checksums: bool = False, version: bytes = b"2") -> bytes:
    """A file as an older release wrote it."""
    metadata = {b"schema_version": version, b"fingerprint": b"fingerprint"}
    sink = pa.BufferOutputStream()
    pq.write_table(
        rows.replace_schema_metadata(metadata), sink, compression="none", write_page_checksum=checksums
    )
    return bytes(sink.getvalue())


def rotten(content: bytes, word: bytes = b"stands") -> bytes:
    """One bit of a page's text is another one."""
    place = content.index(word)
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def in_text(content: bytes) -> bytes:
    """A bit flipped in the data of the column `text`, and nowhere else."""
    group = pq.ParquetFile(pa.BufferReader(content)).metadata.row_group(0)
    column = next(
        group.column(n) for n in range(group.num_columns) if group.column(n).path_in_schema == "text"
    )
    start = column.dictionary_page_offset or column.data_page_offset
    place = start + column.total_compressed_size - 3
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    made = LocalStore(str(tmp_path))
    write_card(made, Card("fingerprint", {"engine": "fake"}))
    return made


def test_every_flipped_bit_and_every_hole_is_found(store: LocalStore) -> None:
    content = parquet_bytes(some_rows(), "fingerprint")
    rng = random.Random(5)
    damaged = []
    for _ in range(150):
        place = rng.randrange(len(content))
        damaged.append(
            content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :]
        )
    for _ in range(40):
        place = rng.randrange(len(content) - 512)
        damaged.append(content[:place] + bytes(512) + content[place + 512 :])
    damaged += [content[: rng.randrange(len(content))] for _ in range(40)]
    damaged += [content + b"x", b"x" + content, content[:4], b"", content[:200] + content[300:]]
    for one in damaged:
        store.put(PATH, one)
        answer = check_deep(store, PATH)
        assert one == content or isinstance(answer, str), answer
    store.put(PATH, content)
    assert check_deep(store, PATH) is True


def test_a_flip_in_the_seal_is_no_file_without_a_seal() -> None:
    content = parquet_bytes(some_rows(), "fingerprint")
    start = footer_start(content, len(content)) - SEAL_BYTES
    for place in range(start, start + SEAL_BYTES):
        damaged = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        with pytest.raises(SealError):
            check_whole(damaged) or open_rows(pa.BufferReader(damaged))


def test_other_readers_read_a_sealed_file(tmp_path: Path) -> None:
    import duckdb
    import pandas as pd
    import polars as pl

    rows = some_rows()
    file = tmp_path / "a.parquet"
    file.write_bytes(parquet_bytes(rows, "fingerprint"))
    expected = rows.column("text").to_pylist()
    assert pq.read_table(file, page_checksum_verification=True).column("text").to_pylist() == expected
    assert pl.read_parquet(file)["text"].to_list() == expected
    assert pd.read_parquet(file)["text"].to_list() == expected
    found = duckdb.sql(f"SELECT text FROM '{file}' ORDER BY page_index, key").fetchall()
    assert sorted(text for (text,) in found) == sorted(expected)


def test_a_footer_longer_than_what_is_read_at_once(store: LocalStore) -> None:
    schema = page_row_schema().with_metadata({"long": "x" * 200_000, "schema_version": str(SCHEMA_VERSION)})
    sink = pa.BufferOutputStream()
    pq.write_table(some_rows().cast(schema), sink)
    store.put(PATH, sealed(bytes(sink.getvalue())))
    assert check_deep(store, PATH) is True
    with store.open(PATH) as stream:
        assert open_rows(stream).metadata.num_rows == 20


def test_the_ledger_sees_damage_in_what_it_reads(store: LocalStore) -> None:
    content = parquet_bytes(some_rows(), "fingerprint")
    store.put(PATH, content[:-60] + bytes([content[-60] ^ 1]) + content[-59:])
    answer = read_rows(store, PATH)
    assert isinstance(answer, str)
    assert "its footer is not what was written" in answer


def test_files_of_older_releases_are_read_as_far_as_they_can_be(store: LocalStore) -> None:
    store.put(PATH, without_seal(some_rows()))
    assert check_deep(store, PATH) is False
    broken = without_seal(some_rows(text="what stands \u00e4")).replace("\u00e4".encode(), b"\xc3\x28")
    store.put(PATH, broken)
    answer = check_deep(store, PATH)
    assert isinstance(answer, str), "text that is no UTF-8"
    store.put(PATH, rotten(without_seal(some_rows(), checksums=True)))
    assert isinstance(check_deep(store, PATH), str), "pages with checksums, and no seal"


def _compacts(store: LocalStore) -> None:
    publish(store, "b", [Row("b")])
    compact(OutputConfig(path=store.root))


def _supersedes(store: LocalStore) -> None:
    supersede(store, "run", [ref("k3", "2")])


def _migrates(store: LocalStore) -> None:
    migrate(store, "run", Card("fingerprint", {}, 1), lambda: True)


def _copies(store: LocalStore) -> None:
    import hashlib

    from actors.rows import Stamp

    twin = Twin(ref("new"), ref("k3"), hashlib.sha256(bytes([3])).hexdigest())
    list(copies([twin], Ledger.load(store), store, Stamp("fingerprint", "run")))


@pytest.mark.parametrize("writes", [_compacts, _supersedes, _copies], ids=["compact", "supersede", "dedup"])
def test_what_writes_rows_again_refuses_damage_by_name(
    store: LocalStore, writes: Callable[[LocalStore], None]
) -> None:
    damaged = in_text(parquet_bytes(some_rows(), "fingerprint"))
    store.put(PATH, damaged)
    assert not isinstance(read_rows(store, PATH), str), "where the ledger does not look"
    with pytest.raises(DamagedError, match=r"a\.parquet is damaged"):
        writes(store)
    assert store.read(PATH) == damaged


def test_a_migration_refuses_damage_by_name(store: LocalStore) -> None:
    damaged = rotten(without_seal(some_rows(), checksums=True, version=b"1"))
    store.put(PATH, damaged)
    with pytest.raises(DamagedError, match=r"a\.parquet is damaged"):
        _migrates(store)
    assert store.read(PATH) == damaged


@pytest.mark.parametrize("version", [b"x", b"-1", b"", b"0", b"1.5", b"\xff", b"9" * 5000, None])
def test_a_version_that_is_none_is_foreign(store: LocalStore, version: bytes | None) -> None:
    metadata = {b"fingerprint": b"fingerprint"} | ({} if version is None else {b"schema_version": version})
    sink = pa.BufferOutputStream()
    pq.write_table(some_rows().replace_schema_metadata(metadata), sink)
    store.put(PATH, bytes(sink.getvalue()))
    answer = read_rows(store, PATH, ["fingerprint"])
    assert isinstance(answer, str)
    assert "schema_version" in answer
    for writes in (_migrates, _supersedes):
        with pytest.raises(DamagedError, match="schema_version"):
            writes(store)


def test_rows_of_a_newer_release_are_refused_by_all(store: LocalStore) -> None:
    store.put(PATH, without_seal(some_rows(), version=str(SCHEMA_VERSION + 1).encode()))
    content = store.read(PATH)
    for reads in (Ledger.load, Ledger.survey, _compacts, _supersedes, _migrates, _copies):
        with pytest.raises(NewerError, match=f"newer rayocr .schema {SCHEMA_VERSION + 1}"):
            reads(store)
    assert store.read(PATH) == content


def test_one_module_alone_writes_parquet() -> None:
    roots = [Path(room.__path__[0]) for room in (actors, pipelines, rayocr)]
    writers = set()
    for file in (one for root in roots for one in root.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            name = getattr(node, "attr", getattr(node, "id", ""))
            if name in ("write_table", "ParquetWriter", "write_dataset", "to_parquet", "write_parquet"):
                writers.add(file.name)
    assert writers == {"parquet.py"}
