"""Drawn pages, recognised and arranged: their text comes in the order in which it was written."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from actors.layout.arrange import arrange
from tests.actors.fast.engines import engine
from tests.drawn import WORDS, letters


def columns(count: int = 2, lines: int = 9, size: int = 26) -> tuple[np.ndarray, str]:
    """A page with columns of text under a title, in a wide white margin; and its text as it is read."""
    font, gap, width = ImageFont.load_default(size), int(size * 1.5), 460
    sheet = Image.new("RGB", (count * (width + 50) + 400, lines * gap + 520), "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((200, 200), "Annual report of the garden", "black", ImageFont.load_default(size * 1.6))
    written = ["Annual report of the garden"]
    for column in range(count):
        for line in range(lines):
            start = (column * 7 + line * 3) % len(WORDS)
            text = ""
            for word in (WORDS + WORDS)[start:]:
                if font.getlength(f"{text} {word}") > width:
                    break
                text = f"{text} {word}".strip()
            pen.text((200 + column * (width + 50), 280 + line * gap), text, "black", font)
            written.append(text)
    return np.asarray(sheet), letters("".join(written))


@pytest.mark.parametrize("degrees", [0, 3, -6, 10, -10])
def test_columns_are_read_in_order_although_the_page_is_skewed(degrees: float) -> None:
    page, written = columns()
    height, width = page.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turned = cv2.warpAffine(page, matrix, (width, height), borderValue=(255, 255, 255))
    layout = arrange(engine().recognize([turned])[0].lines)
    assert letters(layout.text) == written
    assert len(layout.lines) == 19, "no line is broken"


def test_three_columns() -> None:
    page, written = columns(count=3)
    assert letters(arrange(engine().recognize([page])[0].lines).text) == written
