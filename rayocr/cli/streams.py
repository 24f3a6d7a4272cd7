"""What a long command prints to, which may be gone before it ends: a closed terminal is no reason to fail."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO


class _Lasting(io.FileIO):
    """A descriptor that takes everything: what it cannot be written to any more, nobody wants to see."""

    def write(self, data: Any, /) -> int:
        """As FileIO does. Of a terminal that closed (EIO), a pipe that nobody reads (EPIPE) or a log on a
        full disk (ENOSPC) the rest is lost, and the exit code still says how the command ended."""
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def own_streams() -> None:
    """Let this command outlive its terminal, and move what Python prints to stderr to a descriptor of its
    own, so that native libraries' chatter on descriptor 2 can be turned off without turning us off."""
    sys.stdout = _lasting(sys.stdout, 1, keep=True)
    sys.stderr = _lasting(sys.stderr, 2, keep=False)


def _lasting(stream: TextIO | None, number: int, *, keep: bool) -> TextIO:
    """The stream over a descriptor that lasts: its own if it is to be kept, else a copy."""
    try:
        if stream is not None and stream.fileno() != number:
            return stream  # somebody else's, as in a test or a notebook
        descriptor = number if keep else os.dup(number)
        os.fstat(descriptor)
    except (OSError, ValueError):  # closed (`2>&-`), or no file at all
        return stream if stream is not None else io.StringIO()
    if stream is not None:
        _flush(stream)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    raw = _Lasting(descriptor, "w", closefd=not keep)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=encoding, errors="backslashreplace", line_buffering=True
    )


def _flush(stream: TextIO) -> None:
    try:
        stream.flush()
    except OSError:
        return  # it is gone already
