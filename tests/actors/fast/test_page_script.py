"""What the lines of a page say of its script, and what its lone characters are then."""

from __future__ import annotations

import pytest

from actors.engines.fast.ctc import Reading
from actors.engines.fast.page_script import in_alphabet, is_alphabetic_page, is_east_asian


@pytest.mark.parametrize(
    ("lines", "alphabetic"),
    [
        ([("Invoice 12", 0.99)], True),
        ([("Счёт", 0.99), ("十", 0.99)], True),
        ([("Invoice 12", 0.99), ("总计", 0.95)], False),
        ([("Invoice 12", 0.99), ("总计", 0.4)], True),
        ([("A", 0.99), ("7", 0.99)], False),
        ([("Invoice", 0.5)], False),
        ([], False),
    ],
)
def test_script_of_a_page(lines: list[tuple[str, float]], alphabetic: bool) -> None:
    assert is_alphabetic_page([Reading(*line) for line in lines]) == alphabetic


@pytest.mark.parametrize(
    ("text", "sign"), [("十", "+"), ("＃", "#"), (" 一", "-"), ("A", "A"), ("１２", "１２")]
)
def test_signs_by_their_shape(text: str, sign: str) -> None:
    assert in_alphabet(Reading(text, 0.8)).text == sign


def test_what_lies_on_its_side_is_not_known_by_its_shape() -> None:
    assert in_alphabet(Reading("一", 0.9), lying=True).score < 0.5
    assert in_alphabet(Reading("十", 0.9), lying=True) == Reading("+", 0.9)


def test_east_asian() -> None:
    assert is_east_asian("12 元")
    assert is_east_asian("ワ")
    assert not is_east_asian("Größe 12 °C ₂")
