"""Decide what `source.path` is: a file, a folder, a glob or a manifest."""

from __future__ import annotations

import stat
from pathlib import Path

from actors.signatures import without_query
from actors.uris import open_filesystem, parse_uri
from actors.web import look
from pipelines.sources.config import SourceConfig
from pipelines.sources.reach import reaching

_MANIFESTS = (".txt", ".csv", ".parquet")
PATTERNS = "*?["


def kind_of(source: SourceConfig) -> str:
    """The kind of a source. What exists is taken as it stands; only then may a name be a pattern.

    Raises ConfigError if nothing is there, or if it cannot be looked at.
    """
    if source.kind not in ("auto", "glob"):
        return source.kind
    pattern = any(character in source.path for character in PATTERNS)
    if source.kind == "glob" and pattern:
        return "glob"
    with reaching(source):
        what = what_is_there(source)
        if what is None and not pattern:
            raise FileNotFoundError(source.path)
    if what == "file" and source.kind == "auto" and without_query(source.path).lower().endswith(_MANIFESTS):
        return "manifest"
    return what or "glob"


def what_is_there(source: SourceConfig) -> str | None:
    """`file`, `folder`, or None if there is nothing. Raises what the disk or the store raises."""
    parsed = parse_uri(source.path)
    if parsed.is_local:
        try:
            mode = Path(parsed.path).stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        return "folder" if stat.S_ISDIR(mode) else "file"
    if parsed.scheme in ("http", "https"):
        try:
            look(source.path, source.access())
        except FileNotFoundError:
            return None
        return "folder" if parsed.text.endswith("/") else "file"
    filesystem, path = open_filesystem(source.path, source.storage_options)
    filesystem.invalidate_cache()
    try:  # not isfile() or exists(): they answer False to whatever goes wrong
        kind = filesystem.info(path)["type"]
    except FileNotFoundError:
        return None
    return "folder" if kind == "directory" or parsed.text.endswith("/") else "file"
