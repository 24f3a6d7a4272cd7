"""Free fonts of Debian's, what each can write, and text set in them at an x-height in pixels."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from PIL import Image as Pictures

Style = Literal["serif", "sans", "condensed", "mono", "dot matrix", "OCR", "seven segments", "script"]

DEBIAN = Path("/usr/share/fonts")
_MEASURED_AT = 200.0
"""Font size in pixels at which heights are measured."""
_DIGIT_OVER_X = 1.4
"""Height of a digit over that of an x, for a font that has no x."""
_FINER = 6
"""Dots are drawn so many times larger, and reduced: their edges come out soft."""


@dataclass(frozen=True)
class Font:
    """A font file and how it is used. `dots`: a bitmap font, of which each pixel is drawn as a dot of ink.
    `only`: the characters that it may write; empty for all of which it has glyphs."""

    name: str
    style: Style
    path: Path
    package: str
    dots: bool = False
    only: str = ""

    def __str__(self) -> str:
        return self.name


_SEGMENTS = "0123456789.:- "
"""What seven segments can show; the font has letters, too, of which many look like digits."""


def _debian(name: str, style: Style, file: str, package: str, *, dots: bool = False, only: str = "") -> Font:
    return Font(name, style, DEBIAN / file, package, dots, only)


FONTS: tuple[Font, ...] = (
    _debian("Liberation Serif", "serif", "truetype/liberation/LiberationSerif-Regular.ttf", "fonts-liberation"),
    _debian("DejaVu Sans", "sans", "truetype/dejavu/DejaVuSans.ttf", "fonts-dejavu-core"),
    _debian("Roboto Condensed", "condensed", "truetype/roboto/unhinted/RobotoCondensed-Regular.ttf", "fonts-roboto-unhinted"),
    _debian("DejaVu Sans Mono", "mono", "truetype/dejavu/DejaVuSansMono.ttf", "fonts-dejavu-core"),
    _debian("Dot matrix 6x9", "dot matrix", "X11/misc/6x9.pcf.gz", "xfonts-base", dots=True),
    _debian("EB Garamond", "serif", "opentype/ebgaramond/EBGaramond12-Regular.otf", "fonts-ebgaramond"),
    _debian("Liberation Sans", "sans", "truetype/liberation/LiberationSans-Regular.ttf", "fonts-liberation"),
    _debian("OCR-B", "OCR", "opentype/ocr-b/OCRB.otf", "fonts-ocr-b"),
    _debian("DSEG7 Classic", "seven segments", "truetype/dseg/DSEG7Classic-Bold.ttf", "fonts-dseg", only=_SEGMENTS),
    _debian("Liberation Serif Italic", "serif", "truetype/liberation/LiberationSerif-Italic.ttf", "fonts-liberation"),
    _debian("Courier Prime", "mono", "opentype/courier-prime/Courier Prime.otf", "fonts-courier-prime"),
    _debian("Liberation Sans Narrow", "condensed", "truetype/liberation/LiberationSansNarrow-Regular.ttf", "fonts-liberation"),
    _debian("Carlito", "sans", "truetype/crosextra/Carlito-Regular.ttf", "fonts-crosextra-carlito"),
    _debian("Dancing Script", "script", "opentype/dancingscript/DancingScript-Regular.otf", "fonts-dancingscript"),
    _debian("Liberation Mono", "mono", "truetype/liberation/LiberationMono-Regular.ttf", "fonts-liberation"),
    _debian("Liberation Sans Bold", "sans", "truetype/liberation/LiberationSans-Bold.ttf", "fonts-liberation"),
)  # fmt: skip
"""What `python benchmarks/numbers.py` renders in."""


def missing(fonts: Iterable[Font] = FONTS) -> list[str]:
    """Packages of the fonts that are not installed, each once."""
    return sorted({font.package for font in fonts if not font.path.is_file()})


def can_write(font: Font, text: str) -> bool:
    """Whether the font has a glyph for each character; a space needs none."""
    if font.only and not set(text) <= set(font.only):
        return False
    return all(character == " " or _has_glyph(font, character) for character in text)


def picture(
    font: Font, text: str, x_height: float, shift: tuple[float, float] = (0.0, 0.0)
) -> Pictures.Image:
    """Text as ink on nothing (mode L, 255 is ink), cut to its ink.

    `x_height` in pixels; `shift`: parts of a pixel by which the letters are moved, so that edges differ.
    """
    drawn = _dots(font, text, x_height, shift) if font.dots else _outlines(font, text, x_height, shift)
    box = drawn.getbbox()
    if box is None:
        raise ValueError(f"{font.name} draws nothing for {text!r}")
    return drawn.crop(box)


def _outlines(font: Font, text: str, x_height: float, shift: tuple[float, float]) -> Pictures.Image:
    from PIL import Image, ImageDraw

    face = _face(font, x_height / _x_height_ratio(font))
    pad = round(2 * x_height) + 2
    width, height = round(face.getlength(text)) + 2 * pad, round(5 * x_height) + 2 * pad
    sheet = Image.new("L", (width, height), 0)
    ImageDraw.Draw(sheet).text((pad + shift[0], pad + shift[1]), text, 255, face)
    return sheet


def _dots(font: Font, text: str, x_height: float, shift: tuple[float, float]) -> Pictures.Image:
    """Each pixel of a bitmap font as a disc that a little overlaps its neighbors, as pins of a printer do."""
    import numpy as np
    from PIL import Image, ImageDraw

    face = _face(font, _bitmap_size(font))
    mask = face.getmask(text, "1")
    pixels = np.array(mask, np.uint8).reshape(mask.size[1], mask.size[0])
    pitch = x_height / _bitmap_x_height(font) * _FINER
    radius = 0.55 * pitch
    size = tuple(round(count * pitch + 4 * pitch) for count in mask.size)
    sheet = Image.new("L", (max(_FINER, size[0]), max(_FINER, size[1])), 0)
    pen = ImageDraw.Draw(sheet)
    for row, column in zip(*np.nonzero(pixels), strict=True):
        x, y = (column + 2 + shift[0] / 2) * pitch, (row + 2 + shift[1] / 2) * pitch
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), 255)
    return sheet.resize((sheet.width // _FINER + 1, sheet.height // _FINER + 1), Image.Resampling.BOX)


@functools.cache
def _face(font: Font, size: float) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(font.path), size, layout_engine=ImageFont.Layout.BASIC)


@functools.cache
def _x_height_ratio(font: Font) -> float:
    """Height of an x over the font's size."""
    face = _face(font, _MEASURED_AT)
    if _has_glyph(font, "x"):
        return _ink_height(face, "x") / _MEASURED_AT
    return _ink_height(face, "8") / _DIGIT_OVER_X / _MEASURED_AT


def _ink_height(face: Any, text: str) -> float:
    """In pixels, of the ink alone; a bitmap font's box may be that of its largest letter."""
    _, top, _, bottom = face.getmask(text).getbbox()
    return float(bottom - top)


def _bitmap_size(font: Font) -> float:
    """The one size of a bitmap font, as its file's name has it (6x9: 9 pixels)."""
    return float(font.path.name.partition(".")[0].partition("x")[2])


@functools.cache
def _bitmap_x_height(font: Font) -> float:
    return _ink_height(_face(font, _bitmap_size(font)), "x")


@functools.cache
def _has_glyph(font: Font, character: str) -> bool:
    """Whether a character is drawn otherwise than one that no font has (and at all)."""
    face = _face(font, _bitmap_size(font) if font.dots else _MEASURED_AT)
    mask, tofu = face.getmask(character), face.getmask("\U0010fffe")
    return any(mask) and (mask.size != tofu.size or bytes(mask) != bytes(tofu))


def in_order(fonts: Sequence[Font]) -> list[Font]:
    """Fonts by style and name, as tables list them."""
    styles = list(dict.fromkeys(font.style for font in fonts))
    return sorted(fonts, key=lambda font: (styles.index(font.style), font.name))
