"""HEIC and HEIF through libheif (pi-heif): the main picture, as the file says that it is to be turned."""

from __future__ import annotations

from typing import Any

from actors.decoding.document import Document, Picture, check_size
from actors.decoding.pixels import to_rgb
from actors.errors import PageError
from actors.settings import DecodeConfig

try:
    import pi_heif
except ImportError:  # a platform without its wheel: everything else is decoded all the same
    pi_heif = None

_UNKNOWN = ("unsupported", "no decoding plugin", "not supported")
_TOO_LARGE = ("security limit", "memory", "exceed")


class HeifDocument:
    """A document of one page: the main picture. Others (bursts, depth, thumbnails) are left alone."""

    page_count = 1
    notices: tuple[str, ...] = ()

    def __init__(self, picture: Any, settings: DecodeConfig) -> None:
        self._picture, self._settings = picture, settings

    def page(self, index: int) -> Picture:
        """Decode the picture; `index` is 0. libheif turns and mirrors it (irot, imir); an orientation in its
        EXIF block says what was turned, and is no order to turn it again."""
        try:
            picture = self._picture.to_pillow()
        except (ValueError, RuntimeError, EOFError, SyntaxError, OSError) as error:
            raise _fault(error) from error
        check_size(picture.width, picture.height, self._settings)
        return Picture(to_rgb(picture))

    def close(self) -> None:
        """Give the picture back."""
        self._picture = None


def open_heif(data: memoryview, settings: DecodeConfig) -> Document:
    """HEIC, and HEIF of other codings that libheif knows. Raises PageError."""
    if pi_heif is None:
        raise PageError("decode.unsupported", "the content is HEIC: install pi-heif, which reads it")
    pi_heif.options.DECODE_THREADS = 1
    pi_heif.options.THUMBNAILS = pi_heif.options.DEPTH_IMAGES = pi_heif.options.AUX_IMAGES = False
    try:
        file = pi_heif.HeifFile(bytes(data))
    except (ValueError, RuntimeError, EOFError, SyntaxError, OSError) as error:
        raise _fault(error) from error
    if not len(file):
        raise PageError("decode.corrupt", "the HEIF file has no picture")
    picture = file[file.primary_index]
    width, height = picture.size
    check_size(width, height, settings)
    return HeifDocument(picture, settings)


def _fault(error: Exception) -> PageError:
    """libheif's words, with the code that they mean."""
    words = str(error).strip() or type(error).__name__
    if any(part in words.lower() for part in _UNKNOWN):
        return PageError("decode.unsupported", f"a HEIF file of a kind that libheif does not read: {words}")
    if any(part in words.lower() for part in _TOO_LARGE):
        return PageError("decode.too_large", f"the picture is beyond the limits of libheif: {words}")
    return PageError("decode.corrupt", f"the HEIF file is damaged: {words}")
