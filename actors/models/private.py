"""Whether others may change what is below a folder: then nothing in it is what this user put there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_ROOT = 0


def why_not_private(path: Path) -> str | None:
    """Why a file or folder may be someone else's, in words that follow its name; None if it is this user's.

    It is this user's if it is no link, belongs to this user or to root, and no one else may write to it.
    Folders above are not looked at. Raises OSError if it cannot be looked at.
    """
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return "is a symbolic link"
    if not stat.S_ISDIR(found.st_mode) and not stat.S_ISREG(found.st_mode):
        return "is neither a file nor a folder"
    if found.st_uid not in (os.geteuid(), _ROOT):
        return f"belongs to another user ({found.st_uid})"
    if found.st_mode & _OTHERS_WRITE:
        return f"can be written by others (mode {stat.S_IMODE(found.st_mode):o})"
    return None


def make_private(folder: Path) -> None:
    """Make a folder, and those above that are missing, for this user alone. Raises OSError."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
