"""A store in a folder of a disk: written beside, synced, and renamed into place."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from actors.errors import ConfigError
from actors.uris import escape_name
from pipelines.own_names import MOST_JSON_BYTES, TEMPORARY, names_of, too_large
from pipelines.store import Entry
from pipelines.stores.folder import enter, is_file, is_same, not_ours, open_file, opened_folder

_LEAST_FREE_BYTES = 100 << 20
_TRIES = 3
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


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
        """See Store. A folder that cannot be read raises: an output half seen would be done twice.

        A link is an object of no size, whatever it leads to: its name is seen, and nothing behind it.
        """
        found: list[Entry] = []
        waiting = [names_of(prefix) if prefix else ()]
        while waiting:
            names = waiting.pop()
            with contextlib.suppress(FileNotFoundError), _entries(self.root, names) as entries:
                for entry in entries:
                    path = (*names, entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(path)
                    else:
                        with contextlib.suppress(FileNotFoundError):
                            found.append(Entry("/".join(path), _size(entry)))
        return sorted(found, key=lambda entry: entry.path)

    def exists(self, path: str) -> bool:
        """See Store."""
        *folders, name = names_of(path)
        try:
            with opened_folder(self.root, folders) as folder:
                os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def read(self, path: str) -> bytes:
        """See Store."""
        with os.fdopen(open_file(self.root, names_of(path)), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if path.endswith(".json") and size > MOST_JSON_BYTES:
                raise too_large(self.location(path), size)
            return file.read()

    def open(self, path: str) -> IO[bytes]:
        """See Store."""
        return os.fdopen(open_file(self.root, names_of(path)), "rb")

    def put(self, path: str, content: bytes) -> None:
        """See Store."""
        *folders, name = names_of(path)
        with self._written(folders, content) as (folder, temporary):
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)

    def put_if_absent(self, path: str, content: bytes) -> bool:
        """See Store: a hard link fails if its name exists, and what it names is whole."""
        *folders, name = names_of(path)
        with self._written(folders, content) as (folder, temporary):
            try:
                os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            except FileExistsError:  # over NFS a link may be made and yet reported as failed
                return is_same(folder, temporary, name)
            except OSError:  # a file system without hard links
                return _created(folder, name, content)
            os.fsync(folder)
        return True

    def move(self, source: str, target: str) -> None:
        """See Store. Folders that become empty go. Raises ConfigError if the object is a link."""
        *old_folders, old = names_of(source)
        *new_folders, new = names_of(target)
        with opened_folder(self.root, old_folders) as before:
            if not is_file(before, old):
                raise not_ours(self.root, (*old_folders, old), "a file")
            with opened_folder(self.root, new_folders, make=True) as after:
                os.replace(old, new, src_dir_fd=before, dst_dir_fd=after)
                os.fsync(after)
            os.fsync(before)
        self._prune(old_folders)

    def delete(self, path: str) -> None:
        """See Store. Folders that become empty go; of a link the name goes, and not what it leads to."""
        *folders, name = names_of(path)
        self._remove(folders, name)
        self._prune(folders)

    def check_writable(self) -> None:
        """See Store. Folders that were not there before are gone afterwards, and those that were stay."""
        root = Path(self.root)
        made = [folder for folder in (root / "_staging", root, *root.parents) if not folder.exists()]
        try:
            self._check_writable()
        finally:
            with contextlib.suppress(OSError):  # not made, or another process writes there by now
                for folder in made:
                    folder.rmdir()

    def _check_writable(self) -> None:
        probe = f".probe-{uuid.uuid4().hex}"
        try:
            self.put(f"_staging/{probe}", b"rayocr")
            self._remove(["_staging"], probe)
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

    def _remove(self, folders: Sequence[str], name: str) -> None:
        with contextlib.suppress(FileNotFoundError), opened_folder(self.root, folders) as folder:
            os.unlink(name, dir_fd=folder)

    def _prune(self, folders: Sequence[str]) -> None:
        """Remove a folder if it is empty, then those above it; never the store itself."""
        with contextlib.suppress(OSError, ConfigError):  # not empty, already gone, or replaced by a link
            for depth in range(len(folders) - 1, -1, -1):
                with opened_folder(self.root, folders[:depth]) as above:
                    os.rmdir(folders[depth], dir_fd=above)

    @contextlib.contextmanager
    def _written(self, folders: Sequence[str], content: bytes) -> Iterator[tuple[int, str]]:
        """A folder, and a synced file in it with the content; gone afterwards, unless it was renamed."""
        temporary = f"{TEMPORARY}{uuid.uuid4().hex}"
        folder, descriptor = self._opened(folders, temporary)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            yield folder, temporary
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)
            os.close(folder)

    def _opened(self, folders: Sequence[str], name: str) -> tuple[int, int]:
        """A new file and its folder, as descriptors."""
        for left in range(_TRIES, -1, -1):
            try:
                folder = enter(self.root, folders, make=True)
                try:
                    return folder, os.open(name, _NEW, 0o666, dir_fd=folder)
                except BaseException:
                    os.close(folder)
                    raise
            except FileNotFoundError:  # another process removed the folder as empty
                if not left:
                    raise
        raise AssertionError("unreachable")


@contextlib.contextmanager
def _entries(root: str, names: Sequence[str]) -> Iterator[Iterator[os.DirEntry[str]]]:
    with opened_folder(root, names) as folder, os.scandir(folder) as entries:
        yield entries


def _size(entry: os.DirEntry[str]) -> int:
    return 0 if entry.is_symlink() else entry.stat(follow_symlinks=False).st_size


def _created(folder: int, name: str, content: bytes) -> bool:
    try:
        descriptor = os.open(name, _NEW, 0o666, dir_fd=folder)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.fsync(folder)
    return True
