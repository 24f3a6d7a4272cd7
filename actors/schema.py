"""The public table: one Arrow schema of page rows. Nothing else defines columns."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 2
"""Raised when a column is added, removed or changes its meaning; stands in each file's metadata."""

COLUMNS: dict[str, str] = {
    "document_id": "Primary key, first part: 32 hex digits of the SHA-256 of `key`, hidden values in full.",
    "page_index": "Primary key, second part: 0-based. A document that cannot be opened has one row.",
    "uri": "Where the document was read from, without user info and signatures (docs/sources.md).",
    "key": "The document's path relative to the root of its source, `/`-separated, without secrets.",
    "version": "What the listing said of its content: ETag or generation, `size-mtime_ns` on a disk.",
    "content_sha256": "SHA-256 of the document's bytes; null if they could not be read.",
    "page_count": "Pages of the document; null if it could not be opened.",
    "format": "Format by content: jpeg, png, tiff, pdf ...; null if unknown.",
    "size_bytes": "Bytes of the document.",
    "width": "Pixels of the page picture that was recognised; boxes are in its pixels.",
    "height": "Pixels of the page picture that was recognised.",
    "dpi": "Resolution of the page picture in dots an inch; null if unknown.",
    "rotation": "Degrees clockwise that the engine turned the picture, on top of its EXIF orientation.",
    "status": "`ok`: text was found; `empty`: the page was looked at and has none; `failed`: see error_code.",
    "error_code": "Why the page failed (docs/errors.md); null unless failed.",
    "error_message": "The cause and, where there is one, the remedy; null unless failed.",
    "notices": "Codes of what else is to be known of the page (docs/notices.md); empty if nothing.",
    "text": "The page as it is read: a row a line, tabs between cells, a blank line between blocks; or null.",
    "lines": "In reading order: text, score (0..1), polygon (x1 y1 .. x4 y4, pixels), block, words.",
    "mean_score": "Mean of the scores of all lines found, those not kept included; null without any.",
    "line_count": "Number of lines; null if failed.",
    "lines_found": "Lines that detection found, kept or not; null if failed, or not known.",
    "lines_kept": "How many of them are in `lines`; null if failed.",
    "char_count": "Number of characters of `text` that are no white space; null if failed.",
    "text_source": "`ocr`: recognised; `layer`: a PDF's own text; null if failed.",
    "decode": "How to make the page picture again: frame, dpi of a PDF page, scale.",
    "timings": "Milliseconds to read, decode and recognise this page; of a batch, its own share.",
    "attempts": "How often recognition was started on the page.",
    "fingerprint": "SHA-256 of everything that changes results (rayocr.json has it in clear).",
    "duplicate_of": "document_id whose recognition this row carries; null if it is its own.",
    "run_id": "The run that wrote the row.",
    "written_at": "When the row was written, UTC.",
    "meta": "What the source carried along: columns of a manifest, as pairs of strings.",
}
"""Meaning of each column, in order; `rayocr schema` prints it."""


@cache
def page_row_schema() -> pa.Schema:
    """The schema of `pages/*.parquet`, columns in the order of `COLUMNS`."""
    import pyarrow as pa

    polygon = pa.list_(pa.float32(), 8)
    word = pa.struct([("text", pa.string()), ("polygon", polygon)])
    line = pa.struct(
        [
            ("text", pa.string()),
            ("score", pa.float32()),
            ("polygon", polygon),
            ("block", pa.int16()),
            ("words", pa.list_(word)),
        ]
    )
    types: dict[str, pa.DataType] = {
        "document_id": pa.string(),
        "page_index": pa.int32(),
        "uri": pa.string(),
        "key": pa.string(),
        "version": pa.string(),
        "content_sha256": pa.string(),
        "page_count": pa.int32(),
        "format": pa.string(),
        "size_bytes": pa.int64(),
        "width": pa.int32(),
        "height": pa.int32(),
        "dpi": pa.float32(),
        "rotation": pa.int16(),
        "status": pa.string(),
        "error_code": pa.string(),
        "error_message": pa.string(),
        "notices": pa.list_(pa.string()),
        "text": pa.string(),
        "lines": pa.list_(line),
        "mean_score": pa.float32(),
        "line_count": pa.int32(),
        "lines_found": pa.int32(),
        "lines_kept": pa.int32(),
        "char_count": pa.int32(),
        "text_source": pa.string(),
        "decode": pa.struct([("frame", pa.int32()), ("dpi", pa.float32()), ("scale", pa.float32())]),
        "timings": pa.struct(
            [("read_ms", pa.float32()), ("decode_ms", pa.float32()), ("ocr_ms", pa.float32())]
        ),
        "attempts": pa.int16(),
        "fingerprint": pa.string(),
        "duplicate_of": pa.string(),
        "run_id": pa.string(),
        "written_at": pa.timestamp("us", tz="UTC"),
        "meta": pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())])),
    }
    required = {"document_id", "page_index", "status"}
    return pa.schema([pa.field(name, types[name], nullable=name not in required) for name in COLUMNS])
