"""What a process may never get back: capabilities, more rights by programs, being looked into by others."""

from __future__ import annotations

import ctypes
from contextlib import suppress

from actors.sandbox import kernel

_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION_3 = 0x20080522
"""include/uapi/linux/capability.h"""

_MOST_CAPABILITIES = 64


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


def drop_privileges(machine: str) -> None:
    """No capabilities, and no more by a set-user-id program. For this thread, and those that it will start.
    Raises OSError."""
    for capability in range(_MOST_CAPABILITIES):
        # Only who may change it can, and numbers end where this kernel's do.
        with suppress(OSError):
            kernel.prctl(kernel.PR_CAPBSET_DROP, capability)
    with suppress(OSError):  # before Linux 4.3
        kernel.prctl(kernel.PR_CAP_AMBIENT, kernel.PR_CAP_AMBIENT_CLEAR_ALL)
    none = (ctypes.c_uint32 * 6)()
    kernel.syscall(_CAPSET[machine], ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), none)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)


def hide_memory() -> None:
    """No core file, and no process of the same user may look into this one. Raises OSError."""
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
