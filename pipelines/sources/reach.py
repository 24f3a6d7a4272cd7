"""What a disk or a store raises while a source is looked at, in words a user can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from actors.errors import ConfigError
from actors.signatures import published, without_queries
from actors.uris import escape_name
from pipelines.sources.config import SourceConfig


@contextmanager
def reaching(source: SourceConfig) -> Iterator[None]:
    """Turn any error inside into a ConfigError that names the source."""
    shown = published(escape_name(source.path))
    try:
        yield
    except ConfigError:
        raise
    except FileNotFoundError as error:
        raise ConfigError(
            f"The source {shown} does not exist.",
            "There is no such file, folder or prefix.",
            "Check source.path (or --input), and the credentials if it is a bucket.",
        ) from error
    except Exception as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ConfigError(
            f"The source {shown} cannot be reached.",
            f"{type(error).__name__}: {without_queries(reason)}",
            "Check its name, the permissions or credentials, and source.storage_options.",
        ) from error
