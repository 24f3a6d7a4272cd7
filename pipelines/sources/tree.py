"""A single file, and a folder with all folders in it: on a disk, or on an object store."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from actors.contracts import DocRef, document_id
from actors.errors import ConfigError
from actors.uris import escape_name, join, open_filesystem, parse_uri
from pipelines.sources.config import SourceConfig
from pipelines.sources.filter import NameFilter


def one_file(source: SourceConfig) -> Iterator[DocRef]:
    """The one document that `source.path` names."""
    parsed = parse_uri(source.path)
    if parsed.is_local:
        path = os.path.abspath(parsed.path)  # noqa: PTH100 - Path would normalise the name
        yield local_ref(escape_name(os.path.basename(path)), path)  # noqa: PTH119
        return
    filesystem, path = open_filesystem(source.path, source.storage_options)
    info = filesystem.info(path)
    yield remote_ref(path.rpartition("/")[2], parsed.text, info)


def folder(source: SourceConfig, names: NameFilter) -> Iterator[DocRef]:
    """Every document below a folder or prefix; sorted folder by folder on a disk, by key on a store."""
    parsed = parse_uri(source.path)
    if parsed.is_local:
        root = os.path.abspath(parsed.path)  # noqa: PTH100
        yield from _walk(root, "", names, frozenset())
    else:
        yield from _find(source, names)


def local_ref(key: str, path: str, meta: dict[str, str] | None = None) -> DocRef:
    """A document on a disk; one that cannot be looked at is listed all the same, and fails when read."""
    try:
        info = os.stat(path)
        version, size = f"{info.st_size}-{info.st_mtime_ns}", info.st_size
    except OSError:
        version, size = "unknown", None
    return DocRef(document_id(key), key, escape_name(path), version, size, meta or {})


def remote_ref(key: str, uri: str, info: dict[str, Any], meta: dict[str, str] | None = None) -> DocRef:
    """A document on a store; its version is the ETag or generation, else size and time."""
    size = info.get("size")
    return DocRef(document_id(key), key, uri, remote_version(info), size, meta or {})


def remote_version(info: dict[str, Any]) -> str:
    """What a listing says of an object's content."""
    for name in ("generation", "ETag", "etag", "md5Hash", "content_md5"):
        if info.get(name):
            return str(info[name]).strip('"')
    changed = info.get("LastModified") or info.get("last_modified") or info.get("mtime") or info.get("created")
    if changed is None and info.get("size") is None:
        return "unknown"
    return f"{info.get('size')}-{changed}"


def _walk(root: str, prefix: str, names: NameFilter, parents: frozenset[tuple[int, int]]) -> Iterator[DocRef]:
    here = os.path.join(root, prefix) if prefix else root  # noqa: PTH118
    try:
        entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        info = os.stat(here)
    except OSError as error:
        raise ConfigError(
            f"The folder {here} cannot be listed.",
            error.strerror or str(error),
            "Give read access, or name it in source.ignore.",
        ) from error
    identity = (info.st_dev, info.st_ino)
    if identity in parents:
        return  # a symbolic link leads back into a folder that it is in
    for entry in entries:
        name = f"{prefix}/{entry.name}" if prefix else entry.name
        if _is_folder(entry):
            if names.takes_folder(entry.name, str(Path(entry.path).resolve())):
                yield from _walk(root, name, names, parents | {identity})
        elif _is_document(entry):
            key = escape_name(name)
            if names.takes_file(key):
                yield local_ref(key, entry.path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_document(entry: os.DirEntry[str]) -> bool:
    """A regular file, or a link that leads to one or to nothing (then its row says read.missing)."""
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return True


def _find(source: SourceConfig, names: NameFilter) -> Iterator[DocRef]:
    parsed = parse_uri(source.path)
    filesystem, root = open_filesystem(source.path, source.storage_options)
    root = root.rstrip("/")
    scheme = f"{parsed.scheme}://"
    for path, info in filesystem.find(root, detail=True).items():
        key = path[len(root) + 1 :]
        if path.endswith("/") or not key or info.get("type") == "directory":
            continue  # the marker of a folder
        if names.takes_key(key, path):
            uri = path if path.startswith(scheme) else join(source.path, key)
            yield remote_ref(key, uri, info)
