"""A store in a folder of a disk: written beside, synced, and renamed into place."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from actors.errors import ConfigError
from actors.uris import escape_name
from pipelines.store import Entry

_LEAST_FREE_BYTES = 100 << 20
_TEMPORARY = ".tmp-"
_TRIES = 3


@dataclass(frozen=True, slots=True)
class LocalStore:
    """See Store. Names that begin with `.tmp-` are writes under way, or what dead writers left."""

    root: str

    @property
    def exclusive(self) -> bool:
        """See Store."""
        return True

    def location(self, path: str) -> str:
        """See Store."""
        return escape_name(os.path.join(self.root, path))  # noqa: PTH118 - "" must stay the folder itself

    def list(self, prefix: str) -> list[Entry]:
        """See Store. A folder that cannot be read raises: an output half seen would be done twice."""
        found = []
        for folder, _, names in os.walk(self._path(prefix), onerror=_raise):
            for name in names:
                file = Path(folder, name)
                with contextlib.suppress(FileNotFoundError):
                    found.append(Entry(file.relative_to(self.root).as_posix(), file.stat().st_size))
        return sorted(found, key=lambda entry: entry.path)

    def exists(self, path: str) -> bool:
        """See Store."""
        return self._path(path).exists()

    def read(self, path: str) -> bytes:
        """See Store."""
        return self._path(path).read_bytes()

    def open(self, path: str) -> IO[bytes]:
        """See Store."""
        return self._path(path).open("rb")

    def put(self, path: str, content: bytes) -> None:
        """See Store."""
        target = self._path(path)
        with _written(target, content) as temporary:
            temporary.replace(target)
        _sync_folder(target.parent)

    def put_if_absent(self, path: str, content: bytes) -> bool:
        """See Store: a hard link fails if its name exists, and what it names is whole."""
        target = self._path(path)
        with _written(target, content) as temporary:
            try:
                os.link(temporary, target)
            except FileExistsError:
                return _is_same(temporary, target)
            except OSError:  # a file system without hard links
                return _created(target, content)
        _sync_folder(target.parent)
        return True

    def move(self, source: str, target: str) -> None:
        """See Store. Folders that become empty go."""
        old, new = self._path(source), self._path(target)
        new.parent.mkdir(parents=True, exist_ok=True)
        old.replace(new)
        _sync_folder(new.parent)
        _sync_folder(old.parent)
        self._prune(old.parent)

    def delete(self, path: str) -> None:
        """See Store. Folders that become empty go."""
        file = self._path(path)
        file.unlink(missing_ok=True)
        self._prune(file.parent)

    def check_writable(self) -> None:
        """See Store. Folders that were not there before are gone afterwards."""
        root = Path(self.root)
        made = [folder for folder in (root, *root.parents) if not folder.exists()]
        try:
            self._check_writable()
        finally:
            with contextlib.suppress(OSError):  # not made, or another process writes there by now
                for folder in made:
                    folder.rmdir()

    def _check_writable(self) -> None:
        probe = f"_staging/.probe-{uuid.uuid4().hex}"
        try:
            self.put(probe, b"rayocr")
            self.delete(probe)
        except OSError as error:
            raise ConfigError(
                f"The output {self.location('')} cannot be written.",
                error.strerror or str(error),
                "Give write access, or take another output.path.",
            ) from error
        free = shutil.disk_usage(self.root).free
        if free < _LEAST_FREE_BYTES:
            raise ConfigError(
                f"The disk of {self.location('')} is full.",
                f"{free >> 20} MiB are free, at least {_LEAST_FREE_BYTES >> 20} are needed.",
                "Make room, or take another output.path.",
            )

    def _path(self, path: str) -> Path:
        return Path(self.root, path)

    def _prune(self, folder: Path) -> None:
        """Remove a folder if it is empty, then those above it; never the store itself."""
        with contextlib.suppress(OSError):  # not empty, or already gone
            while folder != Path(self.root):
                folder.rmdir()
                folder = folder.parent


def _is_same(temporary: Path, target: Path) -> bool:
    """Over NFS a link may be made and yet reported as failed. Others may remove the target meanwhile."""
    try:
        return temporary.samefile(target)
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _written(target: Path, content: bytes) -> Iterator[Path]:
    """A synced file with the content beside the target; gone afterwards, unless it was renamed."""
    temporary = target.with_name(f"{_TEMPORARY}{uuid.uuid4().hex}")
    try:
        with _opened(temporary) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _opened(file: Path) -> IO[bytes]:
    for _ in range(_TRIES):
        file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # another process removed the folder as empty
            return file.open("wb")
    return file.open("wb")


def _created(target: Path, content: bytes) -> bool:
    try:
        with target.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return False
    _sync_folder(target.parent)
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
