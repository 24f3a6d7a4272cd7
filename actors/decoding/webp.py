"""WebP through Pillow, with the canvas checked before Pillow's decoder allocates it twice."""

from __future__ import annotations

from PIL.WebPImagePlugin import WebPImageFile

from actors.decoding.document import Document, check_size
from actors.decoding.images import ImageDocument, open_picture
from actors.settings import DecodeConfig


def open_webp(data: memoryview, settings: DecodeConfig) -> Document:
    """WebP: the picture, or the first frame of an animation."""
    size = canvas_size(bytes(data[:30]))
    if size:
        check_size(*size, settings)
    return ImageDocument(open_picture(data, settings, WebPImageFile))


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
