"""Whether an error, or what another program said of one, means that a disk is full."""

from __future__ import annotations

import errno
import os

_CODES = (errno.ENOSPC, errno.EDQUOT)
_WORDS = tuple(os.strerror(code).lower() for code in _CODES)


def is_full(trouble: OSError | str) -> bool:
    """True for "no space left" and for a quota that is used up."""
    if isinstance(trouble, OSError):
        return trouble.errno in _CODES
    return any(words in trouble.lower() for words in _WORDS)
