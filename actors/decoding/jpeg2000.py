"""JPEG 2000 through Pillow, with a picture that is too large told from one that is damaged."""

from __future__ import annotations

from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from actors.decoding.document import Document, Picture
from actors.decoding.images import ImageDocument, open_picture
from actors.decoding.limits import MB
from actors.settings import DecodeConfig

_BYTES_PER_SAMPLE = 8
"""OpenJPEG keeps a picture's samples as 32-bit integers, once for the tile and once for the picture."""


class Jpeg2000Document(ImageDocument):
    """One JPEG 2000 picture. OpenJPEG calls it damaged when it gets no memory for it."""

    def __init__(self, picture: Jpeg2KImageFile, settings: DecodeConfig) -> None:
        super().__init__(picture)
        width, height = picture.size
        self._needs_mb = width * height * len(picture.getbands()) * _BYTES_PER_SAMPLE / MB
        self._limit_mb = settings.memory_limit_mb

    def page(self, index: int) -> Picture:
        """Decode the picture; `index` is 0. Raises MemoryError where that is the likely reason."""
        try:
            return super().page(index)
        except OSError as error:
            if self._needs_mb > self._limit_mb:
                raise MemoryError from error
            raise


def open_jpeg2000(data: memoryview, settings: DecodeConfig) -> Document:
    """JPEG 2000, in a JP2 file or as a bare code-stream."""
    picture = open_picture(data, settings, Jpeg2KImageFile)
    assert isinstance(picture, Jpeg2KImageFile)
    return Jpeg2000Document(picture, settings)
