"""The chain of page directories of a TIFF, walked without decoding: where each begins and what it says.

TIFF 6.0 and BigTIFF. Pillow's own walk gives up, or loses count, behind a damaged page.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

PHOTOMETRIC = 262
BITS_PER_SAMPLE = 258
ORIENTATION = 274
_WANTED = (PHOTOMETRIC, BITS_PER_SAMPLE, ORIENTATION)
_SHORT, _LONG, _LONG8 = 3, 4, 16
_BYTE = 1

_USED = frozenset(
    {*range(254, 263), 266, 273, *range(277, 285), 292, 293, 296, 317, 320, *range(322, 326)}
    | {332, 338, 339, 340, 341, 347, *range(512, 522), *range(529, 533)}
)
"""The tags on which pixels or their resolution hang (TIFF 6.0). The orientation is applied by us."""


@dataclass(frozen=True, slots=True)
class Tag:
    """The first value of an integer tag, and the offset and size of that value in the file."""

    value: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Directory:
    """One page: the offset of its directory, and its tags of `_WANTED` by number.

    `broken`: the chain says that there is a page and it lies outside the file.
    """

    offset: int
    tags: dict[int, Tag]
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """Byte order, and how wide offsets and counts are: TIFF has 32 bits, BigTIFF 64."""

    order: str
    big: bool

    @property
    def order_name(self) -> Literal["little", "big"]:
        """Byte order, "little" or "big"."""
        return "little" if self.order == "<" else "big"

    @property
    def first_offset_at(self) -> int:
        """Where the header keeps the offset of the first directory."""
        return 8 if self.big else 4

    @property
    def offset_format(self) -> str:
        """struct format of an offset."""
        return self.order + ("Q" if self.big else "I")

    @property
    def count_format(self) -> str:
        """struct format of a directory's number of entries."""
        return self.order + ("Q" if self.big else "H")

    @property
    def entry_format(self) -> str:
        """struct format of an entry: tag, type, count, value or offset."""
        return self.order + ("HHQ8s" if self.big else "HHI4s")


def layout_of(data: memoryview) -> Layout:
    """Byte order and kind from the header; `data` begins as a TIFF does."""
    order = "<" if bytes(data[:2]) == b"II" else ">"
    (magic,) = struct.unpack_from(order + "H", data, 2)
    return Layout(order, big=magic == 43)


def directories(data: memoryview, layout: Layout, limit: int) -> list[Directory]:
    """Up to `limit` pages in file order; a chain that comes back to a page it had ends there."""
    found: list[Directory] = []
    seen: set[int] = set()
    offset = _unpack(layout.offset_format, data, layout.first_offset_at)
    while offset and offset not in seen and len(found) < limit:
        seen.add(offset)
        directory, following = _directory(data, layout, offset)
        found.append(directory)
        offset = following
    return found


def without_unused(data: memoryview, layout: Layout, offset: int) -> tuple[int, bytes]:
    """The entries of a directory and where they are, those that no pixel hangs on made a single zero.

    Pillow gives the page up, or reads no further entry, at a tag of text or metadata that is damaged.
    """
    count = _unpack(layout.count_format, data, offset) or 0
    start = offset + struct.calcsize(layout.count_format)
    step = struct.calcsize(layout.entry_format)
    entries = bytearray(data[start : start + count * step])
    for at in range(0, len(entries) - step + 1, step):
        number = int.from_bytes(entries[at : at + 2], layout.order_name)
        if number not in _USED:
            struct.pack_into(layout.entry_format, entries, at, number, _BYTE, 1, b"")
    return start, bytes(entries)


def _unpack(form: str, data: memoryview, at: int) -> int | None:
    if at + struct.calcsize(form) > len(data):
        return None
    value: int = struct.unpack_from(form, data, at)[0]
    return value


def _directory(data: memoryview, layout: Layout, offset: int) -> tuple[Directory, int | None]:
    """A directory and the offset of the next one, None if the chain cannot be followed further."""
    count = _unpack(layout.count_format, data, offset)
    if count is None:
        return Directory(offset, {}, broken=True), None
    start = offset + struct.calcsize(layout.count_format)
    step = struct.calcsize(layout.entry_format)
    tags: dict[int, Tag] = {}
    for at in range(start, min(start + count * step, len(data) - step + 1), step):
        number = _unpack(layout.order + "H", data, at)
        tag = _tag(data, layout, at) if number in _WANTED else None
        if number is not None and tag is not None:
            tags.setdefault(number, tag)
    return Directory(offset, tags), _unpack(layout.offset_format, data, start + count * step)


def _tag(data: memoryview, layout: Layout, at: int) -> Tag | None:
    _, kind, count, inline = struct.unpack_from(layout.entry_format, data, at)
    form = {_SHORT: "H", _LONG: "I", _LONG8: "Q"}.get(kind)
    if form is None or count < 1:
        return None
    size = struct.calcsize(layout.order + form)
    where = at + struct.calcsize(layout.entry_format) - len(inline)
    if size * count > len(inline):
        where = struct.unpack(layout.offset_format, inline)[0]
    value = _unpack(layout.order + form, data, where)
    return None if value is None else Tag(value, where, size)
