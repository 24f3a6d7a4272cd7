"""PDFs of one page with pictures of every filter, whole or damaged, built by hand."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image, ImageDraw, ImageOps

PAGE = (300, 400)
"""Width and height in points."""

SIZE = (600, 800)
"""Pixels of the pictures."""


@dataclass(frozen=True)
class Stored:
    """A picture as a PDF keeps it: the entries of its dictionary, without Length, and its data."""

    entries: bytes
    data: bytes
    others: tuple[bytes, ...] = field(default=())

    def cut(self, share: float) -> Stored:
        """Only the first part of the data."""
        return replace(self, data=self.data[: int(len(self.data) * share)])

    def garbage(self) -> Stored:
        """Other data of the same length."""
        return replace(self, data=np.random.default_rng(1).bytes(len(self.data)))

    def zeros(self) -> Stored:
        """Zeros of the same length."""
        return replace(self, data=b"\0" * len(self.data))


def scan(mode: str = "L", size: tuple[int, int] = SIZE) -> Image.Image:
    """A picture with lines of text all over, in front of paper that is not quite even."""
    rng = np.random.default_rng(7)
    width, height = size
    paper = rng.integers(235, 250, (height, width), dtype=np.uint8)
    picture = Image.fromarray(paper)
    draw = ImageDraw.Draw(picture)
    for row in range(20, height - 20, 40):
        draw.text((20, row), f"Carried forward {row} 1,204.66 and more", fill=20, font_size=24)
    if mode == "1":
        return picture.point(lambda value: 255 * (value > 128)).convert("1")
    return picture.convert(mode)


_SPACES = {"L": b"/DeviceGray", "RGB": b"/DeviceRGB", "CMYK": b"/DeviceCMYK", "1": b"/DeviceGray"}


def _entries(picture: Image.Image, filters: bytes, more: bytes = b"") -> bytes:
    width, height = picture.size
    bits = 1 if picture.mode == "1" else 8
    return (
        b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent %d/ColorSpace%s"
        % (width, height, bits, _SPACES[picture.mode])
        + (b"/Filter" + filters if filters else b"")
        + more
    )


def dct(picture: Image.Image | None = None, **options: object) -> Stored:
    """DCTDecode."""
    picture = picture or scan()
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", **options)
    return Stored(_entries(picture, b"/DCTDecode"), buffer.getvalue())


def flate(picture: Image.Image | None = None, predictor: bool = False) -> Stored:
    """FlateDecode, with PNG's predictor if asked."""
    picture = picture or scan()
    data, more = picture.tobytes(), b""
    if predictor:
        width, height = picture.size
        channels = len(picture.getbands())
        rows = np.frombuffer(data, np.uint8).reshape(height, -1)
        data = b"".join(b"\0" + row.tobytes() for row in rows)
        more = b"/DecodeParms<</Predictor 15/Colors %d/BitsPerComponent 8/Columns %d>>" % (channels, width)
    return Stored(_entries(picture, b"/FlateDecode", more), zlib.compress(data))


def raw(picture: Image.Image | None = None) -> Stored:
    """No filter."""
    picture = picture or scan()
    return Stored(_entries(picture, b""), picture.tobytes())


def hexed(picture: Image.Image | None = None) -> Stored:
    """FlateDecode within ASCIIHexDecode."""
    inner = flate(picture)
    return Stored(
        inner.entries.replace(b"/Filter/FlateDecode", b"/Filter[/ASCIIHexDecode/FlateDecode]"),
        inner.data.hex().encode() + b">",
    )


def fax_data(picture: Image.Image, compression: str = "group4") -> bytes:
    """CCITT data of a bilevel picture, from a TIFF of one strip."""
    buffer = io.BytesIO()
    picture.save(buffer, "TIFF", compression=compression, tiffinfo={278: picture.height})
    with Image.open(io.BytesIO(buffer.getvalue())) as stored:
        (at,), (count,) = stored.tag_v2[273], stored.tag_v2[279]
    return buffer.getvalue()[at : at + count]


def ccitt(picture: Image.Image | None = None, k: int = -1) -> Stored:
    """CCITTFaxDecode: group 4 (K -1), or group 3 (K 0)."""
    picture = picture or scan("1")
    width, height = picture.size
    parameters = b"/DecodeParms<</K %d/Columns %d/Rows %d>>" % (k, width, height)
    data = fax_data(ImageOps.invert(picture), "group4" if k < 0 else "group3")
    return Stored(_entries(picture, b"/CCITTFaxDecode", parameters), data)


def jpx(picture: Image.Image | None = None) -> Stored:
    """JPXDecode."""
    picture = picture or scan("RGB")
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG2000", quality_mode="rates", quality_layers=[20])
    return Stored(_entries(picture, b"/JPXDecode"), buffer.getvalue())


def jbig2(picture: Image.Image | None = None) -> Stored:
    """JBIG2Decode: a page of one generic region, coded as a fax is (MMR)."""
    picture = picture or scan("1")
    width, height = picture.size
    page = struct.pack(">IIIIBH", width, height, 0, 0, 0, 0)
    region = struct.pack(">IIIIB", width, height, 0, 0, 0) + b"\x01" + fax_data(ImageOps.invert(picture))
    data = _segment(0, 48, page) + _segment(1, 38, region) + _segment(2, 49, b"")
    return Stored(_entries(picture, b"/JBIG2Decode"), data)


def _segment(number: int, kind: int, body: bytes) -> bytes:
    return struct.pack(">IBBBI", number, kind, 0, 1, len(body)) + body


FILTERS = {
    "DCTDecode": dct,
    "FlateDecode": flate,
    "CCITTFaxDecode": ccitt,
    "JPXDecode": jpx,
    "JBIG2Decode": jbig2,
}
"""Filter to what makes a picture of it."""


def whole_page(name: str = "Im0") -> bytes:
    """Content that draws a picture over all of the page."""
    return b"q %d 0 0 %d 0 0 cm /%s Do Q" % (*PAGE, name.encode())


def text(words: str, y: int = 370) -> bytes:
    """Content that sets a line of text."""
    return b" BT /F1 14 Tf 20 %d Td (%s) Tj ET" % (y, words.encode())


def document(
    pictures: Sequence[Stored | None],
    content: bytes | None = None,
    *,
    forms: Sequence[bytes] = (),
    root: bytes = b"",
    more: Sequence[bytes] = (),
) -> bytes:
    """A page that draws `content` with the pictures as Im0, Im1 ... (None: a reference to nothing) and forms
    Fm0, Fm1 ... `more`: further objects, from number 100 on, and `root`: entries of the catalog."""
    content = whole_page() if content is None else content
    names = b" ".join(b"/Im%d %d 0 R" % (number, 10 + number) for number in range(len(pictures)))
    names += b" ".join(b"/Fm%d %d 0 R" % (number, 60 + number) for number in range(len(forms)))
    resources = b"/Resources<</Font<</F1 5 0 R>>/XObject<<%s>>>>" % names
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R%s>>" % root,
        2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents 4 0 R%s>>" % (*PAGE, resources),
        4: _stream(b"", content),
        5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    }
    for number, picture in enumerate(pictures):
        if picture is not None:
            objects[10 + number] = _stream(picture.entries, picture.data)
            for place, other in enumerate(picture.others):
                objects[80 + number * 4 + place] = other
    for number, form in enumerate(forms):
        box = b"/Type/XObject/Subtype/Form/BBox[0 0 %d %d]%s" % (*PAGE, resources)
        objects[60 + number] = _stream(box, form)
    objects |= {100 + number: body for number, body in enumerate(more)}
    return assembled(objects)


def _stream(entries: bytes, data: bytes) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data)


def assembled(objects: dict[int, bytes]) -> bytes:
    """A PDF of numbered objects, of which 1 is the catalog."""
    out, offsets = bytearray(b"%PDF-1.7\n"), {}
    for number, body in sorted(objects.items()):
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, last = len(out), max(objects)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (last + 1)
    for number in range(1, last + 1):
        out += b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 00000 f \n"
    out += b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (last + 1, start)
    return bytes(out)
