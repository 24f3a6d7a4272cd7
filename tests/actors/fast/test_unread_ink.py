"""How much of a line's ink became no character, on drawn lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from actors.engines.fast.ctc import Reading
from actors.engines.fast.unread_ink import unread_ink
from tests.actors.fast.readings import reading_of
from tests.drawn import page

WHOLE = "delivery account balance"


def drawn(text: str) -> np.ndarray:
    return page([text], size=32, gap=1.3, margin=4)


def without(letters: slice) -> Reading:
    """The reading of the whole line without some of its characters."""
    whole = reading_of(WHOLE)
    kept = [index for index in range(len(WHOLE)) if index not in range(*letters.indices(len(WHOLE)))]
    return replace(
        whole, text="".join(WHOLE[i] for i in kept), places=tuple(whole.places[i] for i in kept), gaps=()
    )


def test_nothing_is_unread_where_each_letter_has_a_character() -> None:
    found = unread_ink(drawn(WHOLE), reading_of(WHOLE))
    assert found.unread == 0
    assert found.length > 5


def test_a_word_that_was_skipped() -> None:
    found = unread_ink(drawn(WHOLE), without(slice(9, 16)))
    assert 1 < found.unread < 0.5 * found.length
    assert found.pieces >= 1


def test_all_is_unread_where_nothing_was_read() -> None:
    for reading in (Reading("", 0.0), Reading("  ", 0.9, places=(0.3, 0.6))):
        found = unread_ink(drawn(WHOLE), reading)
        assert found.unread > 0.75 * found.length
        assert found.pieces > 3


def test_light_letters_on_dark() -> None:
    found = unread_ink(255 - drawn(WHOLE), Reading("", 0.0))
    assert found.unread > 5


def test_paper_and_rules_have_no_letters() -> None:
    blank = np.full((40, 400, 3), 255, np.uint8)
    assert unread_ink(blank, Reading("", 0.0)).length == 0
    ruled = blank.copy()
    ruled[30:33] = 0
    assert unread_ink(ruled, Reading("", 0.0)).unread == 0
    dotted = blank.copy()
    dotted[30:34, ::12] = dotted[30:34, 1::12] = 0
    assert unread_ink(dotted, Reading("", 0.0)).unread == 0


def test_a_reading_without_places_says_nothing() -> None:
    assert unread_ink(drawn(WHOLE), Reading(WHOLE, 0.9)).unread == 0
