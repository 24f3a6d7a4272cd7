"""Headings over several columns."""

from __future__ import annotations

import pytest

from actors.layout.arrange import arrange
from tests.actors.layout.pages import PITCH, column, line, names

LARGE = 38.0


def story(name: str, top: float, heading: str, left: float, width: float) -> list:  # type: ignore[type-arg]
    """A heading of `width` over three columns of six lines."""
    made = [line(heading, left, top, width, LARGE)]
    for number in range(3):
        made += column(f"{name}{number}", 40 + 300 * number, top + LARGE + 14, 270, 6)
    return made


def order(name: str) -> list[str]:
    return [f"{name}{number}{row}" for number in range(3) for row in range(6)]


@pytest.mark.parametrize(("left", "width"), [(40, 250), (345, 250), (40, 800)])
def test_the_white_beside_a_heading_is_its_own(left: float, width: float) -> None:
    page = [
        *story("a", 60, "Storm over", left, width),
        *story("b", 60 + 10 * PITCH, "Market day", left, width),
    ]
    assert names(arrange(page).lines) == ["Storm", *order("a"), "Market", *order("b")]


def test_a_picture_below_a_heading_does_not_hide_its_columns() -> None:
    page = [*story("a", 60, "Storm over", 40, 250), *story("b", 60 + 10 * PITCH, "Market day", 40, 250)]
    top = 60 + 10 * PITCH + LARGE
    page = [one for one in page if not (one.text.startswith("b0") and one.polygon[1] < top + 4 * PITCH)]
    expected = ["Storm", *order("a"), "Market", "b04", "b05", *order("b")[6:]]
    found = names(arrange(page).lines)
    assert found == [name for name in expected if name in found]
    assert found.index("Market") == 1 + len(order("a"))


def test_a_heading_at_the_top_of_the_second_column_comes_after_the_first() -> None:
    page = [line("First part", 40, 60, 180, 28), line("Second part", 400, 60, 190, 28)]
    page += [*column("a", 40, 100, 320, 9), *column("b", 400, 100, 320, 9)]
    found = names(arrange(page).lines)
    assert found == ["First", *(f"a{row}" for row in range(9)), "Second", *(f"b{row}" for row in range(9))]


def test_a_heading_beside_text_is_that_of_its_column() -> None:
    page = [*column("a", 40, 100, 320, 5), line("Within", 40, 100 + 5.6 * PITCH, 120, 28)]
    page += [*column("c", 40, 100 + 7.2 * PITCH, 320, 5), *column("b", 400, 100, 320, 12)]
    found = names(arrange(page).lines)
    assert found == [
        *(f"a{row}" for row in range(5)),
        "Within",
        *(f"c{row}" for row in range(5)),
        *(f"b{row}" for row in range(12)),
    ]
