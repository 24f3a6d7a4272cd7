"""TIFF, page by page: each is opened for itself, so that a damaged one takes no other along."""

from __future__ import annotations

import struct

from PIL.TiffImagePlugin import TiffImageFile

from actors.decoding.buffer import BufferFile
from actors.decoding.document import Document, Picture, check_page_count, check_size
from actors.decoding.images import dpi_of
from actors.decoding.pixels import Samples, to_rgb
from actors.decoding.tiff_chain import (
    BITS_PER_SAMPLE,
    ORIENTATION,
    PHOTOMETRIC,
    Directory,
    Layout,
    directories,
    layout_of,
    without_unused,
)
from actors.errors import PageError
from actors.settings import DecodeConfig

_WHITE_IS_ZERO, _BLACK_IS_ZERO = 0, 1


class TiffDocument:
    """A TIFF of one page or more."""

    notices: tuple[str, ...] = ()

    def __init__(
        self, data: memoryview, layout: Layout, pages: list[Directory], settings: DecodeConfig
    ) -> None:
        self._data, self._layout, self._pages, self._settings = data, layout, pages, settings

    @property
    def page_count(self) -> int:
        """Number of directories in the chain."""
        return len(self._pages)

    def page(self, index: int) -> Picture:
        """Decode one page. Raises PageError, or what Pillow raises on bad content."""
        directory = self._pages[index]
        if directory.broken:
            raise PageError("decode.corrupt", "the directory of this page lies beyond the end of the file")
        if PHOTOMETRIC not in directory.tags:
            raise PageError("decode.corrupt", "the page does not say what its samples mean (tag 262)")
        orientation, samples, patches = self._corrections(directory)
        with TiffImageFile(BufferFile(self._data, patches)) as picture:  # type: ignore[arg-type]
            check_size(*picture.size, self._settings)
            picture.load()
            return Picture(to_rgb(picture, orientation, samples), dpi_of(picture))

    def close(self) -> None:
        """Nothing is held."""

    def _corrections(self, directory: Directory) -> tuple[int, Samples, dict[int, bytes]]:
        """What Pillow is shown other than the file has, and what is done in its place.

        The header points to this page. Its directory has no tags but those that make the picture. The
        orientation is applied here, where it costs no second picture.
        WhiteIsZero of more than 8 bits, which Pillow leaves inverted or refuses, is inverted here.
        """
        layout, tags = self._layout, directory.tags
        start, entries = without_unused(self._data, layout, directory.offset)
        patches = {start: entries}
        patches[layout.first_offset_at] = struct.pack(layout.offset_format, directory.offset)
        orientation = 1
        if tag := tags.get(ORIENTATION):
            orientation = tag.value if 1 <= tag.value <= 8 else 1
        bits = tags[BITS_PER_SAMPLE].value if BITS_PER_SAMPLE in tags else 1
        photometric = tags[PHOTOMETRIC]
        inverted = photometric.value == _WHITE_IS_ZERO and bits > 8
        if inverted:
            patches[photometric.offset] = _BLACK_IS_ZERO.to_bytes(photometric.size, layout.order_name)
        white = float((1 << bits) - 1) if bits <= 16 else None
        return orientation, Samples(white, inverted), patches


def open_tiff(data: memoryview, settings: DecodeConfig) -> Document:
    """TIFF and BigTIFF. Raises PageError if there is no page at all, or too many."""
    layout = layout_of(data)
    if layout.big and layout.order == ">":
        raise PageError("decode.unsupported", "the file is a big-endian BigTIFF, which Pillow does not read")
    pages = directories(data, layout, settings.max_pages + 1)
    if not pages or pages[0].broken:
        raise PageError("decode.corrupt", "the TIFF has no page directory within the file")
    check_page_count(len(pages), settings)
    return TiffDocument(data, layout, pages, settings)
