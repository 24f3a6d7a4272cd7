"""Pages as an engine would give them: lines of known text at known places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from actors.contracts import Line

HEIGHT = 20.0
PITCH = 26.0
WORDS = (
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "lazy",
    "dogs",
    "while",
    "wizards",
    "mix",
    "potions",
)


def line(text: str, left: float, top: float, width: float, height: float = HEIGHT) -> Line:
    """An upright line; sizes in pixels."""
    right, bottom = left + width, top + height
    return Line(text, 0.9, (left, top, right, top, right, bottom, left, bottom))


def column(name: str, left: float, top: float, width: float, count: int) -> list[Line]:
    """A column of running text; its lines begin with `name` and their number."""
    made = []
    for index in range(count):
        words = " ".join(WORDS[(index + step) % len(WORDS)] for step in range(4))
        last = index == count - 1
        made.append(line(f"{name}{index} {words}", left, top + index * PITCH, width * (0.6 if last else 1)))
    return made


def names(lines: Sequence[Line]) -> list[str]:
    """The first words of lines."""
    return [one.text.split()[0] for one in lines]


def moved(
    lines: Sequence[Line], *, by: tuple[float, float] = (0, 0), scale: float = 1, degrees: float = 0
) -> list[Line]:
    """Lines scaled, turned clockwise around the origin, and moved."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    made = []
    for one in lines:
        corners = list(zip(one.polygon[::2], one.polygon[1::2], strict=True))
        turned = [(x * scale * cos - y * scale * sin, x * scale * sin + y * scale * cos) for x, y in corners]
        made.append(replace(one, polygon=tuple(v for x, y in turned for v in (x + by[0], y + by[1]))))
    return made


def two_columns() -> list[Line]:
    """A title over two columns of text, and a page number."""
    return [
        line("Title of the page", 200, 20, 400, 34),
        *column("a", 60, 100, 320, 12),
        *column("b", 420, 100, 320, 12),
        line("17", 390, 700, 20),
    ]


def receipt() -> list[Line]:
    """Items with amounts under the name of a shop."""
    items = [("Coffee", "2.40"), ("Bread", "3.10"), ("Milk", "1.05"), ("Total", "6.55")]
    made = [line("Corner Shop", 120, 20, 160)]
    for index, (item, amount) in enumerate(items):
        top = 80 + index * PITCH
        made += [line(item, 40, top, 90), line(amount, 330, top + 2, 50)]
    return [*made, line("Thank you", 140, 240, 110)]
