"""Pictures that a PDF page draws by name and that are not in the file: pdfium skips them without a word.

pdfium shows no dictionaries. But the copy of a page that it writes is a small plain file, in which references
to nothing are gone; it takes a third of a millisecond.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator, Mapping

import pypdfium2 as pdfium

_OBJECT = re.compile(rb"(?:^|[\r\n])(\d+) 0 obj\s*(.*?)(?:(?=endobj)|stream\r?\n)", re.DOTALL)
_LENGTH = re.compile(rb"/Length\s+(\d+)(?!\s+\d+\s+R)")
_CONTENTS = re.compile(rb"/Contents\s*(\[[^\]]*\]|\d+ 0 R)")
_REFERENCE = re.compile(rb"(\d+) 0 R")
_DRAWN = re.compile(rb"(?:((?:[-+.\d]+\s+){6})cm\s*)?/([^\s/\[\]<>(){}%]+)\s+Do\b")
_INLINE = re.compile(rb"(?:((?:[-+.\d]+\s+){6})cm\s*)?\bBI\s[^\0]{1,300}?\sID\s")
_ESCAPED = re.compile(rb"#([0-9a-fA-F]{2})")

_MOST_BYTES = 4 << 20
"""Size of a page's copy up to which it is looked at: a page without large pictures is smaller."""

_MOST_CONTENT = 1 << 20
"""Bytes of content, inflated, that are looked at."""


class _TooLargeError(Exception):
    """The copy of a page outgrew _MOST_BYTES."""


class _Buffer(io.BytesIO):
    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        if self.tell() > _MOST_BYTES:
            raise _TooLargeError
        return super().write(data)


def missing_pictures(
    document: pdfium.PdfDocument, index: int, *, inline: bool = False
) -> list[tuple[str, float]]:
    """Name and share of the page of each picture or form that a page draws and does not have.

    The share is what the matrix right in front of it says, all of the page where there is none. `inline`:
    count pictures within the content, too, of which pdfium drops those that it cannot inflate.
    """
    copy = _copy_of(document, index)
    objects = dict(_objects(copy))
    width, height = document.get_page_size(index)
    there = _plain(b" ".join(head for head, _ in objects.values()))
    found = []
    for content in _contents(objects):
        if inline:
            found += [("an inline picture", _share(one, width * height)) for one in _INLINE.findall(content)]
        for numbers, name in _DRAWN.findall(content):
            plain = _plain(name)
            if not re.search(rb"/" + re.escape(plain) + rb"(?:\s+\d+ \d+ R|\s*<<)", there):
                found.append((plain.decode("latin-1"), _share(numbers, width * height)))
    return found


def _copy_of(document: pdfium.PdfDocument, index: int) -> bytes:
    """The page alone, as a PDF; empty if that is large, or pdfium cannot make it."""
    copy = pdfium.PdfDocument.new()
    buffer = _Buffer()
    try:
        copy.import_pages(document, [index])
        copy.save(buffer)
    except (pdfium.PdfiumError, _TooLargeError):
        return b""
    finally:
        copy.close()
    return buffer.getvalue()


def _objects(copy: bytes) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
    """Number, dictionary and stream of each object; a stream ends where its length says."""
    at = 0
    while match := _OBJECT.search(copy, at):
        number, head = int(match[1]), match[2]
        at = match.end()
        body = b""
        if match[0].endswith(b"\n") and (length := _LENGTH.search(head)):
            body = copy[at : at + int(length[1])]
            at += len(body)
        yield number, (head, body)


def _contents(objects: Mapping[int, tuple[bytes, bytes]]) -> Iterator[bytes]:
    """The page's own content."""
    for head, _ in objects.values():
        if not (found := _CONTENTS.search(head)):
            continue
        for number in _REFERENCE.findall(found[1]):
            entries, body = objects.get(int(number), (b"", b""))
            if b"/FlateDecode" in entries:
                try:
                    yield zlib.decompressobj().decompress(body, _MOST_CONTENT)
                except zlib.error:
                    continue
            elif b"/Filter" not in entries:
                yield body[:_MOST_CONTENT]


def _plain(name: bytes) -> bytes:
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), name)


def _share(numbers: bytes, area: float) -> float:
    if not numbers:
        return 1.0
    a, b, c, d, *_ = map(float, numbers.split())
    return min(1.0, abs(a * d - b * c) / area)
