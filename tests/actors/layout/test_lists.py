"""Lists that go on in the next column, though their lines are level."""

from __future__ import annotations

from actors.contracts import Line
from actors.layout.arrange import arrange
from tests.actors.layout.pages import PITCH, line

WORDS = ["Apple", "Bread", "Candle", "Dairy", "Eagle", "Fiddle", "Garden", "Harbor", "Island", "Jacket"]
WORDS += ["Kettle", "Ladder", "Market", "Needle", "Onion", "Parcel"]


def side_by_side(columns: list[list[str]], step: float = 300) -> list[Line]:
    """Columns of short lines on one grid."""
    return [
        line(text, 40 + step * place, 100 + row * PITCH, 9.0 * len(text))
        for place, column in enumerate(columns)
        for row, text in enumerate(column)
    ]


def found(columns: list[list[str]]) -> list[str]:
    return [one.text for one in arrange(side_by_side(columns)).lines]


def test_an_index_goes_on_by_the_alphabet() -> None:
    columns = [
        [f"{word}, {number + 10}" for number, word in enumerate(part)] for part in (WORDS[:8], WORDS[8:])
    ]
    assert found(columns) == [*columns[0], *columns[1]]


def test_questions_go_on_by_their_numbers() -> None:
    columns = [[f"{number}. Name a town" for number in part] for part in (range(1, 5), range(5, 9))]
    assert found(columns) == [*columns[0], *columns[1]]


def test_numbers_that_count_across_are_read_across() -> None:
    columns = [[f"{number}. Name a town" for number in part] for part in (range(1, 9, 2), range(2, 9, 2))]
    assert found(columns) == [f"{number}. Name a town" for number in range(1, 9)]


def test_names_beside_towns_are_rows() -> None:
    towns = ["Essen", "Cork", "Turku", "Bergen", "Porto", "Faro", "Ghent", "Oulu"]
    columns = [WORDS[:8], towns]
    assert found(columns) == [text for row in zip(*columns, strict=True) for text in row]
