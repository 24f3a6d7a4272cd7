"""Formats of one picture a file that Pillow decodes well by itself: GIF, BMP, AVIF, PNM.

Plugins are called by name and not through `Image.open`, so that nothing off the allow-list is reached.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from PIL import Image as PilImage
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.PpmImagePlugin import PpmImageFile

from actors.decoding.buffer import BufferFile
from actors.decoding.document import Document, Picture, check_size, sane_dpi
from actors.decoding.pixels import to_rgb
from actors.settings import DecodeConfig

_ORIENTATION = 274
"""EXIF and TIFF tag of the orientation."""

Plugin = Callable[[IO[bytes]], PilImage.Image]


class ImageDocument:
    """A document of one page: the first picture of an image file."""

    page_count = 1
    notices: tuple[str, ...] = ()

    def __init__(
        self, picture: PilImage.Image, verify: Callable[[PilImage.Image], None] | None = None
    ) -> None:
        self._picture = picture
        self._verify = verify

    def page(self, index: int) -> Picture:
        """Decode the picture; `index` is 0."""
        self._picture.load()
        if self._verify:
            self._verify(self._picture)
        return Picture(to_rgb(self._picture, exif_orientation(self._picture)), dpi_of(self._picture))

    def close(self) -> None:
        """Give the picture back."""
        self._picture.close()


def open_picture(data: memoryview, settings: DecodeConfig, plugin: Plugin) -> PilImage.Image:
    """Read the header with a Pillow plugin and check the size; pixels are not decoded yet."""
    picture = plugin(BufferFile(data))  # type: ignore[arg-type]
    check_size(*picture.size, settings)
    return picture


def exif_orientation(picture: PilImage.Image) -> int:
    """EXIF orientation 1..8 of a loaded picture; 1 where it is missing or makes no sense."""
    try:
        value = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - metadata is optional, and damaged in more ways than Pillow names
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def dpi_of(picture: PilImage.Image) -> float | None:
    """Resolution that the file names, if it is believable."""
    dpi = picture.info.get("dpi")
    return sane_dpi(*dpi) if isinstance(dpi, tuple) and len(dpi) == 2 else None


def open_gif(data: memoryview, settings: DecodeConfig) -> Document:
    """GIF: the first frame."""
    return ImageDocument(open_picture(data, settings, GifImageFile))


def open_bmp(data: memoryview, settings: DecodeConfig) -> Document:
    """BMP, run-length encoded too."""
    return ImageDocument(open_picture(data, settings, BmpImageFile))


def open_avif(data: memoryview, settings: DecodeConfig) -> Document:
    """AVIF: the picture, or the first of a sequence."""
    return ImageDocument(open_picture(data, settings, AvifImageFile))


def open_pnm(data: memoryview, settings: DecodeConfig) -> Document:
    """PBM, PGM and PPM, plain and raw."""
    return ImageDocument(open_picture(data, settings, PpmImageFile))
