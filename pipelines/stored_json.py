"""JSON that is read back from an output: whole, of a known form, or refused. An output may be a stranger's.

Values are parsed strictly: a number is no text, an integer no truth value, and nesting has an end (pydantic
reads 200 levels). Sizes are bounded by the store, see `own_names.MOST_JSON_BYTES`.
"""

from __future__ import annotations

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


class FormError(ValueError):
    """The content has not the form that it is read for. The text says where, and holds nothing of it."""


def parsed(content: bytes, form: TypeAdapter[T]) -> T:
    """The value in a file's content. Raises FormError."""
    try:
        return form.validate_json(content, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(
            str(part) for part in first["loc"][:3] if isinstance(part, int) or part.isidentifier()
        )
        raise FormError(f"{where}: {first['msg']}" if where else first["msg"]) from None
