"""A store below a prefix of an object store, through fsspec."""

from __future__ import annotations

import contextlib
import errno
import functools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, ParamSpec, TypeVar

from actors.errors import ConfigError, RayocrError
from actors.signatures import published, without_queries
from actors.uris import join, open_filesystem
from pipelines.own_names import names_of
from pipelines.store import Entry

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_P = ParamSpec("_P")
_T = TypeVar("_T")


def _as_oserror(operation: Callable[_P, _T]) -> Callable[_P, _T]:
    """Libraries raise OSError for what a store answers, and errors of their own where none answers."""

    @functools.wraps(operation)
    def told(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return operation(*args, **kwargs)
        except (OSError, RayocrError):
            raise
        except Exception as error:
            raise OSError(errno.EIO, f"{type(error).__name__}: {without_queries(str(error))}") from error

    return told


@dataclass(frozen=True, slots=True)
class FsspecStore:
    """See Store. An object appears whole when its upload ends.

    The filesystem's cached listings are dropped before each look: other processes write here too.
    """

    uri: str
    options: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def exclusive(self) -> bool:
        """See Store: libraries and servers take the condition without a word and may not keep it."""
        return False

    def location(self, path: str) -> str:
        """See Store."""
        return join(published(self.uri), path)

    @_as_oserror
    def list(self, prefix: str) -> list[Entry]:
        """See Store."""
        filesystem, root = open_filesystem(self.uri, self.options)
        filesystem.invalidate_cache()
        top = f"{root.rstrip('/')}/"
        below = f"{top}{'/'.join(names_of(prefix))}/" if prefix else top
        try:
            found = filesystem.find(below.rstrip("/"), detail=True)
        except FileNotFoundError:
            return []
        entries = [  # an object with the very name of the folder is none of it
            Entry(path[len(top) :], int(info.get("size") or 0))
            for path, info in found.items()
            if info.get("type") != "directory" and not path.endswith("/") and path.startswith(below)
        ]
        return sorted(entries, key=lambda entry: entry.path)

    @_as_oserror
    def exists(self, path: str) -> bool:
        """See Store."""
        filesystem, full = self._open(path)
        filesystem.invalidate_cache()
        try:  # not isfile(): it answers False to whatever goes wrong
            return bool(filesystem.info(full)["type"] == "file")
        except FileNotFoundError:
            return False

    @_as_oserror
    def read(self, path: str) -> bytes:
        """See Store."""
        filesystem, full = self._open(path)
        content: bytes = filesystem.cat_file(full)
        return content

    @_as_oserror
    def open(self, path: str) -> IO[bytes]:
        """See Store."""
        filesystem, full = self._open(path)
        file: IO[bytes] = filesystem.open(full, "rb", cache_type="readahead")
        return file

    @_as_oserror
    def put(self, path: str, content: bytes) -> None:
        """See Store."""
        filesystem, full = self._open(path)
        filesystem.pipe_file(full, content)

    @_as_oserror
    def put_if_absent(self, path: str, content: bytes) -> bool:
        """See Store: a conditional write where the filesystem has one (S3: If-None-Match).

        A client may repeat a write whose answer was lost and then be told that the object exists; so what
        is there is compared. Contents of competitors must differ.
        """
        if self.exists(path):
            return False
        filesystem, full = self._open(path)
        try:
            filesystem.pipe_file(full, content, mode="create")
        except TypeError:  # no such condition here
            filesystem.pipe_file(full, content)
        except OSError as error:  # some servers' word for "it exists" is known to no library
            if not isinstance(error, FileExistsError) and not self.exists(path):
                raise
            return self.read(path) == content
        return True

    @_as_oserror
    def move(self, source: str, target: str) -> None:
        """See Store: a server-side copy, then a delete; cut between the two, both exist."""
        filesystem, old = self._open(source)
        filesystem.cp_file(old, self._open(target)[1])
        filesystem.rm_file(old)
        filesystem.invalidate_cache()

    @_as_oserror
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
        except Exception as error:
            raise ConfigError(
                f"The output {self.uri} cannot be written.",
                f"{type(error).__name__}: {without_queries(str(error))}",
                "Check the bucket's name, the credentials and output.storage_options.",
            ) from error

    def _open(self, path: str) -> tuple[AbstractFileSystem, str]:
        names_of(path)  # a server, or the library, may resolve `..` and `//`
        return open_filesystem(join(self.uri, path), self.options)
