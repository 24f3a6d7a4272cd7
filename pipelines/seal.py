"""The seal of a file of rows: two SHA-256 digests between its rows and its footer, which say that it is what
was written.

Parquet's own checksums (CRC-32 of each page, which are written, too) leave out the footer: names of columns,
counts, offsets, the file's metadata. Readers find everything from the end of a file and by absolute offsets,
so they never look at bytes between the last page and the footer. Layout, from the end of the file:

    rows | MAGIC (16 bytes) | SHA-256 of the rows | SHA-256 of all that follows | footer | its length | PAR1
"""

from __future__ import annotations

import hashlib

MAGIC = b"rayocr-seal-1\0\0\0"
_DIGEST = hashlib.sha256().digest_size
SEAL_BYTES = len(MAGIC) + 2 * _DIGEST
_END_BYTES = 8
"""Length of the footer, 4 bytes little-endian, and Parquet's mark."""


class SealError(ValueError):
    """A file of rows is not what was written."""


def sealed(content: bytes) -> bytes:
    """A file of Parquet with its seal. `content`: one without."""
    start = footer_start(content, len(content))
    rows, footer = content[:start], content[start:]
    return b"".join((rows, MAGIC, _digest(rows), _digest(footer), footer))


def footer_start(tail: bytes, size: int) -> int:
    """Where the footer of a file of `size` bytes begins, in bytes from its begin, by the file's last bytes.

    Raises SealError if that cannot be.
    """
    if len(tail) < _END_BYTES or tail[-4:] != b"PAR1":
        raise SealError("it does not end as a file of Parquet does")
    start = size - _END_BYTES - int.from_bytes(tail[-_END_BYTES:-4], "little")
    if start < 0:
        raise SealError("its footer is longer than the file")
    return start


def check_footer(tail: bytes, size: int) -> bool:
    """Whether the file has a seal; its footer is what was written then. `tail`: the file's last bytes, the
    seal among them if there is one. Raises SealError if it is not."""
    start = footer_start(tail, size) - (size - len(tail))
    seal = tail[max(0, start - SEAL_BYTES) : start]
    if len(seal) != SEAL_BYTES or not seal.startswith(MAGIC):
        return False
    if seal[-_DIGEST:] != _digest(tail[start:]):
        raise SealError("its footer is not what was written")
    return True


def check_whole(content: bytes) -> bool:
    """Whether the file has a seal; every byte of it is what was written then. Raises SealError if not."""
    if not check_footer(content, len(content)):
        return False
    start = footer_start(content, len(content))
    if content[start - 2 * _DIGEST : start - _DIGEST] != _digest(memoryview(content)[: start - SEAL_BYTES]):
        raise SealError("its content is not what was written")
    return True


def _digest(content: bytes | memoryview) -> bytes:
    return hashlib.sha256(content).digest()
