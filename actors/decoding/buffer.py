"""Bytes in memory as a read-only file, without a copy, and with a few bytes shown differently if asked."""

from __future__ import annotations

import io
from collections.abc import Mapping


class BufferFile(io.RawIOBase):
    """A seekable file over a buffer. `patches` maps offsets to bytes that reads see in place of its own.

    io.BytesIO would copy anything that is not `bytes`; what a child process receives is a bytearray.
    """

    def __init__(self, data: memoryview, patches: Mapping[int, bytes] | None = None) -> None:
        super().__init__()
        self._data = data
        self._patches = dict(patches or {})
        self._position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Offset of the next byte."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; beyond the end is allowed and reads nothing there."""
        if not isinstance(offset, int):  # Pillow takes what a TIFF says as it comes, fractions too
            raise TypeError(f"seek to {offset}")
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self._data)}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes from here, all that is left for None or a negative size."""
        start, end = self._position, len(self._data)
        stop = end if size is None or size < 0 else min(end, start + size)
        if start >= stop:
            return b""
        self._position = stop
        return self._patched(start, stop)

    def readall(self) -> bytes:
        """All that is left."""
        return self.read()

    def getvalue(self) -> memoryview:
        """The whole buffer, unpatched and uncopied. Pillow hands it to libtiff as it is."""
        return self._data

    def _patched(self, start: int, stop: int) -> bytes:
        hit = [(at, new) for at, new in self._patches.items() if at < stop and at + len(new) > start]
        if not hit:
            return bytes(self._data[start:stop])
        piece = bytearray(self._data[start:stop])
        for at, new in hit:
            first, last = max(at, start), min(at + len(new), stop)
            piece[first - start : last - start] = new[first - at : last - at]
        return bytes(piece)
