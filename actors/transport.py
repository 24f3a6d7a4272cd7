"""Documents and pages as Arrow tables, the form in which Ray Data carries them between stages.

A page picture travels as its raw bytes in one `large_binary` cell, so that a page is one copy into the
object store and none out of it: the array that comes out is a read-only view.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from actors.contracts import DecodedPage, DecodeInfo, DocRef, Fault, Page

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


def _ref_fields() -> list[tuple[str, pa.DataType]]:
    import pyarrow as pa

    return [
        ("document_id", pa.string()),
        ("key", pa.string()),
        ("uri", pa.string()),
        ("version", pa.string()),
        ("listed_bytes", pa.int64()),
        ("meta", pa.map_(pa.string(), pa.string())),
        ("done_pages", pa.list_(pa.int32())),
    ]


def document_schema() -> pa.Schema:
    """Arrow schema of a table of documents (DocRef)."""
    import pyarrow as pa

    return pa.schema([*_ref_fields(), ("address", pa.string())])


def page_schema() -> pa.Schema:
    """Arrow schema of a table of decoded pages (Page); they were read, and carry no address."""
    import pyarrow as pa

    info = pa.struct([("frame", pa.int32()), ("dpi", pa.float64()), ("scale", pa.float64())])
    return pa.schema(
        [
            *_ref_fields(),
            ("page_index", pa.int32()),
            ("page_count", pa.int32()),
            ("format", pa.string()),
            ("image", pa.large_binary()),
            ("height", pa.int32()),
            ("width", pa.int32()),
            ("fault_code", pa.string()),
            ("fault_message", pa.string()),
            ("dpi", pa.float64()),
            ("info", info),
            ("content_sha256", pa.string()),
            ("size_bytes", pa.int64()),
            ("read_ms", pa.float64()),
            ("decode_ms", pa.float64()),
            ("notices", pa.list_(pa.string())),
        ]
    )


def documents_to_table(refs: Sequence[DocRef]) -> pa.Table:
    """Documents as a table, in order."""
    import pyarrow as pa

    return pa.Table.from_pylist(
        [_ref_row(ref) | {"address": ref.address} for ref in refs], schema=document_schema()
    )


def documents_from_table(table: pa.Table) -> list[DocRef]:
    """The counterpart of `documents_to_table`."""
    return [_ref(row) for row in table.select(document_schema().names).to_pylist()]


def pages_to_table(pages: Sequence[Page]) -> pa.Table:
    """Pages as a table, in order; pictures are not copied where a table holds a single page."""
    import pyarrow as pa

    images = [_image_cell(page) for page in pages]
    rows = [_page_row(page) for page in pages]
    schema = page_schema()
    columns = {
        name: pa.array([row[name] for row in rows], type=schema.field(name).type)
        for name in schema.names
        if name != "image"
    }
    columns["image"] = pa.chunked_array(images, type=pa.large_binary())
    return pa.table({name: columns[name] for name in schema.names}, schema=schema)


def pages_from_table(table: pa.Table) -> Iterator[Page]:
    """The counterpart of `pages_to_table`; pictures are read-only views of the table's memory."""
    rows = table.drop_columns(["image"]).to_pylist()
    for row, flat in zip(rows, _image_views(table.column("image")), strict=True):
        image = flat.reshape(row["height"], row["width"], 3) if row["height"] is not None else None
        info = DecodeInfo(**row["info"]) if row["info"] else None
        fault = Fault(row["fault_code"], row["fault_message"]) if row["fault_code"] else None
        decoded = DecodedPage(
            page_index=row["page_index"],
            page_count=row["page_count"],
            format=row["format"],
            image=image,
            fault=fault,
            dpi=row["dpi"],
            info=info,
            decode_ms=row["decode_ms"],
            notices=tuple(row["notices"] or ()),
        )
        yield Page(_ref(row), decoded, row["content_sha256"], row["size_bytes"], row["read_ms"])


def _ref_row(ref: DocRef) -> dict[str, Any]:
    return {
        "document_id": ref.document_id,
        "key": ref.key,
        "uri": ref.uri,
        "version": ref.version,
        "listed_bytes": ref.size_bytes,
        "meta": list(ref.meta.items()),
        "done_pages": list(ref.done_pages),
    }


def _ref(row: dict[str, Any]) -> DocRef:
    return DocRef(
        document_id=row["document_id"],
        key=row["key"],
        uri=row["uri"],
        version=row["version"],
        size_bytes=row["listed_bytes"],
        meta=dict(row["meta"] or ()),
        done_pages=tuple(row["done_pages"] or ()),
        address=row.get("address"),
    )


def _page_row(page: Page) -> dict[str, Any]:
    decoded, info = page.decoded, page.decoded.info
    height, width = decoded.image.shape[:2] if decoded.image is not None else (None, None)
    return {
        **_ref_row(page.ref),
        "page_index": decoded.page_index,
        "page_count": decoded.page_count,
        "format": decoded.format,
        "height": height,
        "width": width,
        "fault_code": decoded.fault.code if decoded.fault else None,
        "fault_message": decoded.fault.message if decoded.fault else None,
        "dpi": decoded.dpi,
        "info": {"frame": info.frame, "dpi": info.dpi, "scale": info.scale} if info else None,
        "content_sha256": page.content_sha256,
        "size_bytes": page.size_bytes,
        "read_ms": page.read_ms,
        "decode_ms": decoded.decode_ms,
        "notices": list(decoded.notices),
    }


def _image_views(column: pa.ChunkedArray) -> Iterator[npt.NDArray[np.uint8]]:
    """The bytes of each cell where they lie: a scalar of the column would be a copy."""
    import numpy as np

    for chunk in column.chunks:
        _, offsets_buffer, data = chunk.buffers()
        offsets = np.frombuffer(offsets_buffer, dtype=np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
        flat = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, np.uint8)
        for start, end in pairwise(offsets.tolist()):
            yield flat[start:end]


def _image_cell(page: Page) -> pa.Array:
    """One cell over the picture's own memory."""
    import numpy as np
    import pyarrow as pa

    image = page.decoded.image
    if image is None:
        return pa.nulls(1, pa.large_binary())
    offsets = pa.py_buffer(np.array([0, image.nbytes], dtype=np.int64))
    return pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(image.reshape(-1))])
