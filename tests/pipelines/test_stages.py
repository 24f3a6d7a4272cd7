"""The stage functions on tables: what comes out of one table of documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.contracts import DocRef
from actors.settings import DecodeConfig, EngineConfig, ModelsConfig
from actors.transport import documents_to_table, pages_from_table
from pipelines import stages
from pipelines.job import Job
from tests.pictures import folder_of_pictures, tiff

JOB = Job(
    "r", "f", DecodeConfig(), EngineConfig(engine="fake"), ModelsConfig(), 1, 1.0, 1.0, 64.0, 60.0, "/no"
)


@pytest.fixture(autouse=True)
def _decoder() -> Iterator[None]:
    """The decoder that a worker keeps ends with the test."""
    yield
    stages.warm_decoder(JOB.decode).close()
    stages.warm_decoder.cache_clear()


def refs(folder: Path) -> list[DocRef]:
    """A picture, a document of three pages, a file that is none, and a picture."""
    folder_of_pictures(folder, 2)
    tiff(folder / "page-000b.tiff", 3)
    (folder / "page-000c.png").write_bytes(b"no picture")
    return [DocRef(path.name, path.name, str(path), "v") for path in sorted(folder.iterdir())]


def found(documents: list[DocRef]) -> list[list[tuple[str, int, bool]]]:
    """Document, page and whether there is a picture, table by table."""
    tables = stages.read_and_decode_table(documents_to_table(documents), JOB)
    return [
        [
            (page.ref.key, page.decoded.page_index, page.decoded.image is not None)
            for page in pages_from_table(table)
        ]
        for table in tables
    ]


WHOLE = [
    ("page-000.png", 0, True),
    ("page-000b.tiff", 0, True),
    ("page-000b.tiff", 1, True),
    ("page-000b.tiff", 2, True),
    ("page-000c.png", 0, False),
    ("page-001.png", 0, True),
]


def test_pages_of_several_documents_share_a_table(tmp_path: Path) -> None:
    assert found(refs(tmp_path / "in")) == [WHOLE]


def test_a_table_is_handed_on_once_it_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two_pictures = 2 * 60 * 40 * 3
    monkeypatch.setattr(stages, "_BLOCK_BYTES", two_pictures)
    tables = found(refs(tmp_path / "in"))
    assert [len(table) for table in tables] == [2, 2, 2]
    assert [page for table in tables for page in table] == WHOLE


def test_no_documents_make_no_table() -> None:
    assert found([]) == []
