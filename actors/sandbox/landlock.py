"""Which files can still be opened: a Landlock ruleset that lets folders be read, and nothing be written."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from actors.sandbox import kernel

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""The same on all machines."""

_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3

_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""Version of Landlock to how many rights on files it knows: bits from 0. include/uapi/linux/landlock.h"""

_NETWORK_RIGHTS = 0b11
"""Binding and connecting of TCP, from version 4."""

_SCOPES = 0b11
"""Abstract UNIX sockets and signals stay within, from version 6."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def version() -> int:
    """The version of Landlock that the kernel has; 0 where it has none, or it is switched off."""
    try:
        return kernel.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    except OSError:
        return 0


def allow_reading(folders: Iterable[Path]) -> None:
    """From now on this thread, and those that it will start, can read what lies in these folders and open
    nothing else. Needs NO_NEW_PRIVS. Folders that are not there are passed over. What is open already stays
    open. Raises OSError, also where the kernel has no Landlock.
    """
    known = version()
    if not known:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
    bits = max(count for first, count in _FILE_RIGHTS.items() if first <= known)
    ruleset = _Ruleset((1 << bits) - 1, _NETWORK_RIGHTS if known >= 4 else 0, _SCOPES if known >= 6 else 0)
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    rules = kernel.syscall(_CREATE_RULESET, ctypes.byref(ruleset), size, 0)
    try:
        for folder in folders:
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                _add(rules, folder)
        kernel.syscall(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _add(rules: int, folder: Path) -> None:
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        rule = _PathBeneath(_READ_FILE | _READ_DIR, fd)
        kernel.syscall(_ADD_RULE, rules, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(fd)
