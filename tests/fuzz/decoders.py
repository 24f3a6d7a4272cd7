"""Targets: every format of documents, opened and decoded in this process."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from PIL import Image

from actors.decode import fault_of
from actors.decoding.formats import FORMATS, HEAD_BYTES
from actors.settings import DecodeConfig
from tests.actors.pictures import chunk, encode, pdf, png, tiff
from tests.fuzz.target import FindingError, Target, raised_by_us

T = TypeVar("T")

_SETTINGS = DecodeConfig(max_megapixels=2, pdf_max_megapixels=1, max_pages=50, pdf_dpi=36)
_MOST_PAGES = 3
"""Pages of a document that are decoded: the time is better spent on other documents."""

_PICTURE = np.random.default_rng(1).integers(0, 256, (9, 13, 3), dtype=np.uint8)


def decoders() -> list[Target]:
    """A target for each format of the allow-list that has seeds."""
    return [Target(form.name, partial(_decode, form.name), _SEEDS[form.name]) for form in FORMATS]


def _decode(name: str, data: bytes) -> None:
    form = next(one for one in FORMATS if one.name == name)
    if not form.matches(data[:HEAD_BYTES]):
        return
    document = _guarded(lambda: form.opener()(memoryview(data), _SETTINGS))
    if document is None:
        return
    try:
        for index in range(min(document.page_count, _MOST_PAGES)):
            picture = _guarded(partial(document.page, index))
            if picture is not None and (picture.image.dtype != np.uint8 or picture.image.ndim != 3):
                raise FindingError(f"a picture of {picture.image.dtype}, {picture.image.shape}")
    finally:
        document.close()


def _guarded(step: Callable[[], T]) -> T | None:
    """None where it fails as it may: with an error that becomes a fault, and no slip of our own parsers."""
    try:
        return step()
    except Exception as error:
        if raised_by_us(error) or not fault_of(error).code.startswith("decode."):
            raise
        return None


def _pngs() -> list[bytes]:
    extra = chunk(b"tRNS", b"\0\x0a") + chunk(b"pHYs", struct.pack(">IIB", 3937, 3937, 1))
    grey = png(2, 2, b"\0\x0a\x14" + b"\0\x1e\x28", extra=extra)
    return [grey, encode(_PICTURE, "PNG"), encode(Image.fromarray(_PICTURE).quantize(4), "PNG")]


def _tiffs() -> list[bytes]:
    tags: dict[int, int | tuple[int, ...]] = {256: 2, 257: 2, 258: 8, 259: 1, 262: 1, 277: 1, 274: 6}
    pages = [(tags, b"\1\2\3\4")] * 2
    made = [tiff(pages), tiff(pages, order=">"), tiff(pages, big=True)]
    bits = Image.fromarray(_PICTURE).convert("1")
    return [
        *made,
        encode(bits, "TIFF", compression="group4"),
        encode(_PICTURE, "TIFF", compression="tiff_lzw"),
    ]


def _pdfs() -> list[bytes]:
    text = b"BT /F1 12 Tf 10 10 Td (page) Tj ET"
    scan = encode(Image.fromarray(_PICTURE), "PDF")
    return [pdf((200, 100), (50, 50), content=text), pdf((30, 30), extra=b"/Rotate 90"), scan]


def _heifs() -> list[bytes]:
    """A header alone: no encoder for it is free enough to be installed."""
    return [b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + b"\0\0\0\x10meta" + bytes(8)]


_SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "jpeg": lambda: [encode(_PICTURE, "JPEG"), encode(_PICTURE, "JPEG", progressive=True, quality=20)],
    "png": _pngs,
    "tiff": _tiffs,
    "webp": lambda: [encode(_PICTURE, "WEBP"), encode(_PICTURE, "WEBP", lossless=True)],
    "gif": lambda: [encode(Image.fromarray(_PICTURE).quantize(8), "GIF")],
    "bmp": lambda: [encode(_PICTURE, "BMP"), encode(Image.fromarray(_PICTURE).convert("1"), "BMP")],
    "jp2": lambda: [
        encode(_PICTURE, "JPEG2000"),
        encode(_PICTURE, "JPEG2000", no_jp2=True, tile_size=(8, 8)),
    ],
    "avif": lambda: [encode(_PICTURE, "AVIF")],
    "heif": _heifs,
    "pnm": lambda: [encode(_PICTURE, "PPM"), b"P1 # bits\n3 2\n0 1 0 1 0 1\n", b"P2\n2 1\n9\n3 9\n"],
    "pdf": _pdfs,
}
