"""The files that are attached to a PDF: which of them are documents, and their content."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from actors.attached import UNSAFE_IN_NAMES, Attached, Attachment
from actors.decoding.formats import HEAD_BYTES, sniff
from actors.decoding.limits import MB
from actors.errors import PageError
from actors.settings import DecodeConfig

MOST_ATTACHMENTS = 1000
"""Attachments of one PDF that are looked at."""

_LONGEST_NAME = 120

_COLLECTION = re.compile(rb"/Collection\s*(?:<<|\d+\s+\d+\s+R)")


def attached_to(document: pdfium.PdfDocument, settings: DecodeConfig) -> Attached:
    """The documents that are attached to a PDF, by their content."""
    count = attachment_count(document)
    documents: list[Attachment] = []
    names: set[str] = set()
    for index in range(min(count, MOST_ATTACHMENTS)):
        handle = pdfium_c.FPDFDoc_GetAttachment(document, index)
        if _is_document(handle, settings):
            documents.append(Attachment(index, _unused(_safe(_name(handle)), names)))
            names.add(documents[-1].name)
    return Attached(tuple(documents), count - len(documents))


def attachment_count(document: pdfium.PdfDocument) -> int:
    """How many files are attached."""
    return max(0, int(pdfium_c.FPDFDoc_GetAttachmentCount(document)))


def attachment_data(document: pdfium.PdfDocument, index: int, settings: DecodeConfig) -> bytes:
    """The content of an attachment. Raises PageError if it is not there, or too large."""
    handle = pdfium_c.FPDFDoc_GetAttachment(document, index)
    size = _size(handle) if handle else 0
    if not size:
        raise PageError("decode.corrupt", f"the PDF has no content for its attachment {index}")
    if size > settings.max_file_mb * MB:
        raise PageError(
            "read.too_large", f"the attachment has {size / MB:.0f} MiB, more than decode.max_file_mb"
        )
    return _content(handle, size)


def is_portfolio(document: pdfium.PdfDocument, data: memoryview) -> bool:
    """Whether a PDF with attachments is a portfolio: a cover, and a collection of files that readers show."""
    if _COLLECTION.search(data):
        return True
    return bool(document.get_pagemode() == pdfium_c.PAGEMODE_USEATTACHMENTS)


def _is_document(handle: Any, settings: DecodeConfig) -> bool:
    size = _size(handle) if handle else 0
    if not 0 < size <= settings.max_file_mb * MB:
        return False
    return sniff(_content(handle, size)[:HEAD_BYTES]) is not None


def _size(handle: Any) -> int:
    size = ctypes.c_ulong()
    return size.value if pdfium_c.FPDFAttachment_GetFile(handle, None, 0, size) else 0


def _content(handle: Any, size: int) -> bytes:
    buffer, found = ctypes.create_string_buffer(size), ctypes.c_ulong()
    pdfium_c.FPDFAttachment_GetFile(handle, buffer, size, found)
    return buffer.raw


def _name(handle: Any) -> str:
    size = pdfium_c.FPDFAttachment_GetName(handle, None, 0)
    buffer = ctypes.create_string_buffer(size)
    pdfium_c.FPDFAttachment_GetName(handle, ctypes.cast(buffer, ctypes.POINTER(pdfium_c.FPDF_WCHAR)), size)
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\0")


def _safe(name: str) -> str:
    name = UNSAFE_IN_NAMES.sub("_", name).strip()[-_LONGEST_NAME:]
    return name if name.strip(".") else "attachment"


def _unused(name: str, names: set[str]) -> str:
    """The name, or `name (2).pdf` and so on if it is taken."""
    return next(one for one in _numbered(name) if one not in names)


def _numbered(name: str) -> Iterator[str]:
    yield name
    stem, dot, extension = name.rpartition(".")
    for number in range(2, MOST_ATTACHMENTS + 2):
        yield f"{stem} ({number}).{extension}" if dot else f"{name} ({number})"
