"""Radio buttons that lines begin with get signs of their state, and round letters stay what they are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from actors.contracts import Image
from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.radio_buttons import set_buttons

INK = (20, 20, 20)


def drawn(
    *, dot: int = 0, radius: int = 12, square: bool = False, at: int = 20, pen: int = 2, behind: int = 50
) -> Image:
    """A line of some letters behind a ring with a dot of this radius, or behind a square. `behind`: where the
    letters begin."""
    picture = np.full((40, 160, 3), 245, np.uint8)
    if square:
        cv2.rectangle(picture, (at - radius, 20 - radius), (at + radius, 20 + radius), INK, 2)
    elif radius:
        cv2.circle(picture, (at, 20), radius, INK, pen)
    if dot:
        cv2.circle(picture, (at, 20), dot, INK, cv2.FILLED)
    for left in range(behind, 130, 20):
        cv2.rectangle(picture, (left, 12), (left + 12, 30), INK, cv2.FILLED)
    return picture


def reading(text: str) -> Reading:
    """`text`: a sign, a space and four letters, or the letters alone."""
    letters = [(left + 6) / 160 for left in range(50, 130, 20)]
    places = {6: [20 / 160, 35 / 160, *letters], 5: [35 / 160, *letters], 4: letters, 1: [20 / 160]}
    return Reading(text, 0.97, places=tuple(places[len(text)]))


def texts(*lines: tuple[Image, str]) -> list[str]:
    crops = [Crop(image, np.zeros((4, 2), np.float32)) for image, _ in lines]
    found = set_buttons(crops, [reading(text) for _, text in lines])
    assert all(len(one.places) == len(one.text) for one in found)
    return [one.text for one in found]


CHOSEN = (drawn(dot=6), "O cash")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ((drawn(), "O card"), "○ card"),
        ((drawn(), "© card"), "○ card"),
        ((drawn(), " card"), "○ card"),
        ((drawn(), " Oslo"), "○ Oslo"),
        ((drawn(), "card"), "○ card"),
        ((drawn(dot=5), "口 card"), "◉ card"),
        ((drawn(radius=8), "O card"), "O card"),
        ((drawn(square=True), "口 card"), "口 card"),
        ((drawn(radius=0), "card"), "card"),
        ((drawn(radius=0), "O card"), "O card"),
        ((drawn(dot=11), "O card"), "O card"),
        ((drawn(behind=36), "O card"), "O card"),
        ((drawn(pen=5), "O card"), "O card"),
    ],
)
def test_beside_a_chosen_one(line: tuple[Image, str], expected: str) -> None:
    assert texts(CHOSEN, line) == ["◉ cash", expected]


def test_a_letter_behind_a_button_that_was_not_read() -> None:
    letters = [(left + 6) / 160 for left in (50, 70, 90, 110)]
    crops = [Crop(drawn(dot=6), np.zeros((4, 2), np.float32))] * 2
    readings = [reading("O cash"), Reading("Oslo", 0.97, places=tuple(letters))]
    assert set_buttons(crops, readings)[1].text == "Oslo"


def test_rings_without_a_chosen_one_are_letters() -> None:
    assert texts((drawn(), "O cash"), (drawn(), "O card")) == ["O cash", "O card"]


def test_a_button_alone() -> None:
    assert texts(CHOSEN, (drawn()[:, :40].copy(), "O")) == ["◉ cash", "○"]
