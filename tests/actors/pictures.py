"""Pictures and files that the decode tests build for themselves."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

UPRIGHT = np.zeros((6, 4, 3), dtype=np.uint8)
UPRIGHT[0, 0] = (255, 0, 0)
UPRIGHT[0, 3] = (0, 255, 0)
UPRIGHT[5, 0] = (0, 0, 255)
UPRIGHT[2:4, 1] = (255, 255, 255)
"""A small picture with no symmetry."""

STORED_AS = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}
"""How a camera that writes this EXIF orientation stores an upright picture."""


def encode(picture: Image.Image | np.ndarray, kind: str, **options: Any) -> bytes:
    """A picture as the bytes of a file."""
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def exif(orientation: int) -> bytes:
    """An EXIF block that has an orientation alone."""
    block = Image.Exif()
    block[274] = orientation
    return block.tobytes()


def chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, rows: bytes, *, bits: int = 8, color: int = 0, extra: bytes = b"") -> bytes:
    """A PNG from filtered rows, with chunks of its own in front of the pixels."""
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + pixels + chunk(b"IEND", b"")


def tiff(
    pages: list[tuple[dict[int, int | tuple[int, ...]], bytes]], order: str = "<", big: bool = False
) -> bytes:
    """An uncompressed TIFF of one strip a page, from (tags, pixels); strip tags are added."""
    wide = "Q" if big else "I"
    out = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42))
    out += struct.pack(order + "HH", 8, 0) if big else b""
    link = len(out)
    out += struct.pack(order + wide, 0)
    for tags, pixels in pages:
        strip = len(out)
        out += pixels + b"\0" * (len(pixels) % 2)
        entries = {**tags, 273: strip, 279: len(pixels)}
        extra: dict[int, int] = {}
        for number, value in entries.items():
            if isinstance(value, tuple) and len(value) * 2 > struct.calcsize(wide):
                extra[number] = len(out)
                out += struct.pack(f"{order}{len(value)}H", *value)
        struct.pack_into(order + wide, out, link, len(out))
        out += struct.pack(order + ("Q" if big else "H"), len(entries))
        for number, value in sorted(entries.items()):
            out += _entry(number, value, extra.get(number), order, wide)
        link = len(out)
        out += struct.pack(order + wide, 0)
    return bytes(out)


def _entry(number: int, value: int | tuple[int, ...], at: int | None, order: str, wide: str) -> bytes:
    values = value if isinstance(value, tuple) else (value,)
    kind = 4 if number in (273, 279) else 3
    head = struct.pack(order + "HH" + wide, number, kind, len(values))
    size = struct.calcsize(wide)
    if at is not None:
        return head + struct.pack(order + wide, at)
    return head + struct.pack(f"{order}{len(values)}{'I' if kind == 4 else 'H'}", *values).ljust(size, b"\0")


def pdf(*boxes: tuple[float, float], content: bytes = b"", extra: bytes = b"") -> bytes:
    """A PDF with a page for each (width, height) in points; all draw the same content."""
    count = len(boxes)
    kids = b" ".join(b"%d 0 R" % (4 + index) for index in range(count))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids),
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
    ]
    for width, height in boxes:
        box = f"[0 0 {width} {height}]".encode()
        objects.append(b"<</Type/Page/Parent 2 0 R/MediaBox%s/Contents 3 0 R%s>>" % (box, extra))
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table
    out += b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
