"""What a page's lines seem to say, and what is said once some were looked at again."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.page_notices import Knowledge, Suspicion, knowledge_of, notices, suspicion
from actors.engines.lost_marks import KnownMarks
from tests.actors.fast.readings import Reader, reading_of
from tests.drawn import page

TEXT = "delivery account balance and summary"
NONE = KnownMarks(vietnamese=False, greek=False)
KNOWS = Knowledge(letters=True, marks=NONE)
SKIPPED = Reading(" .", 0.97, places=(0.5, 0.99))
UNSURE = Reading("d ar", 0.55, places=(0.02, 0.4, 0.9, 0.95))
NOBODY = Reader("x", 0.5)


def crop(text: str = TEXT, *, blurred: float = 0.0) -> Crop:
    image = page([text], size=32, gap=1.3, margin=4)
    if blurred:
        image = cv2.GaussianBlur(image, (0, 0), blurred)
    return Crop(image, np.zeros((4, 2), np.float32))


def seen(*readings: Reading, kept: bool = True, blurred: float = 0.0) -> Suspicion:
    crops = [crop(blurred=blurred)] * len(readings)
    return suspicion(crops, readings, [kept] * len(readings), KNOWS)


def test_a_page_that_was_read() -> None:
    page_of = seen(*[reading_of(TEXT)] * 3)
    assert page_of == Suspicion()
    assert notices(page_of, NOBODY) == ()
    assert suspicion([], [], [], KNOWS) == Suspicion()


def test_letters_that_are_skipped_for_sure_are_of_an_unknown_script() -> None:
    reader = Reader("x")
    assert "script.unknown" in notices(seen(SKIPPED, SKIPPED), reader)
    assert reader.seen == [], "nothing has to be read again"


def test_letters_out_of_focus_are_of_no_unknown_script() -> None:
    assert notices(seen(SKIPPED, SKIPPED, blurred=5.0), NOBODY) == ("text.unread",)


def test_a_page_that_lies_upside_down_is_of_no_unknown_script() -> None:
    assert notices(seen(UNSURE, UNSURE), NOBODY) == ("text.unread", "script.unknown")
    assert notices(seen(UNSURE, UNSURE), _Turned()) == ("text.unread",)


def test_print_that_shines_through_is_no_text() -> None:
    dropped = seen(UNSURE, UNSURE, kept=False)
    assert "text.unread" in notices(dropped, NOBODY)
    assert notices(dropped, Reader(TEXT, 0.99)) == ()


class _Turned:
    """Reads pictures that are turned over, which come first."""

    def __call__(self, lines: object) -> list[Reading]:
        count = len(lines) // 2  # type: ignore[arg-type]
        return [Reading(TEXT, 0.99)] * count + [Reading("x", 0.3)] * count


def test_what_a_model_knows() -> None:
    assert knowledge_of(["", "1", ".", " "]) == Knowledge(letters=False, marks=NONE)
    assert knowledge_of(["", *"aếạộứễ"]) == Knowledge(
        letters=True, marks=KnownMarks(vietnamese=True, greek=False)
    )


@pytest.mark.parametrize("knows", [Knowledge(letters=False, marks=NONE)])
def test_who_reads_digits_alone_says_nothing_of_letters(knows: Knowledge) -> None:
    assert suspicion([crop()], [SKIPPED], [True], knows) == Suspicion()
