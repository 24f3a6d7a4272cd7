"""A sheet that text is drawn on, and that remembers what stands where."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

FOLDER = Path("/usr/share/fonts")
FONTS = {
    "sans": "DejaVuSans.ttf",
    "bold": "DejaVuSans-Bold.ttf",
    "serif": "LiberationSerif-Regular.ttf",
    "narrow": "LiberationSansNarrow-Regular.ttf",
    "humanist": "Carlito-Regular.ttf",
    "slab": "Caladea-Regular.ttf",
    "mono": "LiberationMono-Regular.ttf",
    "code": "Hack-Regular.ttf",
}
PACKAGES = {
    "sans": "fonts-dejavu-core",
    "bold": "fonts-dejavu-core",
    "serif": "fonts-liberation",
    "narrow": "fonts-liberation",
    "humanist": "fonts-crosextra-carlito",
    "slab": "fonts-crosextra-caladea",
    "mono": "fonts-liberation",
    "code": "fonts-hack",
}
"""Debian's, of which the files are."""

# fmt: off
WORDS = (
    "mirror", "blanket", "pencil", "violin", "harbour", "ladder", "lantern", "saddle", "parcel", "compass",
    "window", "ticket", "kettle", "garden", "button", "bicycle", "station", "bridge", "number", "street",
    "order", "total", "and", "of", "the", "to", "with", "for", "river", "castle", "market", "winter", "paper",
)
# fmt: on

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)


@dataclass(frozen=True)
class Label:
    """A line of text on a sheet; its box is left, top, right, bottom in pixels; whether it runs upwards."""

    text: str
    box: Box
    upwards: bool = False


class Sheet:
    """A picture in the making. All its chance comes from the seed."""

    def __init__(self, width: int, height: int, seed: int, ground: Colour = WHITE, mode: str = "RGB") -> None:
        self.chance = random.Random(seed)
        self.picture = Image.new(mode, (width, height), ground if mode == "RGB" else ground[0])
        self.pen = ImageDraw.Draw(self.picture)
        self.labels: list[Label] = []
        self._fonts: dict[tuple[str, int], ImageFont.FreeTypeFont] = {}

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.picture.size

    def text(self, x: float, y: float, text: str, font: str, size: int, ink: Colour = BLACK) -> float:
        """Write a line whose em box begins at (x, y), where there is room for it; its width in pixels."""
        face = self.font(font, size)
        if y + 1.3 * size > self.picture.height:
            return 0.0
        self.pen.text((x, y), text, ink if self.picture.mode == "RGB" else ink[0], face)
        left, top, right, bottom = self.pen.textbbox((x, y), text, face)
        self.labels.append(Label(text, (left, top, right, bottom)))
        return float(right - x)

    def turned(self, x: int, y: int, text: str, font: str, size: int) -> None:
        """Write a line in black that runs upwards, its box beginning at (x, y)."""
        face = self.font(font, size)
        left, top, right, bottom = face.getbbox(text)
        strip = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4), 0)
        ImageDraw.Draw(strip).text((2 - left, 2 - top), text, 255, face)
        strip = strip.rotate(90, expand=True)
        self.picture.paste(0 if self.picture.mode != "RGB" else BLACK, (x, y), strip)
        self.labels.append(Label(text, (x, y, x + strip.width, y + strip.height), upwards=True))

    def width_of(self, text: str, font: str, size: int) -> float:
        """Pixels that a line would take."""
        return float(self.font(font, size).getlength(text))

    def wrapped(self, words: Sequence[str], width: float, font: str, size: int) -> list[str]:
        """Words in lines of at most so many pixels."""
        lines: list[str] = []
        for word in words:
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.width_of(longer, font, size) <= width:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def words(self, least: int, most: int) -> list[str]:
        """So many words by chance, a number among them now and then."""
        found = self.chance.choices(WORDS, k=self.chance.randint(least, most))
        return [
            str(self.chance.randint(10, 99999)) if self.chance.random() < 0.12 else word for word in found
        ]

    def font(self, name: str, size: int) -> ImageFont.FreeTypeFont:
        """A font at a size in pixels."""
        if (name, size) not in self._fonts:
            self._fonts[name, size] = ImageFont.truetype(str(font_file(FONTS[name])), size)
        return self._fonts[name, size]

    def pixels(self) -> npt.NDArray[np.uint8]:
        """H×W×3 uint8 RGB."""
        return np.asarray(self.picture.convert("RGB"))


def font_file(name: str) -> Path:
    """Where a font lies. Raises FileNotFoundError, which names the packages."""
    found = next(FOLDER.rglob(name), None)
    if found is None:
        packages = " ".join(sorted(set(PACKAGES.values())))
        raise FileNotFoundError(f"There is no {name} in {FOLDER}: apt install {packages}")
    return found


def is_installed(name: str) -> bool:
    """Whether a font lies anywhere below `FOLDER`."""
    return next(FOLDER.rglob(name), None) is not None
