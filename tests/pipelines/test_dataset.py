"""Documents of a Dataset: read from the address that is given, published without its secrets."""

from __future__ import annotations

import pyarrow as pa

from actors.contracts import document_id
from actors.transport import documents_from_table
from pipelines.dataset import _refs


def test_documents_of_a_dataset_have_no_secrets_but_where_they_are_read() -> None:
    signed = "https://u:CANARY@host/a.png?id=7&X-Amz-Signature=CANARY"
    table = pa.table({"uri": [signed, "s3://b/k"], "key": [None, "mine"], "note": [signed, "plain"]})
    first, second = documents_from_table(_refs(table))
    plain = "https://host/a.png?id=7"
    assert (first.key, first.uri, first.location) == (plain, plain, signed)
    assert first.document_id == document_id(plain)
    assert dict(first.meta) == {"note": plain}
    assert (second.key, second.location, second.document_id) == ("mine", "s3://b/k", document_id("mine"))
    assert "CANARY" not in f"{first}"
