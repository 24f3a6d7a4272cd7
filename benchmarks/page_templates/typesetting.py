"""Text into lines, lines into columns, cells into tables: what all templates set their pages with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.page_templates.sheet import Align, Sheet, Style, advance, measured


@dataclass(frozen=True, slots=True)
class Set:
    """A line that is set but not placed. `indent`: pixels from the column's edge; `width`: over which it is
    spread; `above`: pixels of extra white over it; `pitch`: from baseline to baseline."""

    text: str
    style: Style
    indent: float = 0.0
    width: float | None = None
    above: float = 0.0
    pitch: float = 0.0


def broken(
    text: str,
    style: Style,
    width: float,
    *,
    leading: float = 1.2,
    justified: bool = False,
    indent: float = 0.0,
    hang: float = 0.0,
    above: float = 0.0,
) -> list[Set]:
    """A text in lines of `width` pixels. `indent` is that of its first line, `hang` that of the others."""
    found: list[Set] = []
    words: list[str] = []
    space, used = advance(" ", style), 0.0

    def end(last: bool) -> None:
        inset = hang if found else indent
        spread = width - inset if justified and not last and len(words) > 2 else None
        white = 0.0 if found else above
        found.append(Set(" ".join(words), style, inset, spread, white, leading * style.size))

    for word in text.split():
        length = advance(word, style)
        room = width - (hang if found else indent)
        if words and used + space + length > room:
            end(False)
            words, used = [], 0.0
        used += length + (space if words else 0.0)
        words.append(word)
    if words:
        end(True)
    return found


class Flow:
    """A column that is filled from the top. `y`: where the next line's box begins, in pixels."""

    def __init__(self, sheet: Sheet, left: float, top: float, width: float) -> None:
        self.sheet, self.left, self.y, self.width = sheet, left, top, width

    def place(self, lines: Iterable[Set]) -> Flow:
        """Set lines one under the other."""
        for line in lines:
            self.y += line.above + line.pitch
            self.sheet.put(
                line.text,
                self.left + line.indent,
                self.y - 0.25 * line.style.size,
                line.style,
                width=line.width,
            )
        return self

    def line(self, text: str, style: Style, align: Align = "left", leading: float = 1.3) -> Flow:
        """Set one line, which may be wider than the column."""
        self.y += leading * style.size
        x = self.left + {"left": 0.0, "center": self.width / 2, "right": self.width}[align]
        self.sheet.put(text, x, self.y - 0.25 * style.size, style, align)
        return self

    def paragraph(self, text: str, style: Style, **how: Any) -> Flow:
        """Break and set a text."""
        return self.place(broken(text, style, self.width, **how))

    def skip(self, ems: float) -> Flow:
        """White of so many ems of the page's body text."""
        self.y += ems * self.sheet.em
        return self


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for lines of running text, in pixels."""

    left: float
    top: float
    width: float
    bottom: float


def fill(sheet: Sheet, slots: Sequence[Slot], lines: Iterable[Set]) -> tuple[float, list[Set]]:
    """Set lines into slots, one after the other; the y that was reached in the last one, and what is left."""
    rest = list(lines)
    reached = slots[0].top if slots else 0.0
    for slot in slots:
        y = slot.top
        while rest:
            line = rest[0] if y > slot.top else replace(rest[0], above=0.0)
            if y + line.above + line.pitch > slot.bottom:
                break
            y += line.above + line.pitch
            sheet.put(
                line.text, slot.left + line.indent, y - 0.25 * line.style.size, line.style, width=line.width
            )
            rest.pop(0)
        reached = y
    return reached, rest


def filler(sheet: Sheet, width: float, height: float, style: Style, **how: Any) -> list[Set]:
    """Paragraphs for a column of so many pixels: enough, and not much more."""
    indent = sheet.em * sheet.rng.choice([0, 0, 1.2])
    above = 0.0 if indent else sheet.em * sheet.rng.uniform(0.4, 0.9)
    found: list[Set] = []
    reached = 0.0
    while reached < height:
        more = broken(
            sheet.write.text(2, 6), style, width, indent=indent, above=above if found else 0.0, **how
        )
        found += more
        reached += sum(line.above + line.pitch for line in more)
    return found


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column: `x` of its left edge, right edge or middle, in pixels."""

    x: float
    align: Align = "left"


def table(
    sheet: Sheet,
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    top: float,
    style: Style,
    *,
    leading: float = 1.5,
    head: Style | None = None,
) -> float:
    """Set rows of cells; an empty string is an empty cell. The lower edge is given back. `head`: the style of
    the first row."""
    number, y = sheet.tables, top
    sheet.tables += 1
    for index, row in enumerate(rows):
        y += leading * style.size
        shown = head if head and not index else style
        for place, (column, text) in enumerate(zip(columns, row, strict=False)):
            if text:
                sheet.put(
                    text, column.x, y - 0.35 * style.size, shown, column.align, cell=(number, index, place)
                )
    return y


def spread_columns(
    sheet: Sheet, left: float, width: float, rows: Sequence[Sequence[str]], style: Style, gap: float = 1.6
) -> list[Column] | None:
    """Columns wide enough for their cells, the first on the left, others on the right edge, with at least
    `gap` ems between them; None where they don't fit."""
    count = max(len(row) for row in rows)
    widths = [
        max(
            (measured(row[place], style).right for row in rows if place < len(row) and row[place]),
            default=0.0,
        )
        for place in range(count)
    ]
    free = width - sum(widths)
    if free < gap * style.size * (count - 1):
        return None
    step = free / max(1, count - 1)
    found, x = [], left
    for place, extent in enumerate(widths):
        found.append(Column(x, "left") if not place else Column(x + extent, "right"))
        x += extent + step
    return found
