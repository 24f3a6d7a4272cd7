"""A page in the making: runs of text set in the order in which a person reads them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any, Literal, NamedTuple

from benchmarks.page_templates.writer import Writer

_REFERENCE = 100
"""Pixels of an em at which glyphs are measured; sizes scale from it."""

_MONO = 0.6
"""Advance of a typewriter's letter, in ems: that of Courier."""

_SQUARE = "\u2e80"
"""From this character on each is as wide as high."""

Turn = Literal["across", "up", "down"]
"""`across`: from left to right; `up`: turned by a quarter against the clock; `down`: vertical columns."""

Align = Literal["left", "right", "center"]


class Face(NamedTuple):
    """A font: its file's name (`pillow`: the one that comes with Pillow; others are reportlab's), the share
    of its width to which it is squeezed, and whether all letters are of one width."""

    file: str
    squeeze: float = 1.0
    mono: bool = False


SANS = Face("pillow")
NARROW = Face("pillow", 0.82)
SERIF = Face("Vera.ttf", 0.78)
WIDE = Face("Vera.ttf")
BOLD = Face("VeraBd.ttf", 0.85)
ITALIC = Face("VeraIt.ttf", 0.85)
TYPEWRITER = Face("Vera.ttf", mono=True)
TEXT_FACES = (SANS, NARROW, SERIF, WIDE)


@dataclass(frozen=True, slots=True)
class Style:
    """A face in a size: pixels of its em."""

    face: Face
    size: float

    def at(self, factor: float, face: Face | None = None) -> Style:
        """The same, larger or smaller, perhaps in another face."""
        return Style(face or self.face, self.size * factor)


class Ink(NamedTuple):
    """Where a text has ink, in pixels from the point where its baseline begins; y down."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Run:
    """Text set in one go. `x`, `y`: where its baseline begins (of `down`: the middle of the top edge);
    `width`: pixels over which its words are spread, or None; `cell`: table, row and column."""

    text: str
    x: float
    y: float
    style: Style
    turn: Turn = "across"
    width: float | None = None
    cell: tuple[int, int, int] | None = None

    def ink(self) -> Ink:
        """Its ink on the page."""
        if self.turn == "down":
            half, length = self.style.size / 2, self.style.size * len(self.text)
            return Ink(self.x - half, self.y, self.x + half, self.y + length)
        ink = measured(self.text, self.style)
        right = ink.right if self.width is None else self.width
        if self.turn == "up":
            return Ink(self.x + ink.top, self.y - right, self.x + ink.bottom, self.y - ink.left)
        return Ink(self.x + ink.left, self.y + ink.top, self.x + right, self.y + ink.bottom)


class Sheet:
    """A page of `width` by `height` ems of its body text. Runs are put in reading order."""

    def __init__(self, rng: Random, width: float, height: float, face: Face | None = None) -> None:
        self.rng = rng
        self.write = Writer(rng)
        self.em = rng.uniform(14, 32)
        self.width, self.height = width * self.em, height * self.em
        self.body = Style(face or rng.choice(TEXT_FACES), self.em)
        self.runs: list[Run] = []
        self.tables = 0

    def put(
        self,
        text: str,
        x: float,
        y: float,
        style: Style,
        align: Align = "left",
        *,
        width: float | None = None,
        turn: Turn = "across",
        cell: tuple[int, int, int] | None = None,
    ) -> float:
        """Set a text with its baseline at `y`; `x`: of its left edge, right edge or middle, by `align`.
        Its right edge is given back."""
        extent = measured(text, style).right if width is None else width
        x -= {"left": 0.0, "right": extent, "center": extent / 2}[align]
        self.runs.append(Run(text, x, y, style, turn, width, cell))
        return x + extent


def measured(text: str, style: Style) -> Ink:
    """Ink of a text in a style, in pixels."""
    ink, scale = _measured(text, style.face), style.size / _REFERENCE
    return Ink(*(value * scale for value in ink))


def advance(text: str, style: Style) -> float:
    """Pixels from the beginning of a text to that of what follows."""
    return _advance(text, style.face) * style.size / _REFERENCE


@cache
def _measured(text: str, face: Face) -> Ink:
    if text and text[-1] >= _SQUARE:
        return Ink(*(_REFERENCE * share for share in (0.05, -0.85, len(text) - 0.05, 0.1)))
    left, top, right, bottom = font(face.file, _REFERENCE).getbbox(text, anchor="ls")
    if face.mono:
        return Ink(0.05 * _REFERENCE, top, (len(text) * _MONO - 0.05) * _REFERENCE, bottom)
    return Ink(left * face.squeeze, top, right * face.squeeze, bottom)


@cache
def _advance(text: str, face: Face) -> float:
    if face.mono:
        return len(text) * _MONO * _REFERENCE
    length: float = font(face.file, _REFERENCE).getlength(text)
    return length * face.squeeze


@cache
def font(file: str, size: int) -> Any:
    """A font of so many pixels, one of Pillow's two kinds."""
    from PIL import ImageFont

    if file == "pillow":
        return ImageFont.load_default(size)
    if file == "chinese":
        import pylopdf_fonts_zh_cn

        return ImageFont.truetype(str(pylopdf_fonts_zh_cn.sans_path()), size)
    import reportlab

    data = (Path(reportlab.__file__).parent / "fonts" / file).read_bytes()
    return ImageFont.truetype(BytesIO(data), size, layout_engine=ImageFont.Layout.BASIC)
