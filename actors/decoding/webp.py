"""WebP through Pillow, with the canvas checked before Pillow's decoder allocates it twice."""

from __future__ import annotations

from PIL.WebPImagePlugin import WebPImageFile

from actors.decoding.document import Document, check_size
from actors.decoding.images import ImageDocument, open_picture
from actors.settings import DecodeConfig

_RIFF_BYTES, _CHUNK_BYTES = 12, 8
_PIXELS = (b"VP8 ", b"VP8L", b"ANMF")


def open_webp(data: memoryview, settings: DecodeConfig) -> Document:
    """WebP: the picture, or the first frame of an animation."""
    size = canvas_size(bytes(data[:30]))
    if size:
        check_size(*size, settings)
    return ImageDocument(open_picture(_with_right_size(data), settings, WebPImageFile))


def _with_right_size(data: memoryview) -> memoryview:
    """The file up to its last whole chunk, with the size in its header made to fit.

    A size that is too large, or a broken chunk behind the picture, changes no pixel, and libwebp refuses
    both. A size that ends before the pixels do is left to libwebp: which of the two is wrong is not known.
    """
    named = _CHUNK_BYTES + int.from_bytes(data[4:8], "little")
    end, pixels_end = _RIFF_BYTES, 0
    while end + _CHUNK_BYTES <= len(data) and end < named:
        length = int.from_bytes(data[end + 4 : end + 8], "little")
        stop = end + _CHUNK_BYTES + length
        if stop > len(data):
            break
        if bytes(data[end : end + 4]) in _PIXELS and not pixels_end:
            pixels_end = stop
        end = min(stop + length % 2, len(data))
    if not pixels_end or named < pixels_end or named == end:
        return data
    return memoryview(b"RIFF" + (end - _CHUNK_BYTES).to_bytes(4, "little") + bytes(data[8:end]))


def canvas_size(head: bytes) -> tuple[int, int] | None:
    """Width and height that the first 30 bytes of a WebP name (RFC 9649); None if they name none."""
    kind, body = head[12:16], head[20:30]
    if len(body) < 10:
        return None
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        return (
            int.from_bytes(body[6:8], "little") & 0x3FFF,
            int.from_bytes(body[8:10], "little") & 0x3FFF,
        )
    return None
