"""What a machine lacked when Ray could not be started on it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from actors.shortage import SPACE, Shortage, shortage_in, shortage_of

_FREE_BYTES = 32 << 20
"""Free bytes of a disk that count as none: Ray's processes write logs there as soon as they start."""


def shortage_at_start(error: Exception) -> Shortage | None:
    """The shortage behind an error of `ray.init`, or None.

    Where the disk is full Ray's processes often end without a word of it, and Ray says that they are late:
    so the disk itself is asked.
    """
    found = shortage_of(error, at_start=True) or shortage_in(str(error))
    if found is not None:
        return found
    try:
        free = shutil.disk_usage(_folder()).free
    except OSError:
        return None
    return SPACE if free < _FREE_BYTES else None


def _folder() -> Path:
    """Where Ray puts what it needs (ray/_common/utils.py, get_default_system_temp_dir)."""
    names = ("RAY_TMPDIR", "TMPDIR") if sys.platform == "linux" else ("RAY_TMPDIR",)
    return Path(next((os.environ[name] for name in names if os.environ.get(name)), "/tmp"))
