"""JPEG 2000 through Pillow, with a picture that is too large told from one that is damaged."""

from __future__ import annotations

import math
from collections import Counter

from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from actors.decoding.document import Document, Picture
from actors.decoding.images import ImageDocument, open_picture
from actors.decoding.limits import MB
from actors.settings import DecodeConfig

_BYTES_PER_SAMPLE = 8
"""OpenJPEG keeps a picture's samples as 32-bit integers, once for the tile and once for the picture."""

_START, _END = b"\xff\x4f", b"\xff\xd9"
_SIZE, _TILE_PART = b"\xff\x51", b"\xff\x90"
_TILE_PART_BYTES = 12


class Jpeg2000Document(ImageDocument):
    """One JPEG 2000 picture. OpenJPEG calls it damaged when it gets no memory for it."""

    def __init__(self, picture: Jpeg2KImageFile, settings: DecodeConfig) -> None:
        super().__init__(picture)
        width, height = picture.size
        self._needs_mb = width * height * len(picture.getbands()) * _BYTES_PER_SAMPLE / MB
        self._limit_mb = settings.memory_limit_mb

    def page(self, index: int) -> Picture:
        """Decode the picture; `index` is 0. Raises MemoryError where that is the likely reason."""
        try:
            return super().page(index)
        except OSError as error:
            if self._needs_mb > self._limit_mb:
                raise MemoryError from error
            raise


def open_jpeg2000(data: memoryview, settings: DecodeConfig) -> Document:
    """JPEG 2000, in a JP2 file or as a bare code-stream."""
    picture = open_picture(_with_end(data), settings, Jpeg2KImageFile)
    assert isinstance(picture, Jpeg2KImageFile)
    return Jpeg2000Document(picture, settings)


def _with_end(data: memoryview) -> memoryview:
    """The file, with the end marker of its code-stream put right where every tile is whole.

    OpenJPEG calls a file without it damaged, though no pixel hangs on it.
    """
    end = _tiles_end(data, _codestream_at(data))
    if end is None or bytes(data[end : end + 2]) == _END:
        return data
    return memoryview(bytes(data[:end]) + _END + bytes(data[end + 2 :]))


def _codestream_at(data: memoryview) -> int:
    """Where the code-stream begins: at once, or in the box `jp2c` (ISO/IEC 15444-1, annex I)."""
    at = 0
    while bytes(data[at : at + 2]) != _START and at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), bytes(data[at + 4 : at + 8])
        header = 8
        if length == 1:
            length, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if kind == b"jp2c":
            return at + header
        if length < header:
            return len(data)
        at += length
    return at


def _tiles_end(data: memoryview, at: int) -> int | None:
    """Where the last tile part ends, if all parts of all tiles are there (annex A); else None."""
    tiles, at = None, at + 2
    while bytes(data[at : at + 2]) != _TILE_PART:
        if at + 4 > len(data) or data[at] != 0xFF:
            return None
        if bytes(data[at : at + 2]) == _SIZE:
            tiles = _tiles(data[at + 4 : at + 40])
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    seen: Counter[int] = Counter()
    parts: dict[int, int] = {}
    while bytes(data[at : at + 2]) == _TILE_PART and at + _TILE_PART_BYTES <= len(data):
        tile, length = (
            int.from_bytes(data[at + 4 : at + 6], "big"),
            int.from_bytes(data[at + 6 : at + 10], "big"),
        )
        seen[tile] += 1
        parts[tile] = data[at + 11] or parts.get(tile, 0)
        if length < _TILE_PART_BYTES or at + length > len(data):
            return None
        at += length
    return at if len(seen) == tiles and dict(seen) == parts else None


def _tiles(size: memoryview) -> int | None:
    """Number of tiles, from the body of the SIZ segment (A.5.1); None if it is none."""
    if len(size) < 34:
        return None
    right, bottom, _, _, width, height, left, top = (
        int.from_bytes(size[at : at + 4], "big") for at in range(2, 34, 4)
    )
    if not width or not height:
        return None
    return math.ceil((right - left) / width) * math.ceil((bottom - top) / height)
