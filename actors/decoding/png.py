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
_KEPT = (b"IHDR", b"eXIf", b"IDAT")
"""What a picture is made of; text, profiles and animation frames are not handed to the decoder."""

_END = memoryview(b"\0\0\0\0IEND\xaeB\x60\x82")

_HEADER_BYTES = 13
_COLOR_TYPE = 9
"""Offset of the color type in the header chunk."""

_PALETTE, _ALPHA = 3, 4
"""The color type whose pixels are indexes, and the bit of those with an alpha channel."""

_INTERLACE = 12
"""Offset of the interlace method in the header chunk."""

_RESOLUTION_BYTES = 9

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


@dataclass(frozen=True, slots=True)
class _Checked:
    """The chunks that make the picture, the header first, without IEND. `broken`: the file ends other than
    with an IEND that is whole, so more pixels may have followed."""

    chunks: tuple[_Chunk, ...]
    broken: bool


def open_png(data: memoryview, settings: DecodeConfig) -> Document:
    """PNG; of an animation, the default picture. Raises PageError where a pixel may be lost or changed.

    Damage that changes no pixel is none: a damaged or missing IEND, broken or foreign bytes behind complete
    pixel data, a wrong checksum of a chunk that the picture is not made of.
    """
    found = _checked(data)
    pixels = [chunk.body for chunk in found.chunks if chunk.kind == b"IDAT"]
    if not pixels:
        raise PageError("decode.corrupt", "the PNG has no pixel data")
    kept: list[memoryview] = [data[:_SIGNATURE_BYTES], *(chunk.whole for chunk in found.chunks), _END]
    whole = not found.broken and sum(map(len, kept)) == len(data)
    clean = data if whole else memoryview(b"".join(kept))
    header = bytes(found.chunks[0].body)

    def verify(picture: PilImage.Image) -> None:
        suspect = found.broken or header[_INTERLACE] or _ends_blank(picture)
        if suspect and _inflated_bytes(pixels) < _expected_bytes(header):
            raise PageError("decode.corrupt", "the PNG has fewer rows than its header says")

    return ImageDocument(open_picture(clean, settings, PngImageFile), verify)


def _checked(data: memoryview) -> _Checked:
    """Sort the chunks into those that make the picture and the rest. Raises PageError for damaged pixels."""
    chunks: list[_Chunk] = []
    seen_pixels = pixels_ended = False
    for chunk in _chunks(data):
        if chunk is None:
            if not seen_pixels:
                raise PageError("decode.corrupt", "the PNG is cut off or damaged")
            return _Checked(tuple(chunks), broken=True)
        _check_header(chunk, first=not chunks)
        is_pixels = chunk.kind == b"IDAT"
        if chunk.kind == b"IEND" or (is_pixels and pixels_ended):
            # Pixel data behind another chunk belongs to no picture: if it is needed, rows are missing.
            return _Checked(tuple(chunks), broken=is_pixels or not chunk.intact)
        seen_pixels |= is_pixels
        pixels_ended = seen_pixels and not is_pixels
        color_type = (chunks[0] if chunks else chunk).body[_COLOR_TYPE]
        if not _is_kept(chunk, color_type, pixels_ended):
            continue
        if chunk.intact:
            chunks.append(chunk)
        elif chunk.critical or chunk.kind == b"tRNS":
            name = chunk.kind.decode("ascii")
            raise PageError("decode.corrupt", f"the PNG has a wrong checksum in {name}")
    return _Checked(tuple(chunks), broken=True)


def _check_header(chunk: _Chunk, first: bool) -> None:
    is_header = chunk.kind == b"IHDR"
    if first and (not is_header or len(chunk.body) != _HEADER_BYTES):
        raise PageError("decode.corrupt", "the PNG does not begin with a header chunk")
    if is_header and not first:
        # Pillow takes the last one, others the first: no one can say which picture is meant.
        raise PageError("decode.corrupt", "the PNG has more than one header chunk")


def _is_kept(chunk: _Chunk, color_type: int, pixels_ended: bool) -> bool:
    """Whether the picture hangs on a chunk. Behind the pixels only an orientation still counts."""
    if pixels_ended:
        return chunk.kind == b"eXIf"
    if chunk.kind == b"PLTE":
        return color_type == _PALETTE  # elsewhere it is a proposal for displays of few colors
    if chunk.kind == b"tRNS":
        return not color_type & _ALPHA
    if chunk.kind == b"pHYs":
        return len(chunk.body) == _RESOLUTION_BYTES  # Pillow refuses the picture for any other length
    return chunk.kind in _KEPT or chunk.critical


def _chunks(data: memoryview) -> Iterator[_Chunk | None]:
    """The chunks up to IEND or the end of the file; None, as the last, where a chunk is none."""
    position = _SIGNATURE_BYTES
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind = bytes(data[position + 4 : position + 8])
        end = position + 12 + length
        if not kind.isalpha() or len(kind) < 4 or end > len(data):
            if kind == b"IDAT":
                raise PageError("decode.corrupt", "the PNG is cut off or damaged")
            yield None
            return
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
