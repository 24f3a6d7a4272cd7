"""System calls of Linux that Python has no function for, by number."""

from __future__ import annotations

import ctypes
import os
import platform
import sys

PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 4, 24, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
"""include/uapi/linux/prctl.h"""


def machine() -> str | None:
    """`x86_64` or `aarch64` where this process can be confined; None elsewhere."""
    # A 32-bit Python on a 64-bit kernel has other numbers.
    if sys.platform != "linux" or sys.maxsize < 2**32 or sys.byteorder != "little":
        return None
    name = platform.machine().lower()
    return {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}.get(name)


def prctl(option: int, value: int = 0) -> None:
    """Set something of this thread or process. Raises OSError."""
    arguments = [ctypes.c_ulong(number) for number in (value, 0, 0, 0)]
    _checked(_libc().prctl(option, *arguments))


def syscall(number: int, *arguments: object) -> int:
    """A system call whose arguments are integers or pointers. Raises OSError."""
    given = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    call = _libc().syscall
    call.restype = ctypes.c_long
    return _checked(call(ctypes.c_long(number), *given))


def unshare(flags: int) -> None:
    """Leave namespaces for new ones. Raises OSError."""
    _checked(_libc().unshare(ctypes.c_int(flags)))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(answer: int) -> int:
    if answer == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return int(answer)
