"""A sheet of paper to write on: lines are drawn and, at the same time, noted as the page's truth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

A4 = (1240, 1754)
"""A4 in pixels at 150 dots an inch."""

A5 = (874, 1240)
"""A5 in pixels at 150 dots an inch."""

INK = 28
PAPER = 250
NO_LINE_STARTS_WITH = "，。：；！？、）」』”"


@cache
def font(face: str, size: int) -> ImageFont.FreeTypeFont:
    """A font by the name of its face: `regular`, `bold`, `italic`, `plain` or `chinese`."""
    if face == "chinese":
        import pylopdf_fonts_zh_cn

        return ImageFont.truetype(str(pylopdf_fonts_zh_cn.sans_path()), size)
    if face == "plain":
        default = ImageFont.load_default(size)
        if not isinstance(default, ImageFont.FreeTypeFont):
            raise RuntimeError("this Pillow was built without FreeType; install the wheel from your index")
        return default
    import reportlab

    file = {"regular": "Vera.ttf", "bold": "VeraBd.ttf", "italic": "VeraIt.ttf"}[face]
    return ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / file), size)


def wrap(text: str, face: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Break text into lines that fit; at spaces, or between any two signs where there are none."""
    words = text.split(" ") if " " in text else list(text)
    glue = " " if " " in text else ""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]}{glue}{word}" if lines[-1] else word
        if face.getlength(longer) <= width or word in NO_LINE_STARTS_WITH:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


class Sheet:
    """One grey page with a cursor `y`. `lines` is what was written on it, in reading order."""

    def __init__(self, size: tuple[int, int] = A4, margin: int = 120, face: str = "regular") -> None:
        self.image = Image.new("L", size, PAPER)
        self.draw = ImageDraw.Draw(self.image)
        self.margin = margin
        self.face = face
        self.y = margin
        self.lines: list[str] = []

    @property
    def width(self) -> int:
        """Columns between the margins."""
        return self.image.width - 2 * self.margin

    def put(self, x: float, text: str, size: int, face: str | None = None, anchor: str = "la") -> None:
        """Draw one piece of text at the cursor's height, without moving it, and note it."""
        self.draw.text((x, self.y), text, font=font(face or self.face, size), fill=INK, anchor=anchor)
        self.lines.append(text)

    def line(self, text: str, size: int, face: str | None = None, align: str = "left") -> None:
        """One line; `align` is left, centre or right."""
        x = {"left": self.margin, "centre": self.image.width // 2, "right": self.image.width - self.margin}
        self.put(x[align], text, size, face, {"left": "la", "centre": "ma", "right": "ra"}[align])
        self.y += round(size * 1.5)

    def paragraph(self, text: str, size: int, x: int | None = None, width: float | None = None) -> None:
        """A wrapped paragraph, with a gap below it."""
        left = self.margin if x is None else x
        for piece in wrap(text, font(self.face, size), width or self.width):
            self.put(left, piece, size)
            self.y += round(size * 1.5)
        self.gap(size * 0.7)

    def row(self, cells: Sequence[str], at: Sequence[float], size: int, face: str | None = None) -> None:
        """Cells side by side; `at` are their left edges as fractions of the width."""
        for cell, share in zip(cells, at, strict=True):
            self.put(self.margin + share * self.width, cell, size, face)
        self.y += round(size * 1.9)

    def pair(self, label: str, amount: str, size: int, face: str | None = None) -> None:
        """A label at the left margin and an amount at the right one."""
        self.put(self.margin, label, size, face)
        self.put(self.image.width - self.margin, amount, size, face, "ra")
        self.y += round(size * 1.6)

    def rule(self, weight: int = 2) -> None:
        """A line from margin to margin."""
        self.draw.line((self.margin, self.y, self.image.width - self.margin, self.y), INK, weight)
        self.gap(18)

    def gap(self, pixels: float) -> None:
        """Move the cursor down."""
        self.y += round(pixels)
