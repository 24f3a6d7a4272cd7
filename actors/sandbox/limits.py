"""What a confined process may use: files, and CPU time up to a moment that moves on."""

from __future__ import annotations

import math
import resource
import time

_OPEN_FILES = 64
"""A font or two beside the pipe; what libraries had open before counts too."""

_WRITTEN_BYTES = 16 << 20
"""Of its last words, which go to an unlinked file; no other file can be opened for writing."""


def limit_files() -> None:
    """No core file, few open files, and nothing large written.

    Processes are left to the filter of system calls: RLIMIT_NPROC counts all that the user has, threads too,
    so any figure would be wrong on another machine; and it does not hold for root.
    """
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _lower(resource.RLIMIT_FSIZE, _WRITTEN_BYTES)


def forbid_core_files() -> None:
    """The memory of this process is never written to a disk by the kernel."""
    _lower(resource.RLIMIT_CORE, 0)


def limit_cpu(seconds: float | None) -> None:
    """Let the process compute for so many CPU seconds from now on, None: for ever.

    The kernel ends it with SIGXCPU. This holds where whoever watches it is stopped or gone.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = hard
    if seconds is not None:
        soft = math.ceil(time.process_time() + seconds)
        soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))
