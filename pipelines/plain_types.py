"""Parquet of strangers: columns of Arrow extension types are refused before the code of such a type runs."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_MARK = b"PAR1"
_SCHEMA_KEY = b"ARROW:schema"
"""Key of the footer under which Arrow keeps its own schema, a message in base64 (Arrow C++,
"Parquet: Serialization details")."""
_HIDDEN_KEY = b"arrow:schema"
"""The same key as a name that Arrow does not know; of the same length, so that the footer stays valid."""
_EXTENSION_KEY = b"ARROW:extension:"
"""Start of the metadata keys by which a field says that it is of an extension type (Arrow Columnar Format,
"Extension Types")."""
_EXTENSION = "an Arrow extension type; only plain types are read"


def refuse_announced_extensions(footer: bytes) -> None:
    """Raise ArrowInvalid if a file's footer, with its length and mark, announces extension types.

    Arrow calls the code of a registered extension type as soon as it builds the schema, and the types that
    Ray registers unpickle. So the footer is first read with the schema's key hidden, and the message is
    searched as bytes: it holds its keys as they are.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if footer.count(_SCHEMA_KEY) > 1 or _HIDDEN_KEY in footer:  # Arrow takes the first, a dict the last
        raise pa.ArrowInvalid(f"its footer has {_SCHEMA_KEY.decode()} more than once")
    hidden = pq.read_metadata(pa.BufferReader(_MARK + footer.replace(_SCHEMA_KEY, _HIDDEN_KEY)))
    try:
        schema = base64.b64decode((hidden.metadata or {}).get(_HIDDEN_KEY, b""), validate=True)
    except binascii.Error as error:
        raise pa.ArrowInvalid(f"its footer's {_SCHEMA_KEY.decode()} is no base64") from error
    if _EXTENSION_KEY in schema or _EXTENSION_KEY in footer:
        raise pa.ArrowInvalid(f"a column is of {_EXTENSION}")


def refuse_extensions(schema: pa.Schema) -> None:
    """Raise ArrowInvalid if a column is of an extension type, at any depth."""
    import pyarrow as pa

    for field in schema:
        if _has_extension(field.type):
            raise pa.ArrowInvalid(f"column {field.name!r} is of {_EXTENSION}")


def _has_extension(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return True
    if isinstance(kind, pa.DictionaryType):
        return _has_extension(kind.value_type)
    return any(_has_extension(kind.field(index).type) for index in range(kind.num_fields))
