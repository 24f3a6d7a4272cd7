"""A 1 or an I: what the column says."""

from __future__ import annotations

import numpy as np
import pytest

from actors.engines.fast.alike_characters import settle_by_column
from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading


def crop(left: int, row: int) -> Crop:
    top, right, bottom = row * 50, left + 20, row * 50 + 40
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return Crop(np.zeros((40, 20, 3), np.uint8), np.array(corners, np.float32))


def column(texts: str, unsure: str, score: float = 0.7) -> str:
    """What becomes of a character below others."""
    readings = [Reading(text, 0.99) for text in texts] + [Reading(unsure, score)]
    crops = [crop(300 + 3 * row, row) for row in range(len(readings))]
    return settle_by_column(crops, readings)[-1].text


@pytest.mark.parametrize(
    ("others", "unsure", "settled"),
    [
        ("ACBF", "1", "I"),
        ("ACBF", "0", "O"),
        ("4827", "I", "1"),
        ("4827", "l", "1"),
        ("4827", "O", "0"),
        ("4A27", "I", "I"),
        ("acbf", "1", "1"),
        ("A", "1", "1"),
        ("", "1", "1"),
        ("11O0", "l", "l"),
        ("4827", "S", "S"),
    ],
)
def test_a_character_is_of_the_kind_of_its_column(others: str, unsure: str, settled: str) -> None:
    assert column(others, unsure) == settled


def test_what_is_sure_stays() -> None:
    assert column("ACBF", "1", score=0.99) == "1"


def test_other_columns_say_nothing() -> None:
    readings = [Reading("A", 0.99), Reading("B", 0.99), Reading("1", 0.7)]
    crops = [crop(100, 0), crop(100, 1), crop(300, 2)]
    assert settle_by_column(crops, readings)[-1].text == "1"
