"""How long each page of a batch took: stages that work on all pages together are divided by their work."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.contracts import Image
    from actors.engines.fast.crops import Crop

_LINE = 48
"""Height in pixels at which lines are recognised: what they cost is their width there."""


class PageTimes:
    """Milliseconds of each page, stage by stage. `count` divides what passed since the last count."""

    def __init__(self, pages: int) -> None:
        self.ms = [0.0] * pages
        self._at = time.perf_counter()

    def count(self, weights: Sequence[float]) -> None:
        """The time since the last count, divided by these weights; evenly if none of them is above 0."""
        now = time.perf_counter()
        passed_ms, self._at = (now - self._at) * 1000, now
        total = sum(weights)
        for index, weight in enumerate(weights):
            self.ms[index] += passed_ms * (weight / total if total > 0 else 1 / len(weights))

    def count_for(self, index: int) -> None:
        """The time since the last count, for this page alone."""
        now = time.perf_counter()
        self.ms[index] += (now - self._at) * 1000
        self._at = now


def pixels(pages: Sequence[Image]) -> list[float]:
    """What detection works on, by page."""
    return [float(page.shape[0] * page.shape[1]) for page in pages]


def columns(pages: Sequence[Sequence[Crop]]) -> list[float]:
    """What recognition works on, by page: columns of its lines."""
    return [sum(_width(crop.image) for crop in crops) for crops in pages]


def _width(line: Image) -> float:
    height, width = line.shape[:2]
    return _LINE * width / height if height else 0.0
