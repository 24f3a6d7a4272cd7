"""Manifests: each line is a document, as it is written, whether it exists or not."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actors.contracts import DocRef, document_id
from actors.errors import ConfigError
from pipelines.sources import list_documents
from pipelines.sources.config import SourceConfig


def refs(path: Path, **settings: object) -> list[DocRef]:
    return list(list_documents(SourceConfig(path=str(path), **settings)))


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_text_lines_are_taken_as_they_stand(tmp_path: Path) -> None:
    names = [
        "a.png",
        "-b.png",
        " c d.png",
        "e#%20?.pdf",
        "[x]*.png",
        "tab\there ",
        "ünï.png",
        "f\u2028g",
        "h\x0bi",
    ]
    path = write(tmp_path / "list.txt", "\n".join([*names, "", "   ", "last.png"]) + "\n\n")
    for name in names:
        write(tmp_path / name, "x")
    found = refs(path)
    assert [ref.key for ref in found] == [*names, "last.png"]
    assert [ref.uri for ref in found] == [f"{tmp_path}/{name}" for name in [*names, "last.png"]]
    assert all(ref.size_bytes == 1 for ref in found[:-1])
    assert (found[-1].version, found[-1].size_bytes) == ("unknown", None)


def test_carriage_returns_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = write(tmp_path / "list.TXT", b"\xef\xbb\xbfa.png\r\nb.png\r\n")
    assert [ref.key for ref in refs(path)] == ["a.png", "b.png"]


def test_names_that_are_no_text_are_the_disks_own(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xe9.png")
    write(tmp_path / name, "x")
    (ref,) = refs(write(tmp_path / "list.txt", b"\xe9.png\n"))
    assert ref.key == "\ufffde9.png"
    assert ref.size_bytes == 1
    (again,) = refs(write(tmp_path / "again.txt", ref.uri))
    assert again.uri == ref.uri and again.size_bytes == 1


def test_addresses_of_every_kind(tmp_path: Path) -> None:
    lines = ["../x/a.png", "/abs/b.png", "file:///abs/c.png", "s3://b/d e.pdf", "https://h/x%20y"]
    found = refs(write(tmp_path / "list.txt", "\n".join(lines)))
    assert [ref.key for ref in found] == [lines[0], lines[1], "/abs/c.png", lines[3], lines[4]]
    assert [ref.uri for ref in found][1:] == ["/abs/b.png", "/abs/c.png", lines[3], lines[4]]
    assert found[0].uri == f"{tmp_path}/../x/a.png"
    assert found[3].version == "unknown" and found[3].document_id == document_id(lines[3])


def test_twice_the_same_is_once(tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", "uri,who\na.png,first\na.png,second\n./a.png,third\n")
    assert [(ref.key, ref.meta) for ref in refs(path)] == [
        ("a.png", {"who": "first"}),
        ("./a.png", {"who": "third"}),
    ]


def test_csv_columns_become_meta(tmp_path: Path) -> None:
    content = '\ufeffid,scan,note\n7,"a,b.png","two\nlines"\n\n8,c.png,\n'
    found = refs(write(tmp_path / "list.csv", content), column="scan")
    assert [(ref.key, ref.meta) for ref in found] == [
        ("a,b.png", {"id": "7", "note": "two\nlines"}),
        ("c.png", {"id": "8", "note": ""}),
    ]


def test_parquet_columns_become_meta(tmp_path: Path) -> None:
    table = pa.table({"uri": ["a.png", "s3://b/k"], "year": [1999, None], "ok": [True, False]})
    pq.write_table(table, tmp_path / "list.parquet")
    assert [(ref.key, ref.meta) for ref in refs(tmp_path / "list.parquet")] == [
        ("a.png", {"year": "1999", "ok": "True"}),
        ("s3://b/k", {"ok": "False"}),
    ]
    pq.write_table(pa.table({"uri": pa.array(["a"]).dictionary_encode()}), tmp_path / "list.parquet")
    assert refs(tmp_path / "list.parquet")[0].key == "a"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.txt", b"a.png\ns3:/b/k\n", "Line 2 .* looks like a URL"),
        ("x.txt", b"foo://b/k\n", "Line 1 .* not a known scheme"),
        ("x.txt", "a.png".encode("utf-16"), "is no text"),
        ("x.txt", b"\n \n", "nothing to recognise"),
        ("x.csv", b"", "no column 'uri'"),
        ("x.csv", b"path\na.png\n", "no column 'uri'"),
        ("x.csv", b"uri,uri\na,b\n", "has it twice"),
        ("x.csv", b"uri\na,b.png\n", "Line 2 .* cannot be read"),
        ("x.csv", b"uri,n\na.png\n", "Line 2 .* cannot be read"),
        ("x.csv", b"uri,n\na.png,1\n,2\n", "Line 3 .* has no address"),
        ("x.csv", b"uri\n\xe9.png\n", "cannot be read"),
        ("x.csv", b'uri\n"a"b\n', "Line 2 .* cannot be read"),
        ("x.parquet", b"no parquet", "no Parquet"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        refs(write(tmp_path / name, content))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"uri": ["a", None]}, "Line 2 .* no address"),
        ({"uri": [1]}, "holds no text"),
        ({"x": ["a"]}, "no column"),
    ],
)
def test_faults_of_a_table_are_named(tmp_path: Path, columns: dict[str, list[Any]], message: str) -> None:
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    with pytest.raises(ConfigError, match=message):
        refs(tmp_path / "x.parquet")


def test_a_folder_or_a_name_of_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "scans.csv").mkdir()
    write(tmp_path / "scans.csv" / "a.png", "x")
    assert [ref.key for ref in refs(tmp_path / "scans.csv")] == ["a.png"]
    assert [ref.key for ref in refs(write(tmp_path / "list", "b.png"), kind="manifest")] == ["b.png"]


def test_a_manifest_beside_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "~list.txt", "s3.png\n~x.png")
    assert [ref.uri for ref in refs(Path("~list.txt"))] == [f"{tmp_path}/s3.png", f"{tmp_path}/~x.png"]


def test_a_name_that_no_file_can_have_is_listed(tmp_path: Path) -> None:
    pq.write_table(pa.table({"uri": ["a\0b", "x" * 300]}), tmp_path / "x.parquet")
    assert [ref.version for ref in refs(tmp_path / "x.parquet")] == ["unknown", "unknown"]


def extension_type(canary: Path) -> pa.ExtensionType:
    """A type that leaves a trace as soon as Arrow asks it for a value or for itself."""

    class Pickled(pa.ExtensionType):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(pa.binary(), "rayocr.test_pickled")

        def __arrow_ext_serialize__(self) -> bytes:
            return b""

        @classmethod
        def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> Pickled:
            canary.touch()
            return cls()

    return Pickled()


@pytest.mark.parametrize("nested", ["column", "struct", "list"])
@pytest.mark.parametrize("twice", [False, True])
def test_extension_types_are_refused_before_their_code_runs(tmp_path: Path, nested: str, twice: bool) -> None:
    canary, path = tmp_path / "canary", tmp_path / "evil.parquet"
    kind = extension_type(canary)
    values: pa.Array = pa.ExtensionArray.from_storage(kind, pa.array([b"x"]))
    if nested == "struct":
        values = pa.StructArray.from_arrays([values], ["inner"])
    elif nested == "list":
        values = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), values)
    pa.register_extension_type(kind)
    try:
        pq.write_table(pa.table({"uri": ["a.png"], "evil": values}), path)
        if twice:  # a harmless schema behind the one that Arrow takes
            harmless = tmp_path / "harmless.parquet"
            pq.write_table(pa.table({"uri": ["a.png"]}), harmless)
            message = pq.read_metadata(harmless).metadata[b"ARROW:schema"]
            table = pa.table({"uri": ["a.png"], "evil": values}).replace_schema_metadata(
                {"ARROW:schema": message}
            )
            pq.write_table(table, path)
        canary.unlink(missing_ok=True)
        with pytest.raises(ConfigError) as caught:
            refs(path)
    finally:
        pa.unregister_extension_type("rayocr.test_pickled")
    assert not canary.exists()
    assert "plain types" in caught.value.remedy


PLAIN = [
    "https://host/a.png",
    "https://host/a.png?id=7&page=2#3",
    "https://host/a.png?expires=1",
    "https://host/a.png?key=scans/7.pdf",
    "s3://bucket/a@b?token=1.pdf",
    "abfs://container@account/a.png",
]


@pytest.mark.parametrize("name", [None, "box"])
def test_addresses_without_user_info_and_signatures_have_the_ids_that_they_had(
    tmp_path: Path, name: str | None
) -> None:
    path = write(tmp_path / "list.txt", "\n".join(PLAIN))
    before = [f"{name}/{address}" if name else address for address in PLAIN]
    ids = [hashlib.sha256(one.encode()).hexdigest()[:32] for one in before]
    found = refs(path, name=name)
    assert [ref.document_id for ref in found] == ids
    assert [ref.location for ref in found] == PLAIN
    assert [ref.key for ref in found if "?key=" not in ref.key] == [
        one for one in before if "?key=" not in one
    ]


def test_an_address_signed_again_is_the_same_document_and_other_parameters_name_others(
    tmp_path: Path,
) -> None:
    lines = [
        "https://host/a?id=1&X-Amz-Signature=a",
        "https://host/a?id=2&X-Amz-Signature=a",
        "https://u:p@host/a?X-Amz-Signature=b&id=1",
        "https://host/a?key=1",
        "https://host/a?key=2",
    ]
    found = refs(write(tmp_path / "list.txt", "\n".join(lines)))
    assert [ref.location for ref in found] == [lines[0], lines[1], lines[3], lines[4]]
    assert len({ref.key for ref in found}) == len({ref.document_id for ref in found}) == 4
    assert found[0].document_id == document_id("https://host/a?id=1")


def test_other_columns_lose_the_secrets_of_addresses(tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", "uri,note\na.png,from https://u:p@host/x?sig=1234&id=7 at 12:00\n")
    (ref,) = refs(path)
    assert ref.meta["note"].startswith("from https://host/x?sig=...")
    assert ref.meta["note"].endswith("&id=7 at 12:00")
    assert "1234" not in ref.meta["note"]


@pytest.mark.parametrize(
    "column",
    [
        pa.Array.from_buffers(pa.string(), 2, pa.array([b"a", b"\xff"], pa.binary()).buffers()),
        pa.array([0, 2**62], pa.timestamp("us")),
        pa.array([0, 2**62], pa.date64()),
        pa.array([0, 1], pa.timestamp("us", "No/Where")),
        pa.array([0, 1], pa.timestamp("ns")),
    ],
    ids=["utf8", "timestamp", "date", "zone", "nanoseconds"],
)
def test_a_value_that_python_cannot_hold_is_a_fault_of_its_line(tmp_path: Path, column: pa.Array) -> None:
    """Arrow checks text and ranges when a value is asked for, and with errors of its own of every kind."""
    path = tmp_path / "list.parquet"
    pq.write_table(pa.table({"uri": ["a.png", "b.png"], "note": column}), path)
    try:
        assert len(refs(path)) == 2
    except ConfigError as error:
        assert error.what.startswith("Line ")
        assert error.why
        assert error.remedy
    pq.write_table(pa.table({"uri": column, "note": ["a", "b"]}), path)
    with pytest.raises(ConfigError):
        refs(path)


def test_a_column_whose_name_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "list.parquet"
    pq.write_table(pa.table({"uri": ["a.png"], "note": ["x"]}), path, store_schema=False)
    write(path, path.read_bytes().replace(b"note", b"n\x9ate"))
    with pytest.raises(ConfigError) as caught:
        refs(path)
    assert caught.value.why and caught.value.remedy
