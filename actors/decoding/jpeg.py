"""JPEG through Pillow, with a file whose end marker alone is missing told from one that lacks pixels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image as PilImage
from PIL.JpegImagePlugin import JpegImageFile

from actors.decoding.document import Document, Picture
from actors.decoding.images import ImageDocument, open_picture
from actors.settings import DecodeConfig

_END = b"\xff\xd9"
_SCAN = 0xDA
_SEQUENTIAL = (0xC0, 0xC1)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a frame header (ITU-T T.81, table B.1): baseline, extended, progressive and the rest."""

_CONTINUATIONS = (b"", b"\x55" * 4096, b"\xaa" * 4096)
"""What is put in front of the end marker that is missing. If a pixel still hangs on bits behind the end of
the file, it comes out differently: libjpeg reads the first as zeros, the others as codes of every length."""


class JpegDocument(ImageDocument):
    """One JPEG picture. libjpeg wants bits behind the last pixel, and calls a file without them cut."""

    def __init__(self, picture: PilImage.Image, data: memoryview, settings: DecodeConfig) -> None:
        super().__init__(picture)
        self._data, self._settings = data, settings

    def page(self, index: int) -> Picture:
        """Decode the picture; `index` is 0. Raises what Pillow raises where pixels are missing."""
        try:
            return super().page(index)
        except OSError:
            whole = self._without_end() if _is_one_scan(self._data) else None
            if whole is None:
                raise
            return whole

    def _without_end(self) -> Picture | None:
        """The picture, if all its pixels are the same whatever follows the end of the file; else None."""
        found: Picture | None = None
        for continuation in _CONTINUATIONS:
            # A lone 0xFF at the end is half a marker; if it is half a code, the pixels will tell.
            data = memoryview(bytes(self._data).rstrip(b"\xff") + continuation + _END)
            picture = ImageDocument(open_picture(data, self._settings, JpegImageFile)).page(0)
            if found is not None and not np.array_equal(found.image, picture.image):
                return None
            found = picture
        return found


def open_jpeg(data: memoryview, settings: DecodeConfig) -> Document:
    """JPEG; the further pictures of an MPO are left alone."""
    return JpegDocument(open_picture(data, settings, JpegImageFile), data, settings)


def _is_one_scan(data: memoryview) -> bool:
    """Whether all pixels are in one scan: of several, some may be missing without a trace."""
    components = None
    for kind, body in _segments(data):
        if kind in _FRAMES:
            components = body[5] if kind in _SEQUENTIAL and len(body) > 5 else None
        if kind == _SCAN:
            return len(body) > 0 and body[0] == components
    return False


def _segments(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Marker and body of the segments up to the first scan, its header included (ITU-T T.81, B.1.1)."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        if kind == 0xFF:  # a fill byte
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        yield kind, data[at + 4 : at + 2 + length]
        if kind == _SCAN:
            return
        at += 2 + length
