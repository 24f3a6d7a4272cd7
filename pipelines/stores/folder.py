"""Folders and files of an output on a disk, opened name by name: no link below the output is followed.

A path that is checked first and used afterwards may name something else by then. So each folder is opened
inside the one above it (`openat`), a link is refused by the kernel in the same call, and what is read, made,
moved or deleted is named inside the folder that was opened.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence

from actors.errors import ConfigError
from actors.uris import escape_name

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Without O_NONBLOCK opening a FIFO waits for its writer."""


@contextlib.contextmanager
def opened_folder(root: str, names: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """The descriptor of a folder below `root`, which may itself be a link: that is the user's choice.

    `make`: make what is missing. Raises FileNotFoundError, ConfigError for a link or another thing on the
    way, and OSError for what the disk answers.
    """
    descriptor = enter(root, names, make=make)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def enter(root: str, names: Sequence[str], *, make: bool = False) -> int:
    """The same as a descriptor that the caller closes."""
    if make:
        os.makedirs(root, exist_ok=True)  # noqa: PTH103 - a root of any bytes
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for index, name in enumerate(names):
        try:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=descriptor)
            below = os.open(name, _FOLDER, dir_fd=descriptor)
        except NotADirectoryError as error:  # Linux says this of a link, too; macOS says ELOOP
            raise not_ours(root, names[: index + 1], "a folder") from error
        except OSError as error:
            if _is_link(descriptor, name):
                raise not_ours(root, names[: index + 1], "a folder") from error
            raise
        finally:
            os.close(descriptor)
        descriptor = below
    return descriptor


def open_file(root: str, names: Sequence[str]) -> int:
    """The descriptor of a file below `root`, to be read. Raises as `opened_folder` does."""
    *folders, name = names
    with opened_folder(root, folders) as folder:
        try:
            descriptor = os.open(name, _FILE, dir_fd=folder)
        except FileNotFoundError:
            raise
        except OSError as error:
            if not is_file(folder, name):  # a link (ELOOP), or a socket (ENXIO)
                raise not_ours(root, names, "a file") from error
            raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise not_ours(root, names, "a file")
    return descriptor


def is_file(folder: int, name: str) -> bool:
    """Whether there is a plain file of this name. Raises FileNotFoundError."""
    return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)


def is_same(folder: int, one: str, other: str) -> bool:
    """Whether two names of a folder are one file. Others may remove `other` meanwhile."""
    first = os.stat(one, dir_fd=folder, follow_symlinks=False)
    try:
        second = os.stat(other, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(first, second)


def not_ours(root: str, names: Sequence[str], kind: str) -> ConfigError:
    """The error for a link, a device or a folder where the output has a file or a folder of its own."""
    where = escape_name(os.path.join(root, *names))  # noqa: PTH118 - names as they stand
    return ConfigError(
        f"{where} is not {kind}, but a link or another thing.",
        "Through a link other files would be read, replaced or deleted than those of the output.",
        "Move it away and run again. The folder of the output itself may be a link.",
    )


def _is_link(folder: int, name: str) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False
