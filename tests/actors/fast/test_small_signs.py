"""Vertical text gets the stops, small kana, brackets and bars back whose ink no character accounts for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from actors.contracts import Image
from actors.engines.fast.crops import Crop, cut
from actors.engines.fast.ctc import Reading
from actors.engines.fast.small_signs import with_small_signs

SQUARE = 40
FULL, STOP, SMALL, BAR = (3, 3, 34, 34), (26, 3, 9, 9), (14, 8, 22, 18), (18, 4, 4, 32)
"""Ink within a square of the column, as on the page: left, top, width, height."""


def column(ink: Sequence[tuple[int, int, int, int]], text: str, of: Sequence[int]) -> tuple[Crop, Reading]:
    """A drawn column with some ink in each square, and what was read of it: `of`: the squares of the text's
    characters."""
    page = np.full((SQUARE * len(ink) + 20, SQUARE + 20, 3), 245, np.uint8)
    for index, (left, top, width, height) in enumerate(ink):
        y = 10 + index * SQUARE + top
        page[y : y + height, 10 + left : 10 + left + width] = 15
    height = page.shape[0]
    crop = cut(page, np.array([(5, 0), (SQUARE + 15, 0), (SQUARE + 15, height), (5, height)], np.float32))
    assert crop is not None
    places = tuple((10 + (index + 0.5) * SQUARE) / height for index in of)
    scores, gaps = (1.0,) * len(text), (1.0,) * (len(text) + 1)
    return crop, Reading(text, 1.0, places=places, scores=scores, gaps=gaps)


class Reader:
    """Reads strips: the upright ones as the first texts, the lying ones as the others."""

    def __init__(self, *texts: str, score: float = 0.95) -> None:
        self.texts, self.score = texts, score
        self.seen: list[Image] = []

    def __call__(self, lines: Sequence[Image]) -> list[Reading]:
        self.seen += lines
        assert len(lines) == len(self.texts)
        return [Reading(text, self.score, scores=(self.score,) * len(text)) for text in self.texts]


@pytest.mark.parametrize(
    ("ink", "upright", "lying", "expected"),
    [
        (STOP, "の朝、港の", "の朝，港の", "の朝、港の"),
        (SMALL, "の朝っ港の", "", "の朝っ港の"),
        (SMALL, "の朝つ港の", "", "の朝っ港の"),  # as small as the small one is
        (SMALL, "のいね 」港の", "", "の朝港の"),  # others beside it than those of the line
        (SMALL, "の朝」港の", "の朝」港の", "の朝港の"),  # nowhere does a quotation begin
        (BAR, "の朝１港の", "の朝ー港の", "の朝港の"),  # no bar behind a character of Chinese
        (STOP, "の朝ー港の", "の朝一港の", "の朝港の"),
        (STOP, "朝、港の", "", "の朝港の"),  # one beside it is missing
    ],
)
def test_what_is_set(ink: tuple[int, int, int, int], upright: str, lying: str, expected: str) -> None:
    crop, reading = column([FULL, FULL, ink, FULL, FULL], "の朝港の", [0, 1, 3, 4])
    (found,) = with_small_signs([crop], [reading], Reader(upright, lying))
    assert found.text == expected
    assert len(found.places) == len(found.scores) == len(found.text) == len(found.gaps) - 1
    assert list(found.places) == sorted(found.places)


def test_a_bar_behind_kana() -> None:
    crop, reading = column([FULL, BAR, FULL], "コヒ", [0, 2])
    assert with_small_signs([crop], [reading], Reader("コ１ヒ", "コーヒ"))[0].text == "コーヒ"


def test_brackets_come_in_pairs() -> None:
    crop, reading = column([FULL, SMALL, FULL, FULL, SMALL], "母今日", [0, 2, 3])
    (found,) = with_small_signs([crop], [reading], Reader("", "", "母「今日", "今日」"))
    assert found.text == "母「今日」"


def test_signs_side_by_side_keep_their_order() -> None:
    crop, reading = column([FULL, SMALL, SMALL, STOP], "きて", [0, 4])
    (found,) = with_small_signs([crop], [reading], Reader("きゃて", "きって", "き。て", "", "", ""))
    assert found.text == "きゃっ。て"


def test_the_strip_has_a_stop_at_the_foot_of_its_square() -> None:
    crop, reading = column([FULL, STOP, FULL], "朝港", [0, 2])
    reader = Reader("朝、港", "")
    with_small_signs([crop], [reading], reader)
    ink = np.asarray((reader.seen[0] < 128).all(axis=2))
    square = ink[:, ink.shape[1] // 2 - SQUARE // 2 : ink.shape[1] // 2 + SQUARE // 2]
    rows, columns = np.flatnonzero(square.any(axis=1)), np.flatnonzero(square.any(axis=0))
    assert rows.min() > 0.6 * ink.shape[0]
    assert columns.max() < 0.5 * SQUARE


def test_ink_close_before_other_ink_is_no_stop() -> None:
    crop, reading = column([FULL, FULL, (15, 26, 9, 9), FULL], "もうか", [0, 1, 3])
    assert with_small_signs([crop], [reading], Reader("もう、か", "もう，か"))[0].text == "もうか"


def test_small_kana_are_told_by_their_size() -> None:
    crop, reading = column([FULL, SMALL, FULL, FULL, (3, 8, 34, 24)], "ちよいかつ", [0, 1, 2, 3, 4])
    assert with_small_signs([crop], [reading], Reader())[0].text == "ちょいかつ"


def test_an_uncertain_sign_is_none() -> None:
    crop, reading = column([FULL, STOP, FULL], "朝港", [0, 2])
    assert with_small_signs([crop], [reading], Reader("朝、港", "", score=0.7)) == [reading]


def test_other_lines_are_left() -> None:
    crop, reading = column([FULL, STOP, FULL], "AB", [0, 2])
    flat, east = Crop(np.rot90(crop.image, -1), crop.polygon), Reading("朝港", 1.0, places=(0.2, 0.8))
    assert with_small_signs([crop, flat], [reading, east], Reader()) == [reading, east]
