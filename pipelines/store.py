"""The output as a small store of whole objects: a folder of a disk, or a prefix of an object store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Protocol

from actors.errors import IncompleteError
from actors.uris import absolute, parse_uri


@dataclass(frozen=True, slots=True)
class Entry:
    """An object of a store: `path` relative to its root, `/`-separated; `size` in bytes."""

    path: str
    size: int


class Store(Protocol):
    """Whole objects by relative path. An object is there whole or not at all, whatever dies.

    Stores are small and picklable: workers get them by value, and connect where they are. An operation raises
    OSError if the disk or the store fails, after the tries that its library makes.
    """

    @property
    def exclusive(self) -> bool:
        """Whether `put_if_absent` is exact. If not, two writers at the same moment may both get True: let
        some time pass, and read back who was the last."""
        ...

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
        """Raise ConfigError if nothing can be written here, or next to nothing."""
        ...


def open_store(uri: str, storage_options: Mapping[str, Any] | None = None) -> Store:
    """The store of an output's address. Raises ConfigError for an address that cannot be."""
    parsed = parse_uri(uri)
    if parsed.is_local:
        from pipelines.stores.local import LocalStore

        return LocalStore(absolute(parsed.path))
    from pipelines.stores.remote import FsspecStore

    return FsspecStore(uri, dict(storage_options or {}))


@contextmanager
def or_incomplete(store: Store) -> Iterator[None]:
    """A disk or store that fails in here ends the run, which the same command resumes: IncompleteError."""
    try:
        yield
    except OSError as error:
        raise IncompleteError(
            f"The output {store.location('')} cannot be read or written.",
            f"{type(error).__name__}: {error.strerror or error}",
            "What is published stays. Run the same command again when the disk or the store is well.",
        ) from error
