"""Generated pages as pictures, read by an engine: whether the boxes that were made up are like real ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from actors.contracts import Image
from actors.layout.arrange import arrange
from benchmarks.page_templates.catalog import HALVES, made, pages
from benchmarks.page_templates.scores import Score
from benchmarks.page_templates.sheet import Run, Sheet, advance, font, measured

if TYPE_CHECKING:
    import PIL.Image

_MARGIN = 4
"""Pixels around a text while it is drawn, so that no glyph is cut."""


def read(engine: Any, count: int) -> Iterator[dict[str, Any]]:
    """The first `count` pages of each template through an engine; a row a template with the order of the
    engine's lines beside that of the made-up ones, both without skew. Errors of recognition count, too."""
    print("| drawn pages | template | pages | order, read | order, made up | lines, read | lines, made up |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for half, templates in HALVES.items():
        for name in templates:
            scores, lines = (Score(), Score()), [0, 0]
            for number, page in enumerate(pages(name, count, skewed=False)):
                found = engine.recognize([drawn(made(name, number))])[0].lines
                for place, given in enumerate((found, page.lines)):
                    scores[place].add(page, arrange(given))
                    lines[place] += len(given)
            row = {"half": half, "template": name, "pages": count}
            row |= {"order_read": round(scores[0].order, 4), "order_made_up": round(scores[1].order, 4)}
            row |= {"lines_read": lines[0], "lines_made_up": lines[1]}
            print("| " + " | ".join(map(str, row.values())) + " |")
            yield row


def drawn(sheet: Sheet) -> Image:
    """The sheet in black on white, H×W×3 uint8."""
    import numpy as np
    import PIL.Image

    page = PIL.Image.new("L", (round(sheet.width), round(sheet.height)), 255)
    for run in sheet.runs:
        if run.turn == "down":
            for place, character in enumerate(run.text):
                y = run.y + (place + 0.88) * run.style.size
                _paste(page, character, run.x - run.style.size / 2, y, run)
        elif run.width is None or " " not in run.text:
            _paste(page, run.text, run.x, run.y, run)
        else:
            words = run.text.split(" ")
            free = run.width - measured(run.text, run.style).right
            x = run.x
            for word in words:
                _paste(page, word, x, run.y, run)
                x += advance(f"{word} ", run.style) + free / max(1, len(words) - 1)
    return np.asarray(page.convert("RGB"))


def _paste(page: PIL.Image.Image, text: str, x: float, y: float, run: Run) -> None:
    """Draw one text with its baseline at `y`, squeezed as its face says, perhaps turned up. A typewriter's is
    drawn in a proportional face, as wide as it would be."""
    import PIL.Image
    from PIL import ImageChops, ImageDraw

    size = max(1, round(run.style.size))
    face = font("chinese" if text[-1] >= "\u2e80" else run.style.face.file, size)
    left, top, right, bottom = (round(value) for value in face.getbbox(text, anchor="ls"))
    wide, high = right - left + 2 * _MARGIN, bottom - top + 2 * _MARGIN
    piece = PIL.Image.new("L", (wide, high), 255)
    ImageDraw.Draw(piece).text((_MARGIN - left, _MARGIN - top), text, 0, face, anchor="ls")
    squeeze = (
        measured(text, run.style).right / max(1, right) if run.style.face.mono else run.style.face.squeeze
    )
    squeezed = max(1, round(wide * squeeze))
    piece = piece.resize((squeezed, high), PIL.Image.Resampling.LANCZOS)
    along, across = round((left - _MARGIN) * squeeze), top - _MARGIN
    column, row = round(x) + along, round(y) + across
    if run.turn == "up":
        piece = piece.transpose(PIL.Image.Transpose.ROTATE_90)
        column, row = round(x) + across, round(y) - along - piece.height
    box = (column, row, column + piece.width, row + piece.height)
    page.paste(ImageChops.darker(page.crop(box), piece), (column, row))
