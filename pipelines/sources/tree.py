"""A single file, and a folder with all folders in it: on a disk, or on an object store."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from actors.contracts import DocRef, document_id
from actors.errors import ConfigError
from actors.signatures import published, revealed
from actors.uris import absolute, escape_name, join, open_filesystem, parse_uri
from actors.web import look
from pipelines.sources.config import SourceConfig
from pipelines.sources.filter import NameFilter, canonical, folder_identity
from pipelines.sources.local import UNKNOWN, Named, local_ref, local_refs
from pipelines.sources.reach import reaching

Wanted = Callable[[str], bool]
"""Whether a folder, by its key, may hold documents at all."""


def one_file(source: SourceConfig) -> Iterator[DocRef]:
    """The one document that `source.path` names. Raises ConfigError if it is not there."""
    parsed = parse_uri(source.path)
    if parsed.is_local:
        path = absolute(parsed.path)
        with reaching(source):
            Path(path).lstat()
        yield local_ref(Named(escape_name(path.rpartition("/")[2]), path))
        return
    with reaching(source):
        filesystem, path = open_filesystem(source.path, source.storage_options)
        filesystem.invalidate_cache()
        web = parsed.scheme in ("http", "https")  # each redirect is checked there
        info = look(source.path, source.access()) if web else filesystem.info(path)
    if web:  # where the path is the whole address
        path = published(path)
    yield remote_ref(path.rpartition("/")[2], parsed.text, info)


def folder(source: SourceConfig, names: NameFilter, wanted: Wanted | None = None) -> Iterator[DocRef]:
    """Every document below a folder or prefix; sorted folder by folder on a disk, with folders that are links
    after all others, and by key on a store.

    Raises ConfigError if a folder cannot be listed: nothing is left out in silence. `wanted` spares the
    walk of folders that cannot hold what is looked for.
    """
    parsed = parse_uri(source.path)
    if parsed.is_local:
        yield from local_refs(_Walk(absolute(parsed.path), names, wanted, source.follow_links).documents())
    else:
        yield from _find(source, names)


def remote_ref(key: str, uri: str, info: dict[str, Any]) -> DocRef:
    """A document on a store; its version is the ETag or generation, else size and time."""
    key, shown = escape_name(key), published(uri)
    secret = uri if shown != uri else None
    named = document_id(revealed(key, secret))
    return DocRef(named, key, shown, remote_version(info), info.get("size"), address=secret)


def remote_version(info: dict[str, Any]) -> str:
    """What a listing says of an object's content."""
    for name in ("generation", "ETag", "etag", "md5Hash", "content_md5"):
        if info.get(name):
            return str(info[name]).strip('"')
    changed = (
        info.get("LastModified") or info.get("last_modified") or info.get("mtime") or info.get("created")
    )
    known = [str(part) for part in (info.get("size"), changed) if part is not None]
    return "-".join(known) or UNKNOWN


class _Walk:
    """One way through a folder on a disk. Each folder is visited once, whatever leads to it.

    Folders proper come first and links to folders after them, both by name: so a folder that is below the
    root has its own path as key, and of a folder elsewhere the link that is met first names it.
    """

    def __init__(self, root: str, names: NameFilter, wanted: Wanted | None, links: str) -> None:
        self._root = root
        self._home = f"{os.path.realpath(root).rstrip('/')}/"
        self._names = names
        self._wanted = wanted
        self._links = links
        self._visited = set(names.excluded_folders)

    def documents(self) -> Iterator[Named]:
        """The documents. Raises ConfigError for a folder that cannot be listed."""
        waiting: deque[tuple[str, str]] = deque([(self._root, "")])
        while waiting:
            path, prefix = waiting.popleft()
            yield from self._below(path, prefix, waiting)

    def _below(self, path: str, prefix: str, waiting: deque[tuple[str, str]]) -> Iterator[Named]:
        """Depth first, names in order. A stack, not recursion: folders may be deeper than Python's own."""
        levels: list[_Level] = []
        self._enter(path, prefix, levels)
        while levels:
            entry = next(levels[-1].entries, None)
            if entry is None:
                levels.pop()
                continue
            name = f"{levels[-1].prefix}{entry.name}"
            key = escape_name(name)
            if not self._follows(entry):
                continue
            if not _is_folder(entry):
                if _is_document(entry) and self._names.takes_file(key):
                    yield Named(key, entry.path)
            elif (self._wanted is None or self._wanted(key)) and self._names.takes_folder(key):
                if entry.is_symlink():
                    waiting.append((entry.path, f"{name}/"))
                else:
                    self._enter(entry.path, f"{name}/", levels)

    def _enter(self, path: str, prefix: str, levels: list[_Level]) -> None:
        level = _Level(path, prefix)
        if level.identity not in self._visited:
            self._visited.add(level.identity)
            levels.append(level)

    def _follows(self, entry: os.DirEntry[str]) -> bool:
        if self._links == "all" or not entry.is_symlink():
            return True
        return self._links == "inside" and os.path.realpath(entry.path).startswith(self._home)


class _Level:
    """A folder that is being walked."""

    def __init__(self, path: str, prefix: str) -> None:
        self.prefix = prefix
        try:
            self.identity = folder_identity(path)
            with os.scandir(path) as entries:
                self.entries = iter(sorted(entries, key=lambda entry: entry.name))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            raise ConfigError(
                f"The folder {escape_name(path)} cannot be listed.",
                reason or str(error),
                "Give read access, or name it in source.ignore.",
            ) from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_document(entry: os.DirEntry[str]) -> bool:
    """A regular file, or what cannot be looked at: a link to nothing gets a row that says so."""
    try:
        return entry.is_file() or stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return True


def _find(source: SourceConfig, names: NameFilter) -> Iterator[DocRef]:
    """One flat listing: a library's own glob would take `[` and `*` in names for patterns."""
    parsed = parse_uri(source.path)
    with reaching(source):
        filesystem, root = open_filesystem(source.path, source.storage_options)
        filesystem.invalidate_cache()
        found = filesystem.find(root.rstrip("/"), detail=True)
    start = len(root.rstrip("/")) + 1
    above = canonical(source.path)
    for path, info in found.items():
        key = path[start:]
        if not key or key.endswith("/") or info.get("type") == "directory":
            continue  # the marker of a folder
        if names.takes_key(escape_name(key), f"{above}/{key}"):
            uri = path if path.startswith(f"{parsed.scheme}://") else join(source.path, key)
            is_web = parsed.scheme in ("http", "https")
            yield remote_ref(published(key, is_web=is_web), uri, info)
