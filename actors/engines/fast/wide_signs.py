"""Signs of Chinese and Japanese lines that exist in two widths: as wide as they are printed.

Brackets that open wide close wide. A ¥ as wide as a character has the rest of its square as white beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.glyph_boxes import glyph_boxes
from actors.engines.fast.page_script import is_east_asian

if TYPE_CHECKING:
    from actors.contracts import Image

_OPEN = {"(": "（", "[": "［", "{": "｛", "（": "（", "［": "［", "｛": "｛"}
_CLOSE = {")": "）", "]": "］", "}": "｝", "）": "）", "］": "］", "｝": "｝"}
_PAIRS = dict(zip("（［｛", "）］｝", strict=True))

_YEN, _WIDE_YEN = "¥", "￥"
_ROOM = 0.2
"""White between a wide ¥ and the digit behind it, over the height of the line's characters: a narrow one has
half as much."""


def settle_widths(crops: Sequence[Crop], readings: Sequence[Reading]) -> Sequence[Reading]:
    """What the lines of a page say, with both brackets of a pair as wide as each other, and wide yens."""
    return [
        _settled(crop.image, reading) if is_east_asian(reading.text) else reading
        for crop, reading in zip(crops, readings, strict=True)
    ]


def _settled(image: Image, reading: Reading) -> Reading:
    text = with_equal_brackets(reading.text)
    if _YEN in text and len(reading.places) == len(text):
        text = _with_wide_yens(image, text, reading.places)
    return reading if text == reading.text else replace(reading, text=text)


def with_equal_brackets(text: str) -> str:
    """A text whose pairs of one wide and one narrow bracket are wide."""
    signs = list(text)
    opened: list[int] = []
    for index, sign in enumerate(signs):
        if sign in _OPEN:
            opened.append(index)
        elif sign in _CLOSE and opened:
            first = opened.pop()
            wide = _OPEN[signs[first]], _CLOSE[sign]
            if _PAIRS[wide[0]] == wide[1] and (signs[first] == wide[0] or sign == wide[1]):
                signs[first], signs[index] = wide
    return "".join(signs)


def _with_wide_yens(image: Image, text: str, places: Sequence[float]) -> str:
    boxes, (_, width) = glyph_boxes(image)
    if not len(boxes):
        return text
    least = _ROOM * int((boxes[:, 3] - boxes[:, 1]).max())
    lefts, rights = boxes[:, 0].tolist(), boxes[:, 2].tolist()
    signs = list(text)
    for index, sign in enumerate(text[:-1]):
        if sign != _YEN or not text[index + 1].isdigit():
            continue
        own = next((at for at, right in enumerate(rights) if right >= places[index] * width), None)
        if own is not None and own + 1 < len(lefts) and lefts[own + 1] - rights[own] >= least:
            signs[index] = _WIDE_YEN
    return "".join(signs)
