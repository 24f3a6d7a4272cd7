"""Lines as a text detector gives them of a page that was set: boxes beyond the ink, some merged, some torn.

The figures are those of PP-OCRv6_small on drawn pages of known ink, at 18 to 48 pixels an em (5th to 95th
percentile, in ems): boxes are larger than the ink by 0.05 to 0.3 at the left, up to 0.3 at the right, 0.05 to
0.39 above, -0.09 to 0.28 below; those of short texts by 0.02 to 0.39 at the sides, 0.09 to 0.44 above, 0.14
to 0.44 below.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from actors.contracts import Line
from benchmarks.page_templates.sheet import Ink, Run, Sheet, advance, measured

_SHORT = 2.0
"""Ems of ink up to which a text is short."""

_SKEWED = 0.6
"""Share of the pages that are not level."""

_MOST = 3.0
"""Degrees of skew at most."""

_TALL = 1.5
"""Height over width from which an engine takes a box for vertical text, and begins its polygon at a side."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page as an engine gives it. `lines`: in the order in which a person reads; `table`: rows of cells
    that were found apart, '' where one is empty; `sides`: width and height in pixels."""

    lines: tuple[Line, ...]
    table: tuple[tuple[str, ...], ...]
    sides: tuple[float, float]

    @property
    def text(self) -> str:
        """All texts in order."""
        return "\n".join(line.text for line in self.lines)


def detect(sheet: Sheet, rng: Random, *, skewed: bool = True) -> Found:
    """The lines of a sheet. `skewed`: it may be turned by some degrees."""
    angle = rng.uniform(-_MOST, _MOST) if rng.random() < _SKEWED and skewed else 0.0
    step = rng.uniform(0.04, 0.28)
    lines, merged = [], set()
    for runs in _merged(sheet.runs, rng):
        if len(runs) > 1:
            merged |= {run.cell[:2] for run in runs if run.cell}
        for text, ink, turn in _torn(runs, rng):
            corners = _grown(ink, text, runs[0].style.size, rng, step)
            lines.append(Line(text, 0.9, _polygon(corners, turn, text, angle, sheet, rng)))
    return Found(tuple(lines), _table(sheet.runs, merged), (sheet.width, sheet.height))


def _merged(runs: Sequence[Run], rng: Random) -> list[list[Run]]:
    """Runs that a detector gives as one line: neighbors on one baseline with little white between them."""
    found: list[list[Run]] = []
    for run in runs:
        if found and _touches(found[-1][-1], run, rng):
            found[-1].append(run)
        else:
            found.append([run])
    return found


def _touches(one: Run, other: Run, rng: Random) -> bool:
    size = min(one.style.size, other.style.size)
    if one.turn != "across" or other.turn != "across" or abs(one.y - other.y) > 0.2 * size:
        return False
    gap = (other.ink().left - one.ink().right) / size
    return -0.2 < gap < rng.uniform(0.6, 1.2)


def _torn(runs: Sequence[Run], rng: Random) -> list[tuple[str, Ink, str]]:
    """The pieces in which a detector gives one line: spread words are torn where the white is wide."""
    if len(runs) > 1:
        inks = [run.ink() for run in runs]
        ink = Ink(inks[0].left, min(one.top for one in inks), inks[-1].right, max(one.bottom for one in inks))
        return [(" ".join(run.text for run in runs), ink, "across")]
    run = runs[0]
    words = run.text.split(" ")
    if run.turn != "across" or len(words) < 3:
        return [(run.text, run.ink(), run.turn)]
    free = 0.0 if run.width is None else run.width - measured(run.text, run.style).right
    space = advance(" ", run.style) + free / (len(words) - 1)
    if space < run.style.size and rng.random() > 0.01:
        return [(run.text, run.ink(), "across")]
    cut = rng.randrange(1, len(words)) if space < run.style.size else len(words) // 2
    left = replace(run, text=" ".join(words[:cut]), width=None)
    start = run.x + advance(left.text, run.style) + space + (cut - 1) * (space - advance(" ", run.style))
    right = replace(run, text=" ".join(words[cut:]), x=start, width=None)
    if run.width is not None:
        right = replace(right, width=run.x + run.width - start)
    return [(left.text, left.ink(), "across"), (right.text, right.ink(), "across")]


def _grown(ink: Ink, text: str, size: float, rng: Random, step: float) -> Ink:
    """The ink with a detector's margins. Detectors see coarse pixels: margins come in steps (of ems)."""
    if max(ink.right - ink.left, ink.bottom - ink.top) < _SHORT * size:
        left, right = rng.uniform(0.07, 0.4), rng.uniform(0.05, 0.4)
        above, below = 0.1 + step * rng.choice((0, 1, 1.5)), 0.14 + step * rng.choice((0, 0.7, 1.4))
    else:
        left, right = 0.06 + step * rng.choice((0, 0.5, 1)), 0.02 + step * rng.choice((0, 0.5, 1))
        above, below = 0.05 + step * rng.choice((0, 1, 1.5)), -0.05 + step * rng.choice((0, 0.5, 1))
    if ink.bottom - ink.top > ink.right - ink.left and len(text) > 1:
        left, above, right, below = above, left, below, right
    return Ink(
        ink.left - left * size, ink.top - above * size, ink.right + right * size, ink.bottom + below * size
    )


def _polygon(box: Ink, turn: str, text: str, angle: float, sheet: Sheet, rng: Random) -> tuple[float, ...]:
    """The corners, turned by the page's skew, from where the text begins, as far as an engine knows that."""
    corners = [(box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)]
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    x0, y0 = sheet.width / 2, sheet.height / 2
    corners = [
        (x0 + (x - x0) * cos - (y - y0) * sin, y0 + (x - x0) * sin + (y - y0) * cos) for x, y in corners
    ]
    first = 0
    if turn == "up":
        first = rng.choice((1, 3))
    elif turn == "down" or (box.bottom - box.top > _TALL * (box.right - box.left) and rng.random() < 0.4):
        first = 1
    return tuple(value for corner in corners[first:] + corners[:first] for value in corner)


def _table(runs: Sequence[Run], merged: set[tuple[int, int]]) -> tuple[tuple[str, ...], ...]:
    """Rows of cells, but for those of which two were found as one line."""
    rows: dict[tuple[int, int], list[str]] = {}
    for run in runs:
        if run.cell is not None and run.cell[:2] not in merged:
            cells = rows.setdefault(run.cell[:2], [])
            cells += [""] * (run.cell[2] + 1 - len(cells))
            cells[run.cell[2]] = f"{cells[run.cell[2]]} {run.text}".strip()
    return tuple(tuple(cells) for cells in rows.values())
