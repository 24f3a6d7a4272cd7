"""A page's blocks as Markdown: headings by size, lists, paragraphs, tables where their columns are clear."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from statistics import median

from actors.contracts import Line
from actors.inert import inert
from actors.layout.arrange import Block, Layout
from actors.layout.bands import overlapping
from actors.layout.geometry import eight, upright

_HEADINGS = ((1.9, "#"), (1.5, "##"), (1.2, "###"))
"""Height of a block's letters over the page's median, from which it is a heading of that level."""

_LONGEST_HEADING = 3
"""Rows of a heading at most; more are a paragraph in large print."""

_RAGGED = 0.25
"""Share of a paragraph's width by which its rows may end early."""

_MOST = 0.8
"""Share of a paragraph's rows, but for the last one, that must not end early."""

_HARD_BREAK = "  \n"

_ITEM = re.compile(r"\s*(?:[•·●○■□▪◦‣–—*-]|(\d{1,3})(?:[.)](?=\s)|、))\s*(?=\S)")
"""A bullet, or a number with its full stop or bracket, at the beginning of an item."""

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#&])")

_BEGINS = re.compile(r"^(\d{1,9})(?=[.)](?:\s|$))|^(?=[-+=~])")
"""What would make a list, a rule, a heading or a fence of the line that it begins."""

_SPACELESS = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u30ff\u0e00-\u0e7f]")
"""Characters of scripts that are written without spaces between words."""


def markdown(layout: Layout) -> str:
    """A page as Markdown (CommonMark, with GitHub's tables). Lines of a paragraph are joined, and a word
    that a hyphen divides at a line's end is put together if it goes on in lower case."""
    if not layout.lines:
        return ""
    typical = median(_height(line) for line in layout.lines)
    return "\n\n".join(_block(block, typical) for block in layout.blocks if block.text.strip())


def _block(block: Block, typical: float) -> str:
    table = _table(block)
    if table:
        return table
    rows = [" ".join(line.text for line in row) for row in block.rows]
    level = _level(block, typical)
    if level:
        return f"{level} {_escaped(_joined(rows))}"
    is_form = any(len(row) > 1 for row in block.rows)  # or a receipt: its rows are no sentence
    if _ITEM.match(rows[0]) and not is_form:
        return "\n".join(_items(rows))
    if is_form or not _is_filled(block):
        return _HARD_BREAK.join(map(_paragraph, rows))
    return _paragraph(_joined(rows))


def _level(block: Block, typical: float) -> str:
    if len(block.rows) > _LONGEST_HEADING or any(len(row) > 1 for row in block.rows):
        return ""
    size = median(_height(line) for line in block.lines) / max(typical, 1e-9)
    return next((level for least, level in _HEADINGS if size >= least), "")


def _is_filled(block: Block) -> bool:
    """Whether most rows, but for the last one, reach the block's end: a paragraph, and no address or list."""
    boxes = upright(block.lines).boxes
    end, start = max(box.right for box in boxes), min(box.left for box in boxes)
    filled = sum(end - box.right < _RAGGED * (end - start) for box in boxes[:-1])
    return filled >= _MOST * (len(boxes) - 1)


def _items(rows: Sequence[str]) -> list[str]:
    """Rows as items; a row without a bullet or number goes on with the one before."""
    items: list[tuple[str, list[str]]] = []
    for row in rows:
        found = _ITEM.match(row)
        if found:
            items.append((f"{found[1]}." if found[1] else "-", [row[found.end() :]]))
        else:
            items[-1][1].append(row)
    return [f"{bullet} {_escaped(_joined(parts))}" for bullet, parts in items]


def _joined(rows: Sequence[str]) -> str:
    """Rows of running text as one."""
    text = rows[0].strip()
    for row in (row.strip() for row in rows[1:]):
        if not row or not text:
            text += row
        elif text.endswith("-") and text[-2:-1].isalpha() and row[0].islower():
            text = text[:-1] + row
        elif _SPACELESS.match(text[-1]) and _SPACELESS.match(row[0]):
            text += row
        else:
            text += " " + row
    return text


def _table(block: Block) -> str:
    """The block as a table: one with columns, and two columns of which no cell is empty but those of the
    second one, so that its rows are those of `Block.text`."""
    grid = block.cells if block.columns else _two_columns(block)
    if not grid:
        return ""
    head, *body = ["| " + " | ".join(map(_escaped, cells)) + " |" for cells in grid]
    return "\n".join([head, "|" + " --- |" * len(grid[0]), *body])


def _two_columns(block: Block) -> tuple[tuple[str, ...], ...]:
    """The cells of a block of two columns, at least half of whose rows have both; none of another block."""
    if len(block.rows) < 2 or sum(len(row) > 1 for row in block.rows) * 2 < len(block.rows):
        return ()
    boxes = iter(upright(block.lines).boxes)
    rows = [[next(boxes) for _ in row] for row in block.rows]
    columns = overlapping([(box.left, box.right) for row in rows if len(row) > 1 for box in row])
    if len(columns) != 2 or max(map(len, rows)) > 2 or any(row[0].left > columns[0][1] for row in rows):
        return ()
    return tuple((*cells, "")[:2] for cells in block.cells)


def _height(line: Line) -> float:
    """Pixels across a line."""
    x1, y1, x2, y2, _, _, x4, y4 = eight(line.polygon)
    along = math.hypot(x2 - x1, y2 - y1)
    across = math.hypot(x4 - x1, y4 - y1)
    return min(along, across) if len(line.text) > 1 else across


def _paragraph(text: str) -> str:
    """Text that begins a line, and means nothing but itself."""
    return _BEGINS.sub(r"\1\\", _escaped(text.strip()))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", inert(text.replace("\t", " ")))
