"""Vietnamese, as a model reads it that knows none of its letters with two marks."""

from __future__ import annotations

import pytest

from actors.engines.lost_marks import KnownMarks, loses_marks, marks_of

NONE = KnownMarks(vietnamese=False, greek=False)


@pytest.mark.parametrize(
    "texts",
    [
        ["Hp đng thuê nhà có hiu c k t ngày ký.", "Trưng hc nm gn ch cũ ca thành ph."],
        ["Khách hàng:", "1.4.1973", "Chuyn:", "Trưng thành:", "Trưng thành:"],
    ],
)
def test_vietnamese(texts: list[str]) -> None:
    assert loses_marks(texts, NONE)
    assert not loses_marks([*texts, *["The application must be handed in before the end"] * 40], NONE)


@pytest.mark.parametrize(
    "texts",
    [
        ["Đaci su jučer posjetili muzej i knjižnicu.", "Krv, prst i vrt; đak uči."],
        ["The Nghĩa Đô ward", "was visited in the morning by all of them"],
        ["Příliš žluťoučký kůň úpěl ďábelské ódy.", "krk, prst, vlk"],
        ["kg ltd pcs", "TNHH MTV"],
        [],
    ],
    ids=["Croatian", "a name", "Czech", "abbreviations", "nothing"],
)
def test_others(texts: list[str]) -> None:
    assert not loses_marks(texts, NONE)


def test_greek() -> None:
    assert loses_marks(["σπτι βρσετι:", "αητ επισφηα"], NONE)
    assert not loses_marks(["Let αβ = γδ and α + β", "of a triangle with the sides abc"], NONE), "formulas"


def test_a_model_that_knows_the_letters() -> None:
    assert marks_of("abcếạộứễ") == KnownMarks(vietnamese=True, greek=False)
    assert marks_of("άέίόύή") == KnownMarks(vietnamese=False, greek=True)
    assert not loses_marks(["Thư chưa mưa đng", "βρσετι επισφηα"], KnownMarks(vietnamese=True, greek=True))
