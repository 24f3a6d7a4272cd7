"""Line numbers in each column of a page."""

from __future__ import annotations

import pytest

from actors.contracts import Line
from actors.layout.arrange import arrange
from tests.actors.layout.pages import PITCH, column, line, names

COUNT = 15
TEXT = [f"{name}{index}" for name in "ab" for index in range(COUNT)]
NUMBERS = [str(index + 1) for index in range(COUNT)]


def numbered(name: str, left: float, merged: int = 0) -> list[Line]:
    """A column with its numbers, of which the last `merged` are found in one with their lines."""
    made = []
    for index, one in enumerate(column(name, left + 60, 100, 320, COUNT)):
        if index >= COUNT - merged:
            made.append(line(f"{index + 1} {one.text}", left, 100 + index * PITCH, 380))
        else:
            made += [one, line(str(index + 1), left, 100 + index * PITCH, 24)]
    return made


def test_each_column_has_its_numbers_before_it() -> None:
    found = names(arrange([*numbered("a", 40), *numbered("b", 500)]).lines)
    assert found == [*NUMBERS, *TEXT[:COUNT], *NUMBERS, *TEXT[COUNT:]]


def test_numbers_found_in_one_with_their_lines_keep_all_in_their_rows() -> None:
    text = arrange([*numbered("a", 40), *numbered("b", 500, merged=9)]).text
    rows = [row for row in text.splitlines() if row]
    assert [row.replace("\t", " ").split()[:2] for row in rows] == [
        [number, name] for number, name in zip(NUMBERS * 2, TEXT, strict=True)
    ]


def test_a_misread_number_is_one_still() -> None:
    page = numbered("a", 40)
    page = [line("11", 40, 100 + 6 * PITCH, 24) if one.text == "7" else one for one in page]
    assert names(arrange(page).lines)[:COUNT] == [*NUMBERS[:6], "11", *NUMBERS[7:]]


@pytest.mark.parametrize("cells", [2, 5])
def test_the_first_column_of_a_table_is_none(cells: int) -> None:
    page = []
    for row in range(COUNT):
        top = 100 + row * PITCH
        page.append(line(str(row + 1), 40, top, 24))
        page += [line(f"c{row}", 120 + 120 * cell, top, 40) for cell in range(cells)]
    assert arrange(page).text.splitlines()[4] == "\t".join(["5", *["c4"] * cells])


def test_every_fifth_line_may_be_numbered() -> None:
    page = column("a", 100, 100, 420, 24)
    page += [line(str(number), 40, 100 + (number - 1) * PITCH, 24) for number in (5, 10, 15, 20)]
    assert names(arrange(page).lines)[:5] == ["5", "10", "15", "20", "a0"]
