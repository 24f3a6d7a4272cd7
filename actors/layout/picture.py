"""A page's picture with its blocks drawn and numbered in reading order: what was found, to look at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from actors.contracts import Line

if TYPE_CHECKING:
    import PIL.Image
    import PIL.ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    from actors.contracts import Image

_COLOURS = ("#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2")

_LEAST_FONT, _FONT = 12.0, 0.016
"""Size of the numbers: pixels at least, and share of the page's long side."""

_FAR = 1e5
"""Pixels from the corner beyond which no page reaches; Pillow draws all rows of a polygon, seen or not."""


def numbered(picture: Image, lines: Sequence[Line]) -> PIL.Image.Image:
    """The picture (H×W×3 uint8) with each line's polygon in the colour of its block, a path through the lines
    in their order, and each block's number (`Line.block`) where it begins. Lines are in reading order."""
    import PIL.Image
    from PIL import ImageDraw, ImageFont

    sheet = PIL.Image.fromarray(picture)
    pen = ImageDraw.Draw(sheet, "RGBA")
    size = max(_LEAST_FONT, _FONT * max(sheet.size))
    font = ImageFont.load_default(size)
    for number, group in groupby(lines, key=lambda line: line.block):
        block = list(group)
        colour = _COLOURS[number % len(_COLOURS)]
        for line in block:
            pen.polygon(_corners(line), outline=colour, fill=f"{colour}18", width=max(1, round(size / 12)))
        middles = [_middle(line) for line in block]
        pen.line(
            [point for middle in middles for point in middle],
            fill=f"{colour}80",
            width=max(1, round(size / 8)),
        )
        _badge(pen, str(number), _corners(block[0])[0], colour, font)
    return sheet


def _badge(
    pen: PIL.ImageDraw.ImageDraw,
    text: str,
    corner: tuple[float, float],
    colour: str,
    font: FreeTypeFont | ImageFont,
) -> None:
    """The number on a filled ground, left of where the block begins, and within the picture."""
    left, top, right, bottom = pen.textbbox((0, 0), text, font=font)
    width, height = right - left + 6, bottom - top + 6
    x, y = max(0.0, corner[0] - width), max(0.0, corner[1])
    pen.rectangle((x, y, x + width, y + height), fill=colour)
    pen.text((x + 3 - left, y + 3 - top), text, fill="white", font=font)


def _corners(line: Line) -> list[tuple[float, float]]:
    places = [min(max(value, -_FAR), _FAR) if math.isfinite(value) else 0.0 for value in line.polygon]
    return list(zip(places[::2], places[1::2], strict=True))


def _middle(line: Line) -> tuple[float, float]:
    corners = _corners(line)
    return sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4
