"""Files of `pages/` that cannot be read as rows: an error that names the file, and never one of a library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from actors.errors import ConfigError

if TYPE_CHECKING:
    from pipelines.store import Store


@contextmanager
def trusted(store: Store, path: str) -> Iterator[None]:
    """A context in which a file is read. Raises ConfigError if it is torn, or has other columns than rows."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, KeyError, ValueError, TypeError) as error:
        raise _distrust(store, path, error) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise _distrust(store, path, error) from error  # Arrow's word for damage inside a file


def _distrust(store: Store, path: str, error: Exception) -> ConfigError:
    return ConfigError(
        f"{store.location(path)} is torn, or holds no rows of rayocr.",
        f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no more is known'}",
        "Move it out of pages/; rayocr verify names all files that cannot be trusted.",
    )
