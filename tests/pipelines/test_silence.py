"""The dead-man's clock: what workers had counts, or the driver's own time, slowed down by its load."""

from __future__ import annotations

import math

import pytest

from pipelines.runners.silence import DeadMansClock, Heard


class Hand:
    """A clock that is moved on by hand."""

    def __init__(self) -> None:
        self.now = 50.0

    def clock(self, spare: float = 1.0) -> DeadMansClock:
        return DeadMansClock(lambda: self.now, lambda: spare)


def looks(hand: Hand, clock: DeadMansClock, seconds: int, heard: Heard | None) -> float:
    silent = 0.0
    for _ in range(seconds):
        hand.now += 1
        silent = clock.hear(heard)
    return silent


NOBODY = Heard((), 0.0, math.inf)


def test_where_nobody_tells_anything_the_clock_counts() -> None:
    hand = Hand()
    assert looks(hand, hand.clock(), 100, NOBODY) == 100
    hand = Hand()
    assert looks(hand, hand.clock(), 100, None) == 100


def test_a_busy_machine_slows_it_down() -> None:
    hand = Hand()
    assert looks(hand, hand.clock(spare=0.1), 100, NOBODY) == pytest.approx(10)


def test_workers_that_tell_what_they_had_are_believed() -> None:
    hand = Hand()
    clock = hand.clock()
    assert looks(hand, clock, 1000, Heard((), 12.0, 1.0)) == 12.0


def test_a_sign_of_work_starts_anew() -> None:
    hand = Hand()
    clock = hand.clock()
    assert looks(hand, clock, 10, NOBODY) == 10
    assert clock.hear(Heard((1,), 0.0, math.inf)) == 0
    assert looks(hand, clock, 5, Heard((1,), 0.0, math.inf)) == 5


def test_a_file_that_came_hides_what_the_workers_had_before_it() -> None:
    """A receipt is a sign, and clears nothing in the journal."""
    hand = Hand()
    clock = hand.clock()
    assert looks(hand, clock, 1, Heard((0, 3), 40.0, 1.0)) == 0.0
    assert looks(hand, clock, 1, Heard((0, 3), 60.0, 1.0)) == 20.0
    assert looks(hand, clock, 1, Heard((1, 3), 60.0, 1.0)) == 0.0
    assert looks(hand, clock, 1, Heard((1, 3), 65.0, 1.0)) == 5.0
    assert looks(hand, clock, 1, Heard((1, 4), 1.0, 1.0)) == 0.0
    assert looks(hand, clock, 1, Heard((1, 4), 8.0, 1.0)) == 7.0


def test_a_driver_that_did_not_run_could_hear_nothing() -> None:
    hand = Hand()
    clock = hand.clock()
    hand.now += 3600
    assert clock.hear(NOBODY) <= 5
