"""Sheets of numbers and words that stand alone: each of one font, one size and one wear, from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.rendered_numbers import fonts as typefaces
from benchmarks.rendered_numbers import words as lists
from benchmarks.rendered_numbers.fonts import Font
from benchmarks.rendered_numbers.kinds import KINDS, Item, numbers
from benchmarks.rendered_numbers.wear import Matrix, wear_out

X_HEIGHTS = (9, 12, 16, 24)
"""Pixels. 9 px is 8 point print at 150 dpi, 24 px is 11 point at 300."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

_COLUMNS = 3
_GUTTER = 8.0
_PITCH = 5.0
_MARGIN = 4.0
"""Between columns, from row to row, and round the page, in x-heights: far enough that no two are one line.
Every second column is lower by half a row, since detection takes items of one height for one line even
across wide gaps, where pages are blurred."""


@dataclass(frozen=True)
class Order:
    """What a sheet is to be; `index` counts through all of a run."""

    index: int
    font: Font
    x_height: int
    wear: str


@dataclass(frozen=True)
class Placed:
    """An item, and the box of its ink as it was drawn (before a page was skewed)."""

    item: Item
    box: Box


@dataclass(frozen=True)
class Sheet:
    """A rendered page (H×W×3 uint8 RGB); `back` leads from its pixels to the boxes."""

    order: Order
    placed: tuple[Placed, ...]
    pixels: npt.NDArray[np.uint8]
    back: Matrix


@dataclass(frozen=True)
class Contents:
    """What is written on each sheet. `known`: whether the model has all characters of a text."""

    seed: int
    numbers: int
    words: int
    lists: Mapping[str, Sequence[str]]
    known: Callable[[str], bool]


def orders(fonts: Sequence[Font], x_heights: Sequence[int], wears: Sequence[str], seed: int) -> list[Order]:
    """Each font at each size with each wear, once; any first part holds about equally many of all."""
    rest = [(x_height, wear) for x_height in x_heights for wear in wears]
    random.Random(seed).shuffle(rest)
    found: list[Order] = []
    for round_ in range(len(rest)):
        for number, font in enumerate(fonts):
            x_height, wear = rest[(round_ + number * 7) % len(rest)]
            found.append(Order(len(found), font, x_height, wear))
    return found


def render(order: Order, contents: Contents) -> Sheet:
    """The sheet of an order: the same for the same order, contents and version of Pillow."""
    name = f"{contents.seed}/{order.font.name}/{order.x_height}/{order.wear}"
    chance = random.Random(name)
    items = _items(order, contents, chance)
    chance.shuffle(items)
    page, placed = _set(order, items, chance)
    noise = np.random.default_rng(chance.getrandbits(64))
    worn = wear_out(page, order.wear, order.x_height, noise)
    return Sheet(order, tuple(placed), worn.pixels, worn.back)


def _items(order: Order, contents: Contents, chance: random.Random) -> list[Item]:
    """All kinds in turn, so that over all sheets they come equally often."""

    def known(text: str) -> bool:
        return contents.known(text) and typefaces.can_write(order.font, text)

    kinds = list(KINDS)
    start = order.index * contents.numbers
    chosen = [kinds[(start + number) % len(kinds)] for number in range(contents.numbers)]
    chance.shuffle(chosen)
    return [
        *numbers(chance, chosen, known),
        *lists.words(chance, contents.words, contents.lists, known),
    ]


def _set(
    order: Order, items: Sequence[Item], chance: random.Random
) -> tuple[npt.NDArray[np.float32], list[Placed]]:
    """Items in columns, each a little off its place, black on white."""
    x = order.x_height
    pictures = [
        typefaces.picture(order.font, item.text, x, (chance.random(), chance.random())) for item in items
    ]
    widest = max(picture.width for picture in pictures)
    rows = -(-len(items) // _COLUMNS)
    tallest = max(picture.height for picture in pictures)
    pitch = round(max(_PITCH * x, 2 * tallest + x))
    column, margin = round(widest + _GUTTER * x), round(_MARGIN * x)
    width = 2 * margin + _COLUMNS * column - round(_GUTTER * x) + x
    page = np.full((2 * margin + rows * pitch + pitch // 2, width), 255, np.float32)
    placed = []
    for number, (item, picture) in enumerate(zip(items, pictures, strict=True)):
        place, row = divmod(number, rows)
        left = margin + place * column + chance.randint(0, x)
        top = margin + row * pitch + place % 2 * (pitch // 2) + chance.randint(0, x // 3)
        ink = np.asarray(picture, np.float32)
        height, length = ink.shape
        page[top : top + height, left : left + length] -= ink
        placed.append(Placed(item, (left, top, left + length, top + height)))
    return page, placed
