"""Which pictures of a rendered PDF page are damaged, and whether anything is left to be seen of the page.

pdfium draws what it can of a damaged picture and says nothing. So the stored data is looked at (its
structure, not its samples: streams.py), and the rendered page: what is missing comes out in one color. Where
samples end early only both together count as damage. None is decoded a second time unless it came out blank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from actors.contracts import Image
from actors.decoding.pdf_missing import missing_pictures
from actors.decoding.pdf_pictures import PdfPicture, drawn
from actors.decoding.streams import (
    dct_is_interrupted,
    dct_is_whole,
    fax_is_whole,
    inflated_size,
    jbig2_is_whole,
    jpx_is_whole,
    samples_are_whole,
)
from actors.errors import PageError

_LEAST = 0.002
"""Share of the page below which a picture is not looked at."""

_MOST = 24
"""Pictures of a page that are looked at, the largest first."""

_NOTICED = 0.01
"""Share of the page that must be lost before it is worth a word: the rest is decoration."""

_GRID = (96, 48)
"""Rows and columns of the points at which a picture is looked at on the rendered page."""

_EVEN = 0.9
"""Share of a row's points that have one color where nothing was drawn; a note may lie on top of it."""

_EDGE = 0.02
"""Share of a picture that must be blank at its end before its data is questioned."""

_NEARLY = 24
"""Levels of brightness between which paper and noise lie, and no print."""

_TORN = 4
"""Rows of pixels that may be uneven where nothing is to be seen: the one at which the data ended."""

_GRAY = 0x808080
"""Colour of what a JPEG lacks."""

_FEW_OBJECTS, _OPEN = 50, 0.7
"""Objects of a page, and share of it without pictures, for which a missing picture is looked for."""

_GAP = 0.15
"""Share of the page's height that is empty where a picture is missing."""

_BRIGHT = 128
"""Brightness of paper, at least."""

_ZERO_IS_BLACK = (
    pdfium_c.FPDF_COLORSPACE_DEVICEGRAY,
    pdfium_c.FPDF_COLORSPACE_DEVICERGB,
    pdfium_c.FPDF_COLORSPACE_CALGRAY,
    pdfium_c.FPDF_COLORSPACE_CALRGB,
)

_SHORT_NAMES = {
    "DCT": "DCTDecode",
    "CCF": "CCITTFaxDecode",
    "Fl": "FlateDecode",
    "LZW": "LZWDecode",
    "RL": "RunLengthDecode",
    "AHx": "ASCIIHexDecode",
    "A85": "ASCII85Decode",
}
"""Abbreviations that inline pictures may use."""


@dataclass(frozen=True, slots=True)
class _Damage:
    """One picture: its filter or name, the share of the page that is lost, and where it lies."""

    what: str
    share: float
    box: tuple[int, int, int, int] | None = None
    fatal: bool = True


def has_damage(document: pdfium.PdfDocument, index: int, page: pdfium.PdfPage, image: Image) -> bool:
    """Whether a picture of a page, rendered as `image`, is damaged.

    Raises PageError if nothing can be seen of the page for that.
    """
    found = _damages(document, index, page, image)
    if sum(one.share for one in found) < _NOTICED:
        return False
    if all(one.fatal for one in found) and _nothing_seen(image, [one.box for one in found if one.box]):
        what = ", ".join(sorted({one.what for one in found}))
        raise PageError(
            "decode.corrupt", f"nothing can be seen of the page, since its picture is damaged: {what}"
        )
    return True


def _damages(document: pdfium.PdfDocument, index: int, page: pdfium.PdfPage, image: Image) -> list[_Damage]:
    height, width = image.shape[:2]
    there = drawn(page, width, height)
    sized = [(picture.placement.share_of(width, height), picture) for picture in there.pictures]
    covered = sum(share for share, _ in sized)
    large = sorted((one for one in sized if one[0] >= _LEAST), key=lambda one: -one[0])[:_MOST]
    found = []
    for share, picture in large:
        lost, what = _lost(picture, image)
        if lost:
            box = picture.placement.box(width, height)
            found.append(_Damage(what, lost * share, box, fatal=0 not in picture.size))
    if there.objects <= _FEW_OBJECTS and covered < 1 - _OPEN and _has_gap(image):
        missing = missing_pictures(document, index, inline=not there.pictures)
        found += [_Damage(f"{name} is missing", share) for name, share in missing]
    return found


def _lost(picture: PdfPicture, image: Image) -> tuple[float, str]:
    """The share of a picture that is lost, and its filter."""
    filters = picture.filters
    last = _SHORT_NAMES.get(filters[-1], filters[-1]) if filters else ""
    blank, color = _blank_end(picture, image)
    check = _CHECKS.get(last, _lost_of_unknown)
    return check(picture, blank, color), last or "no filter"


def _lost_of_jpx(picture: PdfPicture, blank: float, _color: int) -> float:
    """All or nothing: pdfium makes no picture of a part."""
    return float((blank == 1 or not jpx_is_whole(picture.data())) and not picture.decodes())


def _lost_of_jbig2(picture: PdfPicture, blank: float, _color: int) -> float:
    if not jbig2_is_whole(picture.data()):
        return max(blank, _EDGE)
    return float(blank == 1 and not picture.decodes())


def _lost_of_dct(picture: PdfPicture, blank: float, color: int) -> float:
    if not picture.depth()[0]:
        return 1.0
    data, edge = picture.data(), blank >= _EDGE
    if not dct_is_whole(data):
        return blank if edge else 1.0  # a progressive one lacks detail everywhere
    return blank if edge and color == _GRAY and dct_is_interrupted(data) else 0.0


def _lost_of_fax(picture: PdfPicture, blank: float, _color: int) -> float:
    if not picture.depth()[0]:
        return 1.0
    return blank if blank >= _EDGE and not fax_is_whole(picture.data(), picture.size[1], blank) else 0.0


def _lost_of_samples(picture: PdfPicture, blank: float, color: int) -> float:
    bits, space = picture.depth()
    if not bits:
        return 1.0
    if blank < _EDGE or _is_paper(bits, space, blank, color):
        return 0.0
    if picture.filters in (["FlateDecode"], ["Fl"]):  # pdfium would undo predictors, too, at its leisure
        size = inflated_size(picture.stored())
    else:
        stored, size = picture.sizes()
        if picture.filters and stored == size:  # pdfium gives back what it could take no filter off
            size = 0
    return 0.0 if samples_are_whole(size, *picture.size, bits, blank) else blank


def _lost_of_unknown(picture: PdfPicture, _blank: float, _color: int) -> float:
    return float(not picture.decodes())


def _is_paper(bits: int, space: int, blank: float, color: int) -> bool:
    """Whether samples that are missing, which pdfium takes for zeros, would not be as bright as this. It
    saves taking the filter off large scans with an empty end."""
    bright = min(color >> 16, color >> 8 & 255, color & 255) >= _BRIGHT
    if bits == 24 and space == pdfium_c.FPDF_COLORSPACE_ICCBASED:
        return bright and blank < 1  # may be CMYK, too
    return bright and bits >= 8 and space in _ZERO_IS_BLACK


def _blank_end(picture: PdfPicture, image: Image) -> tuple[float, int]:
    """The share of a picture, from its last row upwards, that shows one color on the page, and which."""
    height, width = image.shape[:2]
    points = picture.placement.points(*_GRID).astype(np.int32)
    x, y = points[..., 0], points[..., 1]
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    rows = np.flatnonzero(inside.mean(axis=1) >= 0.5)
    if not len(rows):
        return 0.0, 0
    seen = image[np.clip(y[rows], 0, height - 1), np.clip(x[rows], 0, width - 1)].astype(np.int32)
    colors, inside = seen[..., 0] << 16 | seen[..., 1] << 8 | seen[..., 2], inside[rows]
    color = _most(colors[-1][inside[-1]])
    even = ((colors == color) & inside).sum(axis=1) >= _EVEN * inside.sum(axis=1)
    other = np.flatnonzero(~even)
    first = int(other[-1]) + 1 if len(other) else 0
    return (len(rows) - first) / len(rows), color


def _has_gap(image: Image) -> bool:
    """Whether rows of the page that follow one another show one color, where a picture might have been."""
    height, width = image.shape[:2]
    rows = np.linspace(0, height - 1, _GRID[0]).astype(int)
    columns = np.linspace(0, width - 1, _GRID[1]).astype(int)
    seen = image[np.ix_(rows, columns)]
    uneven = np.flatnonzero((seen != seen[:, :1]).any(axis=(1, 2)))
    return int(np.diff(uneven, prepend=-1, append=len(rows)).max()) - 1 >= _GAP * len(rows)


def _most(values: npt.NDArray[np.int32]) -> int:
    found, counts = np.unique(values, return_counts=True)
    return int(found[counts.argmax()])


def _nothing_seen(image: Image, boxes: Sequence[tuple[int, int, int, int]]) -> bool:
    """Whether a page shows paper outside of the boxes, and within each no more than even rows or columns."""
    gray = image.mean(axis=2)
    outside = np.ones(gray.shape, np.bool_)
    for left, top, right, bottom in boxes:
        outside[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2] = False
        part = gray[top + 2 : bottom - 2, left + 2 : right - 2]
        if part.size and min((np.ptp(part, axis=axis) > _NEARLY).sum() for axis in (0, 1)) > _TORN:
            return False
    rest = gray[outside]
    return not rest.size or bool(np.ptp(rest) <= _NEARLY)


_CHECKS = {
    "JPXDecode": _lost_of_jpx,
    "JBIG2Decode": _lost_of_jbig2,
    "DCTDecode": _lost_of_dct,
    "CCITTFaxDecode": _lost_of_fax,
    "FlateDecode": _lost_of_samples,
    "LZWDecode": _lost_of_samples,
    "RunLengthDecode": _lost_of_samples,
    "ASCIIHexDecode": _lost_of_samples,
    "ASCII85Decode": _lost_of_samples,
    "": _lost_of_samples,
}
"""The last filter of a picture to what says how much of it is lost."""
