"""Lines that are upside down are read as if they were not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from actors.engines.fast.classifier import LineClassifier
from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.line_turner import LineTurner

LINE = Crop(
    np.arange(20 * 60 * 3, dtype=np.uint8).reshape(20, 60, 3),
    np.array([(10, 10), (70, 10), (70, 30), (10, 30)], np.float32),
)


class Votes(LineClassifier):
    """A classifier that always says the same."""

    def __init__(self, vote: float) -> None:
        self._vote = vote

    def upside_down(self, lines: Sequence[np.ndarray]) -> list[float]:
        return [self._vote] * len(lines)


@pytest.mark.parametrize(
    ("vote", "as_it_is", "over", "turned"),
    [
        (0.99, 0.6, 0.9, True),
        (0.99, 0.6, 0.5, False),  # reads no better
        (0.1, 0.6, 0.9, False),  # the classifier sees nothing
        (0.99, 0.95, 0.99, False),  # it is read well as it is: nobody asks
    ],
)
def test_a_line_is_turned_over_where_both_agree(
    vote: float, as_it_is: float, over: float, turned: bool
) -> None:
    def read(lines: Sequence[np.ndarray]) -> list[Reading]:
        assert all(np.array_equal(line, np.rot90(LINE.image, 2)) for line in lines)
        return [Reading("turned", over)] * len(lines)

    crops, readings = LineTurner(Votes(vote), read).turned([LINE], [Reading("as it is", as_it_is)])
    assert readings[0].text == ("turned" if turned else "as it is")
    expected = np.roll(LINE.polygon, -2, axis=0) if turned else LINE.polygon
    assert np.array_equal(crops[0].polygon, expected), "it begins where the text does"
