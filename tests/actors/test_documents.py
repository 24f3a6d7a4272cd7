"""A document is read, hashed and decoded; a fault of reading is one page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.contracts import DocRef
from actors.decoding.child import Decoder
from actors.documents import read_and_decode
from actors.settings import DecodeConfig
from tests.actors.pictures import pdf

CONFIG = DecodeConfig()


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder(CONFIG) as started:
        yield started


def test_pages_carry_their_document(decoder: Decoder, tmp_path: Path) -> None:
    file = tmp_path / "named.jpg"
    file.write_bytes(pdf((72, 72), (36, 72), (72, 36)))
    ref = DocRef("id", "named.jpg", str(file), "v", done_pages=(1,))
    pages = list(read_and_decode(ref, decoder, CONFIG))
    assert [page.identity for page in pages] == [("id", 0), ("id", 2)]
    assert {page.content_sha256 for page in pages} == {hashlib.sha256(file.read_bytes()).hexdigest()}
    assert {page.size_bytes for page in pages} == {file.stat().st_size}
    assert pages[0].read_ms > 0 and pages[1].read_ms == 0
    assert [page.decoded.image.shape for page in pages] == [(200, 200, 3), (100, 200, 3)]


def test_a_fault_of_reading_is_one_page(decoder: Decoder, tmp_path: Path) -> None:
    ref = DocRef("id", "gone", str(tmp_path / "gone"), "v")
    (page,) = read_and_decode(ref, decoder, CONFIG)
    assert page.identity == ("id", 0)
    assert page.decoded.fault is not None
    assert (page.decoded.fault.code, page.decoded.page_count) == ("read.missing", None)
    assert (page.content_sha256, page.size_bytes) == (None, None)


def test_pages_of_a_document_that_was_read_before_stay_missing(decoder: Decoder, tmp_path: Path) -> None:
    ref = DocRef("id", "gone", str(tmp_path / "gone"), "v", done_pages=(0, 1))
    assert list(read_and_decode(ref, decoder, CONFIG)) == []


def test_remote_documents(decoder: Decoder) -> None:
    import fsspec

    fsspec.filesystem("memory").pipe_file("/docs/a b#1.pdf", pdf((72, 72)))
    (page,) = read_and_decode(DocRef("id", "k", "memory://docs/a b#1.pdf", "v"), decoder, CONFIG, {})
    assert page.decoded.fault is None
