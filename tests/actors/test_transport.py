"""Documents and pages survive the trip through Arrow."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.contracts import DecodedPage, DecodeInfo, DocRef, Fault, Page
from actors.transport import documents_from_table, documents_to_table, pages_from_table, pages_to_table

refs = st.builds(
    DocRef,
    document_id=st.text(max_size=5),
    key=st.text(),
    uri=st.text(),
    version=st.text(max_size=5),
    size_bytes=st.none() | st.integers(0, 2**40),
    meta=st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
    done_pages=st.lists(st.integers(0, 99), max_size=3).map(tuple),
)


@settings(deadline=None)
@given(st.lists(refs, max_size=4))
def test_documents_come_back(documents: list[DocRef]) -> None:
    assert documents_from_table(documents_to_table(documents)) == documents


def make_page(index: int, shape: tuple[int, int] | None) -> Page:
    ref = DocRef("id", "k", "u", "v")
    if shape is None:
        decoded = DecodedPage(index, None, None, fault=Fault("decode.corrupt", "cut off"))
    else:
        image = np.random.default_rng(index).integers(0, 255, (*shape, 3), dtype=np.uint8)
        info = DecodeInfo(index, 200.0, 0.5)
        decoded = DecodedPage(index, 9, "pdf", image=image, dpi=200.0, info=info, decode_ms=1.5)
    return Page(ref, decoded, "sha", 12, 3.5)


@settings(deadline=None)
@given(st.lists(st.none() | st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=5))
def test_pages_come_back(shapes: list[tuple[int, int] | None]) -> None:
    pages = [make_page(index, shape) for index, shape in enumerate(shapes)]
    table = pages_to_table(pages)
    for combined in (table, table.combine_chunks(), pa.concat_tables([table, table]).slice(0, len(pages))):
        back = list(pages_from_table(combined))
        for one, other in zip(pages, back, strict=True):
            assert one.identity == other.identity
            assert one.decoded.fault == other.decoded.fault
            assert one.decoded.info == other.decoded.info
            if one.decoded.image is not None:
                assert np.array_equal(one.decoded.image, other.decoded.image)


def test_a_picture_is_handed_over_without_a_copy() -> None:
    page = make_page(0, (50, 60))
    assert page.decoded.image is not None
    (back,) = pages_from_table(pages_to_table([page]))
    assert back.decoded.image is not None
    assert np.shares_memory(page.decoded.image, back.decoded.image)
