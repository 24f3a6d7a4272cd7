"""PNG through Pillow, with its chunks checked first: Pillow is too lenient on pixels, too strict on text."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image as PilImage
from PIL.PngImagePlugin import PngImageFile

from actors.decoding.document import Document
from actors.decoding.images import ImageDocument, open_picture
from actors.errors import PageError
from actors.settings import DecodeConfig

_SIGNATURE_BYTES = 8
_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"pHYs", b"eXIf", b"IDAT", b"IEND")
"""What a picture is made of; text, profiles and animation frames are not handed to the decoder."""

_INTERLACE = 12
"""Offset of the interlace method in the header chunk."""

_INFLATE_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    body: memoryview
    whole: memoryview

    @property
    def critical(self) -> bool:
        return not self.kind[0] & 0x20

    @property
    def intact(self) -> bool:
        crc = zlib.crc32(self.body, zlib.crc32(self.kind))
        return crc == int.from_bytes(self.whole[-4:], "big")


def open_png(data: memoryview, settings: DecodeConfig) -> Document:
    """PNG; of an animation, the default picture."""
    chunks = list(_checked(data))
    pixels = [chunk.body for chunk in chunks if chunk.kind == b"IDAT"]
    if not pixels:
        raise PageError("decode.corrupt", "the PNG has no pixel data")
    kept = [data[:_SIGNATURE_BYTES], *(chunk.whole for chunk in chunks)]
    clean = data if sum(map(len, kept)) == len(data) else memoryview(b"".join(kept))
    header = bytes(chunks[0].body)

    def verify(picture: PilImage.Image) -> None:
        suspect = header[_INTERLACE] or _ends_blank(picture)
        if suspect and _inflated_bytes(pixels) < _expected_bytes(header):
            raise PageError("decode.corrupt", "the PNG has fewer rows than its header says")

    return ImageDocument(open_picture(clean, settings, PngImageFile), verify)


def _checked(data: memoryview) -> Iterator[_Chunk]:
    """The chunks that make the picture, in order, each with a right checksum."""
    seen_pixels = pixels_ended = False
    for number, chunk in enumerate(_chunks(data)):
        if number == 0 and (chunk.kind != b"IHDR" or len(chunk.body) != 13):
            raise PageError("decode.corrupt", "the PNG does not begin with a header chunk")
        is_pixels = chunk.kind == b"IDAT"
        if is_pixels and pixels_ended:
            raise PageError("decode.corrupt", "the PNG's pixel data is interrupted by another chunk")
        seen_pixels |= is_pixels
        pixels_ended = seen_pixels and not is_pixels
        if chunk.kind not in _KEPT and not chunk.critical:
            continue
        if not chunk.intact:
            if not chunk.critical:
                continue
            raise PageError("decode.corrupt", f"the PNG has a wrong checksum in {chunk.kind.decode('ascii')}")
        yield chunk


def _chunks(data: memoryview) -> Iterator[_Chunk]:
    position = _SIGNATURE_BYTES
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind = bytes(data[position + 4 : position + 8])
        end = position + 12 + length
        if not kind.isalpha() or len(kind) < 4 or end > len(data):
            raise PageError("decode.corrupt", "the PNG is cut off or damaged")
        yield _Chunk(kind, data[position + 8 : end - 4], data[position:end])
        if kind == b"IEND":
            return
        position = end


def _ends_blank(picture: PilImage.Image) -> bool:
    """Whether the last row is all zero, as rows are that Pillow's decoder never got."""
    width, height = picture.size
    return not np.asarray(picture.crop((0, height - 1, width, height))).any()


def _inflated_bytes(pixels: list[memoryview]) -> int:
    """How many bytes the pixel data inflates to, without keeping them."""
    inflate, total = zlib.decompressobj(), 0
    for body in pixels:
        pending = bytes(body)
        while pending and not inflate.eof:
            total += len(inflate.decompress(pending, _INFLATE_STEP))
            pending = inflate.unconsumed_tail
    return total + len(inflate.flush())


def _expected_bytes(header: bytes) -> int:
    """Size of the filtered rows of a PNG (its specification, section 7 to 9), from its IHDR body."""
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    bits = header[8] * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(header[9], 1)
    passes = [(0, 0, 1, 1)]
    if header[_INTERLACE]:  # Adam7: x and y of the first pixel, steps in x and y
        passes = [
            (0, 0, 8, 8),
            (4, 0, 8, 8),
            (0, 4, 4, 8),
            (2, 0, 4, 4),
            (0, 2, 2, 4),
            (1, 0, 2, 2),
            (0, 1, 1, 2),
        ]
    total = 0
    for x, y, step_x, step_y in passes:
        columns, rows = -(-(width - x) // step_x), -(-(height - y) // step_y)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total
