"""Letters with marks are told from plain ones by their ink, in lines of languages that have them."""

from __future__ import annotations

import numpy as np
import pytest

from actors.contracts import Image
from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.marked_letters import settle_marks

FOOT, LOW, TALL = 44, 18, 28
"""Row on which letters stand, and heights of those like x and like l."""

WIDE = {"m": 20, "i": 5, "ı": 5, "l": 5, "t": 9, "ť": 9, "İ": 5, "I": 5, "Æ": 34, "A": 24, "Å": 24}
DOTS = {
    "i": (5, 5),
    "İ": (5, 5),
    "å": (8, 6),
    "ů": (8, 6),
    "ğ": (10, 4),
    "ě": (10, 4),
    "ř": (10, 4),
    "ü": (10, 4),
    "ű": (10, 8),
    "ő": (10, 8),
    "Ü": (10, 8),
}
SLANTED = frozenset("űő")
HIGH = frozenset("bdfhklťďtľAEIÆÅİ")


def drawn(text: str) -> tuple[Image, list[float]]:
    """A picture with a bar for each letter, and the marks of it; the middles of the letters in 0..1."""
    picture = np.full((56, 40 + 30 * len(text), 3), 250, np.uint8)
    x, middles = 20, []
    for letter in text:
        wide = WIDE.get(letter, 14)
        if letter != " ":
            height = TALL if letter in HIGH else LOW
            picture[FOOT - height : FOOT, x : x + wide] = 10
        if letter in DOTS:
            across, high = DOTS[letter]
            left = x + (wide - across) // 2
            above = FOOT - height - 3
            for row in range(high):  # from its foot up
                shift = row // 2 if letter in SLANTED else 0
                picture[above - 1 - row, left + shift : left + shift + across] = 10
        if letter == "Å":
            picture[FOOT - TALL - 8 : FOOT - TALL, x + 8 : x + 16] = 10
        right = x + wide
        if letter in "ďťľ":
            picture[FOOT - TALL : FOOT - TALL + 8, right + 3 : right + 6] = 10
            right += 6
        middles.append((x + wide / 2) / picture.shape[1])
        x = right + 5
    return picture, middles


def settled(printed: str, read: str, places: list[int] | None = None) -> Reading:
    """What becomes of a reading of drawn letters. `places`: for each of its characters, which one it is."""
    picture, middles = drawn(printed)
    at = places or list(range(len(read)))
    scores, gaps = (0.9,) * len(read), (1.0,) * (len(read) + 1)
    reading = Reading(read, 0.9, places=tuple(middles[index] for index in at), scores=scores, gaps=gaps)
    return settle_marks([Crop(picture, np.zeros((4, 2), np.float32))], [reading])[0]


@pytest.mark.parametrize(
    ("printed", "read", "expected"),
    [
        ("xağrı ığıl", "xağrı iğil", "xağrı ığıl"),
        ("xağrı iğne", "xağrı ığne", "xağrı iğne"),
        ("xanağ İzmen", "xanağ izmen", "xanağ İzmen"),
        ("xanağ Izmen", "xanağ Izmen", "xanağ Izmen"),
        ("xanoe ığıl", "xanoe iğil", "xanoe ığıl"),
        ("xanoe nin", "xanoe nin", "xanoe nin"),
        ("třnov síť xanů", "třnov sít xanů", "třnov síť xanů"),
        ("teď xanově", "ted xanově", "teď xanově"),
        ("těxano vody", "těxano vody", "těxano vody"),
        ("ľaxano soľ", "ľaxano sol", "ľaxano soľ"),
        ("xanoe soľ", "xanoe sol", "xanoe sol"),
        ("kløver Ærø", "kløver Erø", "kløver Ærø"),
        ("kløbfd Åse", "kløbfd Ase", "kløbfd Åse"),
        ("kløbfd Ase", "kløbfd Ase", "kløbfd Ase"),
        ("klover Ær", "klover Er", "klover Er"),
        ("şase ţară", "şase ţară", "șase țară"),
        ("vnztűrő xüno", "vnztürő xüno", "vnztűrő xüno"),
        ("vnztűr xano", "vnztür xano", "vnztür xano"),
        ("vnztűrő xÜno", "vnztürő xÜno", "vnztűrő xÜno"),
        ("xağnăr ışar", "xağnăr ışar", "xağnăr ışar"),
    ],
)
def test_letters_of_a_language(printed: str, read: str, expected: str) -> None:
    found = settled(printed, read)
    assert found.text == expected
    assert len(found.places) == len(found.text) == len(found.gaps) - 1


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("kůn d’áb", "kůn ďáb"),
        ("kůn D’Áb", "kůn D’Áb"),
        ("mat’ řek", "mať řek"),
        ("j’ai d’or", "j’ai d’or"),
        ("řek: it’s a", "řek: it’s a"),
        ("řek that'll", "řek that'll"),
        ("‘řek had’ a", "‘řek had’ a"),
        ("‘řek’ mat’ a", "‘řek’ mat’ a"),
    ],
)
def test_an_apostrophe_is_a_caron(read: str, expected: str) -> None:
    assert settled(read, read).text == expected


@pytest.mark.parametrize(
    ("printed", "read", "places"),
    [
        (
            "třnov ď xanů",
            "třnov tí xanů",
            [0, 1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 11],
        ),  # an í that touches its t
        ("xağrı ıx", "xağrı ifx", [0, 1, 2, 3, 4, 5, 6, 6, 7]),  # the dot is part of the f
        ("Æxanøbd", "Avxanøbd", [0, 0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_two_letters_in_one_glyph_are_left(printed: str, read: str, places: list[int]) -> None:
    assert settled(printed, read, places).text == read


def test_a_wide_glyph_is_both_letters_that_were_read() -> None:
    picture, middles = drawn("kløv Æ")
    left = round(middles[5] * picture.shape[1]) - 17
    picture[FOOT - TALL : FOOT, left : left + 48] = 10  # A and E that touch
    read = "kløv AE"
    reading = Reading(read, 0.9, places=(*middles[:5], middles[5], middles[5]))
    assert settle_marks([Crop(picture, np.zeros((4, 2), np.float32))], [reading])[0].text == read


def test_two_letters_that_are_one_glyph() -> None:
    found = settled("kløv Ærø", "kløv AErø", [0, 1, 2, 3, 4, 5, 5, 6, 7])
    assert found.text == "kløv Ærø"
    assert len(found.places) == len(found.scores) == len(found.text)


def test_lines_without_places_are_left() -> None:
    picture, _ = drawn("ağrı iğil")
    one = Reading("ağrı iğil", 0.9)
    assert settle_marks([Crop(picture, np.zeros((4, 2), np.float32))], [one]) == [one]
