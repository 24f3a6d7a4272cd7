"""Which ink of a vertical line belongs to its characters, and which to a sign that was lost."""

from __future__ import annotations

import numpy as np
import pytest

from actors.engines.fast.ctc import Reading
from actors.engines.fast.vertical_ink import account


def test_characters_read_at_one_place_at_the_end_of_a_line() -> None:
    """As happens where both were read in the room behind it."""
    line = np.full((40, 120, 3), 250, np.uint8)
    line[10:30, 20:40] = 10
    assert account(line, Reading("十一", 1.0, places=(1.0, 1.0))).sizes == (0.0, 0.0)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1)])
def test_pictures_of_one_pixel_across(size: tuple[int, int]) -> None:
    found = account(np.full((*size, 3), 250, np.uint8), Reading("十一", 1.0, places=(0.2, 0.8)))
    assert found.open == ()
