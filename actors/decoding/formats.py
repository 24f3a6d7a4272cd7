"""The allow-list: which formats are decoded, how each is known by its content, and what opens it.

Nothing here goes by a file's name, and no decoder starts another program.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from actors.decoding.document import OpenDocument

HEAD_BYTES = 1024
"""How much of a document is looked at; a PDF header may stand anywhere in its first 1024 bytes."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `matches` looks at the first HEAD_BYTES; `target` names an OpenDocument, as
    "module:function", which is imported when the first such document comes."""

    name: str
    matches: Callable[[bytes], bool]
    target: str

    def opener(self) -> OpenDocument:
        """Import what opens this format."""
        module, function = self.target.split(":")
        return cast(OpenDocument, getattr(importlib.import_module(module), function))


def _starts(*prefixes: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(prefixes)


def _pattern(pattern: bytes) -> Callable[[bytes], bool]:
    compiled = re.compile(pattern, re.DOTALL)
    return lambda head: compiled.match(head) is not None


def _brands(*names: bytes) -> Callable[[bytes], bool]:
    """An ISO media file whose major or compatible brands have one of these."""

    def matches(head: bytes) -> bool:
        brands = head[8 : max(12, int.from_bytes(head[:4], "big"))]
        return head[4:8] == b"ftyp" and any(brands[at : at + 4] in names for at in range(0, len(brands), 4))

    return matches


FORMATS = (
    Format("jpeg", _starts(b"\xff\xd8\xff"), "actors.decoding.jpeg:open_jpeg"),
    Format("png", _starts(b"\x89PNG\r\n\x1a\n"), "actors.decoding.png:open_png"),
    Format(
        "tiff",
        _starts(b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0"),
        "actors.decoding.tiff:open_tiff",
    ),
    Format("webp", _pattern(rb"RIFF....WEBP"), "actors.decoding.webp:open_webp"),
    Format("gif", _starts(b"GIF87a", b"GIF89a"), "actors.decoding.images:open_gif"),
    Format("bmp", _starts(b"BM"), "actors.decoding.images:open_bmp"),
    Format(
        "jp2",
        _starts(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
        "actors.decoding.jpeg2000:open_jpeg2000",
    ),
    Format("avif", _brands(b"avif", b"avis"), "actors.decoding.images:open_avif"),
    Format(
        "heif",
        _brands(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"miaf", b"1pic"),
        "actors.decoding.heif:open_heif",
    ),
    Format("pnm", _pattern(rb"P[1-6]\s"), "actors.decoding.images:open_pnm"),
    Format("pdf", _pattern(rb".*%PDF-"), "actors.decoding.pdf:open_pdf"),
)
"""The one table of formats, asked in this order."""

_OTHERS = (
    ("a Git LFS pointer, not the file itself", _starts(b"version https://git-lfs")),
    ("PostScript", _starts(b"%!", b"\xc5\xd0\xd3\xc6")),
    ("a web page", _pattern(rb"(?i)\s*<(!doctype html|html|head|body)\b")),
    ("SVG", _pattern(rb".*<svg\b")),
    ("XML", _pattern(rb"\s*<\?xml")),
    ("a ZIP archive or an Office document", _starts(b"PK\x03\x04", b"PK\x05\x06")),
    ("an old Office document", _starts(b"\xd0\xcf\x11\xe0")),
    ("a gzip archive", _starts(b"\x1f\x8b")),
    ("a film, or another ISO media file without a picture", lambda head: head[4:8] == b"ftyp"),
    ("JPEG XL", _starts(b"\xff\x0a", b"\0\0\0\x0cJXL ")),
    ("a Photoshop document", _starts(b"8BPS")),
    ("an icon", _starts(b"\0\0\x01\0", b"\0\0\x02\0")),
    ("a Windows metafile", _starts(b"\xd7\xcd\xc6\x9a", b"\x01\0\x09\0")),
    ("DjVu", _starts(b"AT&TFORM")),
    ("a PAM or PFM picture", _pattern(rb"P[7Ff]\s")),
)
"""Content that is often met and not decoded: named, so that the message helps."""


def sniff(head: bytes) -> Format | None:
    """The format of a document by its first HEAD_BYTES bytes, None if it is not on the allow-list."""
    return next((entry for entry in FORMATS if entry.matches(head)), None)


def describe_unknown(head: bytes) -> str:
    """Say in words what content is that no entry of FORMATS claims."""
    for words, matches in _OTHERS:
        if matches(head):
            return f"the content is {words}"
    if head.isascii() and not re.search(rb"[\0-\x08\x0e-\x1f]", head):
        return "the content is plain text"
    return f"the content begins with bytes {head[:8].hex(' ')}, which no supported format does"
