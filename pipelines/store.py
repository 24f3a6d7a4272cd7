"""The output as a small store of whole objects: a folder of a disk, or any fsspec filesystem."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from actors.errors import ConfigError
from actors.uris import join, open_filesystem, parse_uri

_LEAST_FREE_BYTES = 100 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """An object of a store: `path` relative to its root, `/`-separated; `size` in bytes."""

    path: str
    size: int


class Store(Protocol):
    """Whole objects by relative path. An object is there whole or not at all, whatever dies."""

    def location(self, path: str) -> str:
        """Where an object is, for people and for readers."""
        ...

    def list(self, prefix: str) -> list[Entry]:
        """All objects below a folder, sorted; empty if there is no such folder."""
        ...

    def exists(self, path: str) -> bool:
        """Whether there is such an object."""
        ...

    def read(self, path: str) -> bytes:
        """The whole object. Raises FileNotFoundError."""
        ...

    def open(self, path: str) -> IO[bytes]:
        """The object as a seekable file. Raises FileNotFoundError."""
        ...

    def put(self, path: str, content: bytes) -> None:
        """Write the whole object, over an old one if there is one."""
        ...

    def put_if_absent(self, path: str, content: bytes) -> bool:
        """Write the whole object unless it exists; of several writers exactly one gets True."""
        ...

    def move(self, source: str, target: str) -> None:
        """Rename an object, over an old target. Raises FileNotFoundError."""
        ...

    def delete(self, path: str) -> None:
        """Remove an object; nothing happens if there is none."""
        ...

    def check_writable(self) -> None:
        """Raise ConfigError if nothing can be written here."""
        ...


def open_store(uri: str, storage_options: Mapping[str, Any] | None = None) -> Store:
    """The store of an output's address. Raises ConfigError for an address that cannot be."""
    parsed = parse_uri(uri)
    if parsed.is_local:
        return LocalStore(Path(parsed.path).absolute())
    return FsspecStore(uri, dict(storage_options or {}))


@dataclass(frozen=True, slots=True)
class LocalStore:
    """A folder of a disk. Writes go to a temporary file, are synced, and renamed into place."""

    root: Path

    def location(self, path: str) -> str:
        """See Store."""
        return str(self.root / path)

    def list(self, prefix: str) -> list[Entry]:
        """See Store. Temporary files of writers are left out."""
        base = self.root / prefix
        found = []
        for folder, _, names in os.walk(base):
            for name in names:
                file = Path(folder) / name
                if not name.startswith(_TEMPORARY):
                    with contextlib.suppress(FileNotFoundError):
                        found.append(Entry(file.relative_to(self.root).as_posix(), file.stat().st_size))
        return sorted(found, key=lambda entry: entry.path)

    def exists(self, path: str) -> bool:
        """See Store."""
        return (self.root / path).exists()

    def read(self, path: str) -> bytes:
        """See Store."""
        return (self.root / path).read_bytes()

    def open(self, path: str) -> IO[bytes]:
        """See Store."""
        return (self.root / path).open("rb")

    def put(self, path: str, content: bytes) -> None:
        """See Store."""
        target = self.root / path
        with self._written(target, content) as temporary:
            temporary.replace(target)
            _sync_folder(target.parent)

    def put_if_absent(self, path: str, content: bytes) -> bool:
        """See Store: a hard link fails if its name exists, and what it names is whole."""
        target = self.root / path
        with self._written(target, content) as temporary:
            try:
                os.link(temporary, target)
            except FileExistsError:
                return False
            finally:
                temporary.unlink(missing_ok=True)
            _sync_folder(target.parent)
        return True

    def move(self, source: str, target: str) -> None:
        """See Store."""
        goal = self.root / target
        goal.parent.mkdir(parents=True, exist_ok=True)
        (self.root / source).replace(goal)
        _sync_folder(goal.parent)

    def delete(self, path: str) -> None:
        """See Store. Folders that become empty go too."""
        file = self.root / path
        file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            if file.parent != self.root:
                file.parent.rmdir()

    def check_writable(self) -> None:
        """See Store."""
        probe = f"_staging/.probe-{uuid.uuid4().hex}"
        try:
            self.put(probe, b"rayocr")
            self.delete(probe)
        except OSError as error:
            raise ConfigError(
                f"The output {self.root} cannot be written.",
                error.strerror or str(error),
                "Give write access, or take another output.path.",
            ) from error
        free = shutil.disk_usage(self.root).free
        if free < _LEAST_FREE_BYTES:
            raise ConfigError(
                f"The disk of {self.root} is full.",
                f"{free >> 20} MiB are free, at least {_LEAST_FREE_BYTES >> 20} are needed.",
                "Make room, or take another output.path.",
            )

    @contextlib.contextmanager
    def _written(self, target: Path, content: bytes) -> Iterator[Path]:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f"{_TEMPORARY}{uuid.uuid4().hex}")
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            yield temporary
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


_TEMPORARY = ".tmp-"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class FsspecStore:
    """A prefix of an object store. An object appears whole when its upload ends."""

    uri: str
    options: dict[str, Any] = field(default_factory=dict, repr=False)

    def location(self, path: str) -> str:
        """See Store."""
        return join(self.uri, path)

    def list(self, prefix: str) -> list[Entry]:
        """See Store."""
        filesystem, root = self._open("")
        filesystem.invalidate_cache()
        try:
            found = filesystem.find(f"{root}/{prefix}".rstrip("/"), detail=True)
        except FileNotFoundError:
            return []
        start = len(root.rstrip("/")) + 1
        entries = [Entry(path[start:], int(info.get("size") or 0)) for path, info in found.items()]
        return sorted(entries, key=lambda entry: entry.path)

    def exists(self, path: str) -> bool:
        """See Store."""
        filesystem, full = self._open(path)
        filesystem.invalidate_cache()
        return bool(filesystem.exists(full))

    def read(self, path: str) -> bytes:
        """See Store."""
        filesystem, full = self._open(path)
        content: bytes = filesystem.cat_file(full)
        return content

    def open(self, path: str) -> IO[bytes]:
        """See Store."""
        filesystem, full = self._open(path)
        file: IO[bytes] = filesystem.open(full, "rb", cache_type="readahead")
        return file

    def put(self, path: str, content: bytes) -> None:
        """See Store."""
        filesystem, full = self._open(path)
        filesystem.pipe_file(full, content)

    def put_if_absent(self, path: str, content: bytes) -> bool:
        """See Store: a conditional write where the filesystem has one (S3: If-None-Match)."""
        filesystem, full = self._open(path)
        try:
            filesystem.pipe_file(full, content, mode="create")
        except FileExistsError:
            return False
        return True

    def move(self, source: str, target: str) -> None:
        """See Store: a server-side copy, then a delete; cut between the two, both exist."""
        filesystem, old = self._open(source)
        filesystem.cp_file(old, self._open(target)[1])
        filesystem.rm_file(old)
        filesystem.invalidate_cache()

    def delete(self, path: str) -> None:
        """See Store."""
        filesystem, full = self._open(path)
        with contextlib.suppress(FileNotFoundError):
            filesystem.rm_file(full)

    def check_writable(self) -> None:
        """See Store."""
        probe = f"_staging/.probe-{uuid.uuid4().hex}"
        try:
            self.put(probe, b"rayocr")
            self.delete(probe)
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - every client library has errors of its own
            raise ConfigError(
                f"The output {self.uri} cannot be written.",
                f"{type(error).__name__}: {error}",
                "Check the bucket's name, the credentials and output.storage_options.",
            ) from error

    def _open(self, path: str) -> tuple[Any, str]:
        return open_filesystem(join(self.uri, path), self.options)
