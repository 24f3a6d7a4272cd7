"""How a batch's time is divided between its pages."""

from __future__ import annotations

import numpy as np
import pytest

from actors.engines.fast import page_times
from actors.engines.fast.crops import Crop
from actors.engines.fast.page_times import PageTimes, columns, pixels


class Clock:
    def __init__(self) -> None:
        self.now = 1.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(page_times, "time", made)
    return made


def line(height: int, width: int) -> Crop:
    return Crop(np.zeros((height, width, 3), np.uint8), np.zeros((4, 2), np.float32))


def test_each_stage_is_divided_by_its_work(clock: Clock) -> None:
    times = PageTimes(2)
    clock.now += 0.4
    times.count(pixels([np.zeros((10, 30, 3), np.uint8), np.zeros((10, 10, 3), np.uint8)]))
    assert times.ms == pytest.approx([300, 100])
    clock.now += 1.0
    times.count(columns([[line(48, 100), line(24, 150)], [line(96, 200)] * 6]))
    assert times.ms == pytest.approx([300 + 400, 100 + 600])
    clock.now += 0.1
    times.count_for(1)
    assert times.ms == pytest.approx([700, 800])


def test_pages_without_a_line_share_evenly(clock: Clock) -> None:
    times = PageTimes(4)
    clock.now += 0.1
    times.count(columns([[], [], [], []]))
    assert times.ms == pytest.approx([25] * 4)
    PageTimes(0).count([])
