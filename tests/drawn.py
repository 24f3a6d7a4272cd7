"""Pages with text that tests draw: its words are known, and its height."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# fmt: off
WORDS = (
    "invoice", "total", "amount", "paid", "number", "date", "customer", "address", "street",
    "order", "receipt", "change", "cash", "item", "price", "delivery", "account", "balance",
    "summary", "page", "report", "figure", "north", "south", "window", "garden", "letter", "morning",
)
# fmt: on


def page(
    lines: Sequence[str], size: float = 24, width: int | None = None, gap: float = 1.7, margin: int = 20
) -> np.ndarray:
    """A white page (H×W×3 uint8 RGB) with lines of black text of a font size in pixels."""
    font = ImageFont.load_default(size)
    widest = max((int(font.getlength(line)) for line in lines), default=0)
    height = round(len(lines) * size * gap) + 2 * margin
    sheet = Image.new("RGB", (width or widest + 2 * margin, height), "white")
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        pen.text((margin, margin + number * size * gap), line, "black", font)
    return np.asarray(sheet)


def words(seed: int, lines: int, most: int = 5) -> list[str]:
    """Lines of one to `most` words and a number, the same for a seed."""
    chance = random.Random(seed)
    return [
        " ".join([*chance.choices(WORDS, k=chance.randint(1, most)), str(chance.randint(10, 9999))])
        for _ in range(lines)
    ]


def letters(text: str) -> str:
    """What counts when texts are compared roughly: letters and digits, without case."""
    return "".join(filter(str.isalnum, text)).lower()
