"""Which glyph of a line's picture each character of its reading is."""

from __future__ import annotations

from collections.abc import Sequence

_OFF = 0.6
"""Cost of a character without a glyph, as of one that is touched by its neighbor, in heights of the line."""

_LEFT_OVER = 0.4
"""Cost of a glyph without a character, as of half a broken one."""


def glyphs_of(
    text: str, places: Sequence[float], boxes: Sequence[Sequence[int]], unit: float
) -> list[int | None]:
    """For each character the index of its glyph, in order, so that both are as close as can be. `places`: in
    pixels of the picture that `boxes` (left, top, right, bottom) were found in; `unit`: its height."""
    inked = [index for index, character in enumerate(text) if not character.isspace()]
    found: list[int | None] = [None] * len(text)
    if len(inked) == len(boxes):
        for box, index in enumerate(inked):
            found[index] = box
        return found
    middles = [(box[0] + box[2]) / 2 for box in boxes]
    columns = range(len(boxes) + 1)
    best = [[_LEFT_OVER * column for column in columns]]
    for index in inked:
        last, now = best[-1], [best[-1][0] + _OFF]
        for column, middle in enumerate(middles):
            matched = last[column] + abs(places[index] - middle) / unit
            now.append(min(matched, last[column + 1] + _OFF, now[column] + _LEFT_OVER))
        best.append(now)
    row, column = len(inked), len(boxes)
    while row and column:
        if best[row][column] == best[row - 1][column] + _OFF:
            row -= 1
        elif best[row][column] == best[row][column - 1] + _LEFT_OVER:
            column -= 1
        else:
            row, column = row - 1, column - 1
            found[inked[row]] = column
    return found
