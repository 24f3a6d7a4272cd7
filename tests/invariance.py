"""Whether pages read the same alone and in a batch."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import numpy as np

from actors.contracts import Line, PageResult
from tests.drawn import page, words


def drawn(seed: int) -> np.ndarray:
    """A page of one to nine lines in some size."""
    chance = random.Random(seed)
    lines = words(seed, chance.randint(1, 9), most=chance.choice([1, 4, 9]))
    return page(lines, chance.choice([15, 20, 28, 40]), gap=chance.choice([1.4, 2.0]))


def compare(alone: Sequence[PageResult], together: Sequence[PageResult]) -> tuple[int, int]:
    """Lines, and those whose text is the same. Polygons may differ by a pixel."""
    lines = same = 0
    for one, other in zip(alone, together, strict=True):
        pairs: list[tuple[Line | None, Line | None]] = list(itertools.zip_longest(one.lines, other.lines))
        lines += len(pairs)
        for left, right in pairs:
            if left is not None and right is not None and left.text == right.text:
                same += 1
                assert np.abs(np.subtract(left.polygon, right.polygon)).max() <= 1
    return lines, same
