"""PDF pages rendered by pdfium on white, with their annotations and filled form fields."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from contextlib import closing

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from actors.attached import Attached
from actors.contracts import Image
from actors.decoding.attachments import attached_to, attachment_count, attachment_data, is_portfolio
from actors.decoding.document import Document, Picture, check_page_count
from actors.decoding.formats import HEAD_BYTES, sniff
from actors.decoding.pdf_damage import has_damage
from actors.errors import PageError
from actors.settings import DecodeConfig

_POINTS_PER_INCH = 72.0
_MAX_SIDE = 65500
"""Longest side of a rendered page in pixels: what other formats (JPEG) and pdfium's own rasteriser hold."""


class PdfDocument:
    """An opened PDF. pdfium is not thread-safe: one thread of a process at a time."""

    def __init__(self, document: pdfium.PdfDocument, data: memoryview, settings: DecodeConfig) -> None:
        self._document, self._data, self._settings = document, data, settings
        self.page_count = len(document)
        self.notices = notices_of_attachments(document, data, settings)
        self._placeholder = document.get_formtype() == pdfium_c.FORMTYPE_XFA_FULL

    def page(self, index: int) -> Picture:
        """Render one page. Raises PageError, or pdfium's error for a page that cannot be loaded."""
        page = self._document[index]
        try:
            width, height = page.get_size()
            scale = _scale(width, height, self._settings)
            bitmap = page.render(scale=scale, rev_byteorder=True)
            try:
                image = np.ascontiguousarray(bitmap.to_numpy())
                # The view of a bitmap without padding is contiguous already, and dies with the bitmap.
                image = image.copy() if image.base is not None else image
            finally:
                bitmap.close()
            damaged = self._has_damage(index, page, image)
        finally:
            page.close()
        dpi = scale * _POINTS_PER_INCH
        notices = {"pdf.damaged_image": damaged, "pdf.xfa": self._placeholder}
        told = tuple(code for code, holds in notices.items() if holds)
        return Picture(image, dpi, dpi, dpi / self._settings.pdf_dpi, told)

    def _has_damage(self, index: int, page: pdfium.PdfPage, image: Image) -> bool:
        try:
            return has_damage(self._document, index, page, image)
        except (ArithmeticError, LookupError, ValueError, pdfium.PdfiumError):
            return False  # numbers that make no sense: the page was rendered, and a check must not cost it

    def close(self) -> None:
        """Give the document back to pdfium."""
        self._document.close()


def open_pdf(data: memoryview, settings: DecodeConfig) -> Document:
    """PDF, with a password of the settings if it asks for one. Raises PageError."""
    document = _opened(data, _passwords(settings))
    try:
        check_page_count(len(document), settings)
        document.init_forms()
    except BaseException:
        document.close()
        raise
    return PdfDocument(document, data, settings)


def attachments_in(data: memoryview, path: Sequence[int], settings: DecodeConfig) -> Attached:
    """What is attached to the PDF that attachments lead to; nothing if it is none. Raises PageError."""
    data = attachment_in(data, path, settings)
    found = sniff(bytes(data[:HEAD_BYTES]))
    if found is None or found.name != "pdf":
        return Attached()
    with closing(_opened(data, _passwords(settings))) as document:
        return attached_to(document, settings)


def attachment_in(data: memoryview, path: Sequence[int], settings: DecodeConfig) -> memoryview:
    """The content of the file that attachments of a PDF lead to. Raises PageError."""
    for index in path:
        with closing(_opened(data, _passwords(settings))) as document:
            data = memoryview(attachment_data(document, index, settings))
    return data


def _passwords(settings: DecodeConfig) -> list[str]:
    return [one.get_secret_value() for one in settings.passwords]


def _opened(data: memoryview, passwords: Sequence[str]) -> pdfium.PdfDocument:
    array = (ctypes.c_char * len(data)).from_address(np.frombuffer(data, dtype=np.uint8).ctypes.data)
    for left, password in zip(range(len(passwords), -1, -1), (None, *passwords), strict=True):
        try:
            return pdfium.PdfDocument(array, password)
        except pdfium.PdfiumError as error:
            if error.err_code != pdfium_c.FPDF_ERR_PASSWORD or not left:
                raise _cannot_open(error, len(passwords)) from error
    raise AssertionError


def notices_of_attachments(
    document: pdfium.PdfDocument, data: memoryview, settings: DecodeConfig
) -> tuple[str, ...]:
    """What is to be said of the files that are attached to a PDF."""
    if not attachment_count(document):
        return ()
    cover = ("pdf.portfolio",) if is_portfolio(document, data) else ()
    if settings.attachments == "ignore":
        return cover or ("pdf.attachments",)
    found = attached_to(document, settings)
    read = ("pdf.attached",) if found.documents else ()
    return cover + read + (("pdf.attachments",) if found.unread else ())


def _cannot_open(error: pdfium.PdfiumError, tried: int) -> PageError:
    if error.err_code == pdfium_c.FPDF_ERR_PASSWORD:
        rest = f", and none of the {tried} in decode.passwords opens it" if tried else ""
        return PageError("decode.encrypted", f"the PDF asks for a password{rest}")
    if error.err_code == pdfium_c.FPDF_ERR_SECURITY:
        return PageError("decode.encrypted", "the PDF is protected in a way that pdfium does not know")
    return PageError("decode.corrupt", f"the PDF cannot be opened: {error}")


def _scale(width: float, height: float, settings: DecodeConfig) -> float:
    """Pixels a point: `pdf_dpi`, or less for a page beyond `pdf_max_megapixels` or `_MAX_SIDE`."""
    if not (math.isfinite(width) and math.isfinite(height) and width > 0 and height > 0):
        raise PageError("decode.corrupt", f"the page is said to be {width:g} x {height:g} points")
    budget = settings.pdf_max_megapixels * 1e6
    fitting = math.sqrt(budget / width / height)
    return min(settings.pdf_dpi / _POINTS_PER_INCH, fitting, _MAX_SIDE / max(width, height))
