"""The pictures that a PDF page draws, inside forms too: where each lies on the page, and its stored data."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium_c

_MAX_DEPTH = 8
"""Forms within forms that are followed."""

_MAX_OBJECTS = 20_000
"""Objects of a page that are looked at: a walk over so many takes some 10 ms."""

_IMAGE_FILTERS = ("DCTDecode", "JPXDecode", "CCITTFaxDecode", "JBIG2Decode")


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a picture lies in the rendered page: pixels (x, y) of its upper left corner, and the vectors
    along its upper and its left edge."""

    corner: tuple[float, float]
    across: tuple[float, float]
    down: tuple[float, float]

    @property
    def area(self) -> float:
        """Pixels that it covers, on the page or beside it."""
        return abs(self.across[0] * self.down[1] - self.across[1] * self.down[0])

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of what of it is on a page of this size; right or bottom may lie
        before left or top."""
        xs = [self.corner[0] + a * self.across[0] + b * self.down[0] for a in (0, 1) for b in (0, 1)]
        ys = [self.corner[1] + a * self.across[1] + b * self.down[1] for a in (0, 1) for b in (0, 1)]
        left, top = max(0, int(min(xs))), max(0, int(min(ys)))
        return left, top, min(width, int(max(xs) + 0.999)), min(height, int(max(ys) + 0.999))

    def share_of(self, width: int, height: int) -> float:
        """How much of a page of this size it covers, 0 to 1."""
        left, top, right, bottom = self.box(width, height)
        return min(self.area, max(0, right - left) * max(0, bottom - top)) / (width * height)

    def points(self, rows: int, columns: int) -> npt.NDArray[np.float64]:
        """A grid over it: rows × columns × (x, y), without its edges."""
        down = (np.arange(rows) + 0.5) / rows
        across = (np.arange(columns) + 0.5) / columns
        xy = [
            self.corner[axis] + down[:, None] * self.down[axis] + across[None, :] * self.across[axis]
            for axis in (0, 1)
        ]
        return np.stack(xy, axis=-1)


@dataclass(frozen=True, slots=True)
class PdfPicture:
    """One image object. `handle`: pdfium's; `page`: the page's, which color spaces are looked up in."""

    handle: Any
    page: Any
    placement: Placement

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as its dictionary says."""
        width, height = ctypes.c_uint(), ctypes.c_uint()
        pdfium_c.FPDFImageObj_GetImagePixelSize(self.handle, width, height)
        return width.value, height.value

    @property
    def filters(self) -> list[str]:
        """Names of the filters, in the order in which they are taken off."""
        return [
            self._text(pdfium_c.FPDFImageObj_GetImageFilter, number)
            for number in range(pdfium_c.FPDFImageObj_GetImageFilterCount(self.handle))
        ]

    def depth(self) -> tuple[int, int]:
        """Bits of a pixel as pdfium keeps it, 0 where it can make no picture of the data, and pdfium's number
        of the color space. Cheap, but for JPXDecode and JBIG2Decode."""
        found = pdfium_c.FPDF_IMAGEOBJ_METADATA()
        if not pdfium_c.FPDFImageObj_GetImageMetadata(self.handle, self.page, found):
            return 0, 0
        return int(found.bits_per_pixel), int(found.colorspace)

    def decodes(self) -> bool:
        """Whether pdfium makes a picture of the data. Decodes it."""
        bitmap = pdfium_c.FPDFImageObj_GetBitmap(self.handle)
        if not bitmap:
            return False
        pdfium_c.FPDFBitmap_Destroy(bitmap)
        return True

    def data(self) -> bytes:
        """The data of its last filter, as it is stored; decoded where that is none of a picture's own."""
        filters = self.filters
        plain = len(filters) == 1 and filters[0] in _IMAGE_FILTERS
        return self.stored() if plain else self._bytes(pdfium_c.FPDFImageObj_GetImageDataDecoded)

    def stored(self) -> bytes:
        """The data as it is stored."""
        return self._bytes(pdfium_c.FPDFImageObj_GetImageDataRaw)

    def sizes(self) -> tuple[int, int]:
        """Bytes of the data as it is stored, and decoded. The first is cheap."""
        raw = int(pdfium_c.FPDFImageObj_GetImageDataRaw(self.handle, None, 0))
        return raw, int(pdfium_c.FPDFImageObj_GetImageDataDecoded(self.handle, None, 0))

    def _bytes(self, get: Any) -> bytes:
        size = int(get(self.handle, None, 0))
        buffer = ctypes.create_string_buffer(size)
        get(self.handle, buffer, size)
        return buffer.raw

    def _text(self, get: Any, number: int) -> str:
        buffer = ctypes.create_string_buffer(64)
        get(self.handle, number, buffer, len(buffer))
        return buffer.value.decode("latin-1")


@dataclass(slots=True)
class Drawn:
    """What a page draws: its pictures, and how many objects there are."""

    pictures: list[PdfPicture]
    objects: int = 0


Matrix = tuple[float, float, float, float, float, float]
_UNIT: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def drawn(page: Any, width: int, height: int) -> Drawn:
    """What a page draws; placements are in pixels of its picture of this size. `page`: pdfium's."""
    found = Drawn([])
    to_pixels = _to_pixels(page, width, height)
    for handle, matrix in _images(page, found):
        a, b, c, d, e, f = _times(matrix, to_pixels)
        # A picture fills the unit square, its first row at the top.
        found.pictures.append(PdfPicture(handle, page, Placement((e + c, f + d), (a, b), (-c, -d))))
    return found


def _images(page: Any, found: Drawn) -> Iterator[tuple[Any, Matrix]]:
    """The image objects of a page, with the matrices from the unit square to the page."""
    stack = [(page, _UNIT, pdfium_c.FPDFPage_CountObjects, pdfium_c.FPDFPage_GetObject, 0)]
    while stack:
        owner, matrix, count, get, depth = stack.pop()
        for index in range(count(owner)):
            found.objects += 1
            if found.objects > _MAX_OBJECTS:
                return
            handle = get(owner, index)
            kind = pdfium_c.FPDFPageObj_GetType(handle)
            if kind == pdfium_c.FPDF_PAGEOBJ_IMAGE:
                yield handle, _times(_matrix_of(handle), matrix)
            elif kind == pdfium_c.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
                inner = _times(_matrix_of(handle), matrix)
                calls = (pdfium_c.FPDFFormObj_CountObjects, pdfium_c.FPDFFormObj_GetObject)
                stack.append((handle, inner, *calls, depth + 1))


def _matrix_of(handle: Any) -> Matrix:
    matrix = pdfium_c.FS_MATRIX()
    if not pdfium_c.FPDFPageObj_GetMatrix(handle, matrix):
        return _UNIT
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _times(first: Matrix, second: Matrix) -> Matrix:
    """The matrix that does `first`, then `second` (row vectors, as in PDF)."""
    a, b, c, d, e, f = first
    k, m, n, p, q, r = second
    return (
        a * k + b * n,
        a * m + b * p,
        c * k + d * n,
        c * m + d * p,
        e * k + f * n + q,
        e * m + f * p + r,
    )


def _to_pixels(page: Any, width: int, height: int) -> Matrix:
    """From points of the page to pixels of its picture, upright: from where pdfium puts three points."""
    scale, x, y = 1 << 10, ctypes.c_int(), ctypes.c_int()

    def pixel(across: float, up: float) -> tuple[float, float]:
        pdfium_c.FPDF_PageToDevice(page, 0, 0, width * scale, height * scale, 0, across, up, x, y)
        return x.value / scale, y.value / scale

    (e, f), (x1, y1), (x2, y2) = pixel(0, 0), pixel(100, 0), pixel(0, 100)
    return (x1 - e) / 100, (y1 - f) / 100, (x2 - e) / 100, (y2 - f) / 100, e, f
