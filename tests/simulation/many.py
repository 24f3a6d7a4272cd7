"""Many schedules in a process of a pool (which finds nothing that stands in `__main__`)."""

from __future__ import annotations

from collections.abc import Iterable

from tests.simulation.laws import LawError
from tests.simulation.schedule import run_seed
from tests.simulation.systematic import CallError, at_every_call
from tests.simulation.world import simulated

Done = tuple[int, list[tuple[str, str]]]
"""How many schedules, and name and trace of each that broke a law."""


def seeds(some: Iterable[int]) -> Done:
    """Random schedules."""
    count, failures = 0, []
    with simulated():
        for seed in some:
            count += 1
            try:
                run_seed(seed)
            except LawError as error:
                failures.append((f"seed {seed}", str(error)))
    return count, failures


def every_call(case: tuple[str, str, float | None]) -> Done:
    """A job, a fault and a rival: the fault at each call."""
    failures: list[tuple[str, str]] = []
    number = 1
    with simulated():
        while True:
            try:
                return at_every_call(*case, first=number), failures
            except CallError as error:
                failures.append((f"{case}, call {error.number}", str(error.__cause__)))
                number = error.number + 1
