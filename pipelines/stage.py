"""The stage step: rows in, one whole Parquet file in `_staging/`, and a receipt for the driver."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from actors.contracts import Receipt
from actors.rows import Stamp
from actors.schema import SCHEMA_VERSION, page_row_schema
from actors.shortage import despite_shortage
from pipelines.job import Job
from pipelines.parquet import parquet_of
from pipelines.store import Store, or_incomplete

if TYPE_CHECKING:
    import pyarrow as pa


def stage_rows(rows: pa.Table, job: Job, store: Store) -> Receipt:
    """Write rows as one file that no reader looks at yet. Raises IncompleteError if the store fails, which it
    may do for a while when it is the machine that lacks something."""
    return stage_file(rows, job.stamp, store)


def stage_file(rows: pa.Table, stamp: Stamp, store: Store) -> Receipt:
    """The same without a job."""
    path = f"_staging/{stamp.run_id}/{stamp.run_id}-{uuid.uuid4().hex}.parquet"
    payload = parquet_bytes(rows, stamp.fingerprint)
    with or_incomplete(store):
        despite_shortage(lambda: store.put(path, payload))
    return _receipt(rows, path, len(payload))


def parquet_bytes(rows: pa.Table, fingerprint: str) -> bytes:
    """The file's content: public schema, `written_at` set to now, versions in the file's metadata."""
    import pyarrow as pa

    schema = page_row_schema()
    now = pa.scalar(datetime.now(UTC), type=schema.field("written_at").type)
    rows = rows.set_column(
        schema.get_field_index("written_at"), schema.field("written_at"), pa.repeat(now, rows.num_rows)
    )
    metadata = {"schema_version": str(SCHEMA_VERSION), "fingerprint": fingerprint}
    return parquet_of([rows.cast(schema)], schema.with_metadata(metadata))


def identities_sha256(rows: pa.Table) -> str:
    """SHA-256 over the sorted primary keys of the rows, one `document_id/page_index` a line."""
    keys = zip(rows.column("document_id").to_pylist(), rows.column("page_index").to_pylist(), strict=True)
    lines = sorted(f"{document}/{page}" for document, page in keys)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _receipt(rows: pa.Table, path: str, size: int) -> Receipt:
    status = Counter(rows.column("status").to_pylist())
    codes = Counter(code for code in rows.column("error_code").to_pylist() if code is not None)
    timings = rows.column("timings").to_pylist()
    return Receipt(
        path=path,
        rows=rows.num_rows,
        bytes=size,
        ok=status["ok"],
        empty=status["empty"],
        failed=status["failed"],
        identities_sha256=identities_sha256(rows),
        error_codes=dict(codes),
        ocr_ms=sum(timing["ocr_ms"] or 0.0 for timing in timings),
    )
