"""Whether the data of a picture within a PDF is whole, by its structure and without decoding it.

Each function errs on the side of whole: what it calls damaged lacks something that a decoder needs.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator

_TAIL_BYTES = 4096
"""Where the end marker of a JPEG is looked for: some writers leave padding behind it."""

_JBIG2_KINDS = frozenset((0, 4, 6, 7, 16, 20, 22, 23, 36, 38, 39, 40, 42, 43, 48, 49, 50, 51, 52, 53, 54, 62))
_JBIG2_PAGE = 48
_JBIG2_UNKNOWN = 0xFFFFFFFF
"""Length of a segment that ends where its data says so."""

_JBIG2_SHORT = 2
"""Bytes that the last segment may lack: of padding, or of its row count."""

_STRAY_MARKER = re.compile(rb"\xff[\x01-\xbf\xd8\xda-\xfe]")
"""What ends entropy-coded data before its time: a marker that is no restart and no end of the picture."""

_FAX_END = re.compile("0{11,}1[01]?0{11,}1")
"""Two ends of a line in a row end a fax, with one bit between them in the mixed coding."""

_FAX_TAIL_BYTES = 32
_FAX_ROWS = 5
"""Rows of paper of which a fax must show the codes."""

_FAX_PERIODS = range(1, 400)
"""Bits after which the codes of rows that are all white may come again."""

_FAX_SHORTEST_ROW = 9
"""Bits that a white row takes at least where it is coded by itself; what repeats sooner is group 4."""


_POSSIBLE_BITS = {1: (1,), 8: (1, 2, 4, 8, 16)}
_COLOR_BITS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
_INFLATE_STEP = 1 << 16
_USUAL_BITS = (1, 4, 8, 24, 32)
"""Bits of a pixel in a file, by what pdfium makes of them."""


def dct_is_whole(data: bytes) -> bool:
    """A JPEG with a beginning, and an end or all of its rows."""
    if b"\xff\xd8" not in data[:_TAIL_BYTES]:
        return False
    if data.rfind(b"\xff\xd9", max(2, len(data) - _TAIL_BYTES)) >= 0:
        return True
    from PIL.JpegImagePlugin import JpegImageFile

    try:
        JpegImageFile(io.BytesIO(data)).load()
    except Exception:  # noqa: BLE001 - whatever Pillow says of it
        return False
    return True


def dct_is_interrupted(data: bytes) -> bool:
    """Whether a marker that does not belong there stands within the last scan of a JPEG."""
    scan = data.rfind(b"\xff\xda", 0, len(data))
    return scan < 0 or _STRAY_MARKER.search(data, scan + 2) is not None


def jpx_is_whole(data: bytes) -> bool:
    """A JPEG 2000 code-stream, bare or in a JP2 file, with all data that its tile parts announce."""
    at = data.find(b"\xff\x4f\xff\x51")
    if at < 0:
        return False
    at += 2
    while at + 4 <= len(data):
        marker, length = data[at : at + 2], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == b"\xff\xd9":
            return True
        if marker != b"\xff\x90":
            at += 2 + length
            continue
        part = int.from_bytes(data[at + 6 : at + 10], "big")
        if part == 0:  # up to the end of the code-stream
            return data.rstrip(b"\0\r\n").endswith(b"\xff\xd9")
        at += part
    return at <= len(data)


def jbig2_is_whole(data: bytes) -> bool:
    """Segments of an embedded JBIG2 stream, one after the other, a page among them."""
    kinds = list(_jbig2_kinds(data))
    return _JBIG2_PAGE in kinds and None not in kinds


def _jbig2_kinds(data: bytes) -> Iterator[int | None]:
    """The kinds of the segments; None, at the end, for one that is cut or is none."""
    at = 0
    while at + 11 <= len(data):
        number, flags, count = int.from_bytes(data[at : at + 4], "big"), data[at + 4], data[at + 5] >> 5
        kind = flags & 63
        if kind not in _JBIG2_KINDS or count in (5, 6):
            yield None
            return
        at += 6
        if count == 7:
            count = int.from_bytes(data[at - 1 : at + 3], "big") & 0x1FFFFFFF
            at += 3 + (count + 8) // 8
        at += count * (1 if number <= 256 else 2 if number <= 65536 else 4) + (4 if flags & 64 else 1)
        length = int.from_bytes(data[at : at + 4], "big")
        at += 4
        yield kind
        if length == _JBIG2_UNKNOWN:
            return
        at += length
        if at > len(data) + _JBIG2_SHORT:
            yield None


def fax_is_whole(data: bytes, rows: int, blank: float) -> bool:
    """CCITT data of any coding that goes on to the end of its picture.

    `rows`: of the picture; `blank`: share of it, from its lower edge, that came out in one color. Data that
    ends early leaves such an edge, and so does white paper, of which there are codes in the data: one bit a
    row in group 4, the same bits again and again in group 3.
    """
    paper = int(rows * blank)
    if paper < _FAX_ROWS:
        return True
    end = _bits(data[-_FAX_TAIL_BYTES:])
    if _FAX_END.search(end):
        return True
    bits = _bits(data).rstrip("0")
    ones = len(bits) - len(bits.rstrip("1"))
    if abs(ones - paper) <= 0.02 * rows + 16:  # not just many: upright strokes give ones, too
        return True
    if bits.endswith("10000000" * (paper // 2) + "1"):  # each row begins a byte
        return True
    if bits.count("000000000001") >= 0.98 * rows:
        return True
    repeats = min(paper // 2, 8)
    repeated = (period for period in _FAX_PERIODS if bits.endswith(bits[-period:] * repeats))
    return next(repeated, 0) >= _FAX_SHORTEST_ROW and len(bits) > repeats * _FAX_SHORTEST_ROW


def _bits(data: bytes) -> str:
    return f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}" if data else ""


def inflated_size(data: bytes) -> int:
    """Bytes that FlateDecode gives, up to where the data is damaged; not kept, and rows may have a byte more
    for their predictor."""
    inflate, total, pending = zlib.decompressobj(), 0, data
    try:
        while pending and not inflate.eof:
            total += len(inflate.decompress(pending, _INFLATE_STEP))
            pending = inflate.unconsumed_tail
    except zlib.error:
        return total
    return total + (0 if inflate.eof else len(inflate.flush()))


def samples_are_whole(size: int, width: int, height: int, bits: int, blank: float) -> bool:
    """Samples of which there are `size` bytes fill a picture.

    `bits`: of a pixel as pdfium keeps it (1, 8 or 24), which bounds what the file has; `blank`: as in
    `fax_is_whole`. The file's own number is unknown, so a size that is right for one of them counts as
    whole, and one that is too small for a usual one as cut only where much of what lacks came out blank.
    """
    if not size:
        return False
    full = {one: height * ((width * one + 7) // 8) for one in _POSSIBLE_BITS.get(bits, _COLOR_BITS)}
    if any(0.995 * one <= size <= 1.02 * one + height + 64 for one in full.values()):
        return True
    lost = [1 - size / full[one] for one in _USUAL_BITS if one in full and full[one] > size]
    return not any(blank >= 0.6 * share - 0.02 for share in lost)
