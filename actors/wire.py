"""Frames over a pipe: a head and raw buffers, read with bounds on everything that the sender may claim.

    magic  4 bytes  "rayo"
    head   4 bytes  length in bytes, big-endian
    count  4 bytes  number of buffers
    sizes  8 bytes  each buffer's length in bytes
    the head, then the buffers

The reader checks each figure before it allocates anything for it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Buffer: TypeAlias = npt.NDArray[np.uint8]

Fill = Callable[[memoryview], None]
"""Fills a view from the pipe to its end. Raises EOFError where the pipe is closed."""

MAX_BUFFERS = 1
"""No message of a child has more than one picture or one file."""

_MAGIC = b"rayo"
_PREFIX = struct.Struct("!4sII")
_SIZE = struct.Struct("!Q")


class FrameError(ValueError):
    """What came is no frame, or is larger than it may be, or holds no message that was declared."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that a frame may hold: bytes of its head, and bytes of its buffers together."""

    head_bytes: int
    buffer_bytes: int = 0


def frame_parts(head: bytes, buffers: Sequence[memoryview]) -> Iterator[memoryview]:
    """A frame, in pieces to be written one after another; the buffers are not copied."""
    sizes = b"".join(_SIZE.pack(view.nbytes) for view in buffers)
    yield memoryview(_PREFIX.pack(_MAGIC, len(head), len(buffers)) + sizes + head)
    yield from buffers


def read_frame(fill: Fill, bounds: Bounds) -> tuple[bytes, list[Buffer]]:
    """The head and the buffers of the next frame; each buffer is writable memory of its own.

    Raises FrameError, and MemoryError where an allowed buffer does not fit.
    """
    import numpy as np

    magic, length, count = _PREFIX.unpack(_read(fill, _PREFIX.size))
    if magic != _MAGIC:
        raise FrameError("it does not begin as a frame does")
    if length > bounds.head_bytes:
        raise FrameError(f"its head has {length} bytes, and {bounds.head_bytes} are allowed")
    if count > MAX_BUFFERS:
        raise FrameError(f"it has {count} buffers, and {MAX_BUFFERS} is allowed")
    sizes = [size for (size,) in _SIZE.iter_unpack(_read(fill, count * _SIZE.size))]
    if sum(sizes) > bounds.buffer_bytes:
        raise FrameError(f"its buffers have {sum(sizes)} bytes, and {bounds.buffer_bytes} are allowed")
    head = bytes(_read(fill, length))
    buffers = []
    for size in sizes:
        # Memory of np.empty is touched once, when it is filled; a bytearray's is cleared before.
        buffer = np.empty(size, np.uint8)
        fill(buffer.data)
        buffers.append(buffer)
    return head, buffers


def _read(fill: Fill, size: int) -> bytearray:
    data = bytearray(size)
    fill(memoryview(data))
    return data
