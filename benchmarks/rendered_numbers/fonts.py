"""Free fonts of Debian's, what each can write, and text set in them at an x-height in pixels."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

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
    """A font file and how it is used. `path`: None for the font that Pillow has in itself; `dots`: a bitmap
    font, of which each pixel is drawn as a dot of ink; `only`: the characters that it may write, empty for
    all of which it has glyphs; `apart`: letter spacing in x-heights."""

    name: str
    style: Style
    path: Path | None
    package: str
    dots: bool = False
    only: str = ""
    apart: float = 0.0

    def __str__(self) -> str:
        return self.name


_SEGMENTS = "0123456789.:- "
"""What seven segments can show; the font has letters, too, of which many look like digits. Its point has no
width, and would touch both neighbors."""


FONTS: tuple[Font, ...] = (
    Font(
        "Liberation Serif",
        "serif",
        DEBIAN / "truetype/liberation/LiberationSerif-Regular.ttf",
        "fonts-liberation",
    ),
    Font("DejaVu Sans", "sans", DEBIAN / "truetype/dejavu/DejaVuSans.ttf", "fonts-dejavu-core"),
    Font(
        "Roboto Condensed",
        "condensed",
        DEBIAN / "truetype/roboto/unhinted/RobotoCondensed-Regular.ttf",
        "fonts-roboto-unhinted",
    ),
    Font("DejaVu Sans Mono", "mono", DEBIAN / "truetype/dejavu/DejaVuSansMono.ttf", "fonts-dejavu-core"),
    Font("Dot matrix 6x12", "dot matrix", DEBIAN / "X11/misc/6x12.pcf.gz", "xfonts-base", dots=True),
    Font("Caladea", "serif", DEBIAN / "truetype/crosextra/Caladea-Regular.ttf", "fonts-crosextra-caladea"),
    Font(
        "Liberation Sans",
        "sans",
        DEBIAN / "truetype/liberation/LiberationSans-Regular.ttf",
        "fonts-liberation",
    ),
    Font("OCR-B", "OCR", DEBIAN / "opentype/ocr-b/OCRB.otf", "fonts-ocr-b"),
    Font(
        "DSEG7 Classic",
        "seven segments",
        DEBIAN / "truetype/dseg/DSEG7Classic-Bold.ttf",
        "fonts-dseg",
        only=_SEGMENTS,
        apart=0.2,
    ),
    Font(
        "Liberation Serif Italic",
        "serif",
        DEBIAN / "truetype/liberation/LiberationSerif-Italic.ttf",
        "fonts-liberation",
    ),
    Font("Courier Prime", "mono", DEBIAN / "opentype/courier-prime/Courier Prime.otf", "fonts-courier-prime"),
    Font(
        "Liberation Sans Narrow",
        "condensed",
        DEBIAN / "truetype/liberation/LiberationSansNarrow-Regular.ttf",
        "fonts-liberation",
    ),
    Font("Carlito", "sans", DEBIAN / "truetype/crosextra/Carlito-Regular.ttf", "fonts-crosextra-carlito"),
    Font(
        "Kaushan Script",
        "script",
        DEBIAN / "opentype/kaushanscript/KaushanScript-Regular.otf",
        "fonts-kaushanscript",
    ),
    Font(
        "Liberation Mono",
        "mono",
        DEBIAN / "truetype/liberation/LiberationMono-Regular.ttf",
        "fonts-liberation",
    ),
    Font(
        "Liberation Sans Bold",
        "sans",
        DEBIAN / "truetype/liberation/LiberationSans-Bold.ttf",
        "fonts-liberation",
    ),
)
"""What `python benchmarks/numbers.py` renders in."""


def missing(fonts: Iterable[Font] = FONTS) -> list[str]:
    """Packages of the fonts that are not installed, each once."""
    return sorted({font.package for font in fonts if not is_installed(font)})


def is_installed(font: Font) -> bool:
    """Whether its file is there."""
    return font.path is None or font.path.is_file()


def wheel_fonts() -> tuple[Font, ...]:
    """Fonts that come with packages of pip's: those that are installed here."""
    files = (
        ("Vera Sans", "sans", "reportlab", "fonts/Vera.ttf"),
        ("Vera Sans Bold", "sans", "reportlab", "fonts/VeraBd.ttf"),
        ("Vera Sans Oblique", "sans", "reportlab", "fonts/VeraIt.ttf"),
        ("Noto Sans SC", "sans", "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"),
        ("Noto Serif SC", "serif", "pylopdf_fonts_zh_cn", "NotoSerifSC-Regular.otf"),
    )
    found = [Font("Aileron", "sans", None, "pillow")]
    for name, style, package, file in files:
        spec = util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            if (Path(folder) / file).is_file():
                found.append(Font(name, cast("Style", style), Path(folder) / file, package))
    return tuple(found)


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
    apart = font.apart * x_height
    width = round(face.getlength(text) + len(text) * apart) + 2 * pad
    sheet = Image.new("L", (width, round(5 * x_height) + 2 * pad), 0)
    pen, x = ImageDraw.Draw(sheet), pad + shift[0]
    for part in text if apart else (text,):
        pen.text((x, pad + shift[1]), part, 255, face)
        x += face.getlength(part) + apart
    return sheet


def _dots(font: Font, text: str, x_height: float, shift: tuple[float, float]) -> Pictures.Image:
    """Each pixel of a bitmap font as a disc that touches its neighbors, as pins of a printer set them."""
    import numpy as np
    from PIL import Image, ImageDraw

    face = _face(font, _bitmap_size(font))
    mask = face.getmask(text, "1")
    pixels = np.array(mask, np.uint8).reshape(mask.size[1], mask.size[0])
    pitch = x_height / _bitmap_x_height(font) * _FINER
    radius = 0.5 * pitch
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

    basic = ImageFont.Layout.BASIC  # which Pillow always has, and which makes no ligatures
    if font.path is None:
        face: Any = ImageFont.load_default(size)
        return face.font_variant(layout_engine=basic)
    return ImageFont.truetype(str(font.path), size, layout_engine=basic)


@functools.cache
def _x_height_ratio(font: Font) -> float:
    """Height of an x over the font's size."""
    face = _face(font, _MEASURED_AT)
    if can_write(font, "x"):
        return _ink_height(face, "x") / _MEASURED_AT
    return _ink_height(face, "8") / _DIGIT_OVER_X / _MEASURED_AT


def _ink_height(face: Any, text: str) -> float:
    """In pixels, of the ink alone; a bitmap font's box may be that of its largest letter."""
    _, top, _, bottom = face.getmask(text).getbbox()
    return float(bottom - top)


def _bitmap_size(font: Font) -> float:
    """The one size of a bitmap font, as its file's name has it (6x9: 9 pixels)."""
    assert font.path is not None
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
