"""Lines are read squeezed, and again at their full width where that may be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from actors.engines.fast.ctc import Reading
from actors.engines.fast.packing import PackRule
from actors.engines.fast.recognition import ReadRule, Recogniser
from actors.runtimes.contracts import Array, Floats

LINE = np.zeros((48, 320, 3), np.uint8)
STEPS = 28
"""Of its picture of 224 pixels, which are 0.7 of its width."""

FULL = Reading("at full width", 0.95)


class Widths:
    """A session that keeps how wide its inputs were, and says it."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def run(self, batch: Floats) -> tuple[Array, ...]:
        self.seen.append(batch.shape[3])
        return (np.full(len(batch), batch.shape[3]),)

    def release(self) -> None:
        """Nothing to give back."""


def looks(
    squeezed: Reading, second_look: float = 0.9, full: Reading = FULL, line: np.ndarray = LINE
) -> tuple[list[int], Reading]:
    """Widths at which the line is read, and what is read, given what it says squeezed and at full width."""

    def decode(outputs: Sequence[Array]) -> Iterator[Reading]:
        return (full if width == 320 else squeezed for width in outputs[0])

    session = Widths()
    (reading,) = Recogniser(session, decode, ReadRule(0.7, second_look, PackRule(4096))).read([line])
    return session.seen, reading


@pytest.mark.parametrize(
    ("letters", "score", "again"),
    [
        (10, 0.95, False),
        (10, 0.89, True),
        (19, 0.96, False),
        (20, 0.975, True),
        (20, 0.985, False),
        (20, 0.89, True),
    ],
    ids=["sure", "unsure", "not yet crowded", "crowded", "crowded and sure", "crowded and unsure"],
)
def test_what_is_read_again(letters: int, score: float, again: bool) -> None:
    assert letters / STEPS < 0.7 or letters == 20
    squeezed = Reading("x" * letters, score)
    widths, reading = looks(squeezed)
    assert widths == ([224, 320] if again else [224])
    assert reading == (FULL if again else squeezed)


@pytest.mark.parametrize(("text", "again"), [("a ≤ b", True), ("a + b = c", False)])
def test_formulas_are_read_again(text: str, again: bool) -> None:
    squeezed = Reading(text, 0.99)
    assert looks(squeezed) == (([224, 320], FULL) if again else ([224], squeezed))


def test_without_a_second_look() -> None:
    squeezed = Reading("x" * 25, 0.1)
    assert looks(squeezed, second_look=0.0) == ([224], squeezed)


@pytest.mark.parametrize(("score", "taken"), [(0.86, True), (0.84, False)])
def test_the_second_counts_unless_it_is_much_less_sure(score: float, taken: bool) -> None:
    squeezed, full = Reading("squeezed", 0.895), Reading("full", score)
    assert looks(squeezed, full=full)[1] == (full if taken else squeezed)


def test_a_line_too_long_for_one_pass_is_read_again() -> None:
    line = np.full((48, 6000, 3), 255, np.uint8)
    widths, _ = looks(Reading("sure", 0.99), line=line)
    assert len(widths) > 2
    assert sum(widths) > 1.5 * 6000
