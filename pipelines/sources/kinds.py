"""Decide what `source.path` is: a file, a folder, a glob or a manifest."""

from __future__ import annotations

from pathlib import Path

from actors.errors import ConfigError
from actors.uris import open_filesystem, parse_uri
from pipelines.sources.config import SourceConfig

_MANIFESTS = (".txt", ".csv", ".parquet")


def kind_of(source: SourceConfig) -> str:
    """The kind of a source. What exists is taken as it stands; only then may a name be a pattern."""
    if source.kind != "auto":
        return source.kind
    what = _what_is_there(source)
    if what == "file" and source.path.lower().endswith(_MANIFESTS):
        return "manifest"
    if what is not None:
        return what
    if any(character in source.path for character in "*?["):
        return "glob"
    raise ConfigError(
        f"The source {source.path} does not exist.",
        "There is no such file, folder or prefix.",
        "Check source.path (or --input), and the credentials if it is a bucket.",
    )


def _what_is_there(source: SourceConfig) -> str | None:
    parsed = parse_uri(source.path)
    if parsed.is_local:
        local = Path(parsed.path)
        return "folder" if local.is_dir() else "file" if local.exists() else None
    filesystem, path = open_filesystem(source.path, source.storage_options)
    try:
        if parsed.text.endswith("/") or not filesystem.isfile(path):
            return "folder" if filesystem.exists(path) else None
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 - every client library has errors of its own
        raise ConfigError(
            f"The source {source.path} cannot be reached.",
            f"{type(error).__name__}: {error}",
            "Check the bucket's name, the credentials and source.storage_options.",
        ) from error
    return "file"
