"""Whatever a driver's store calls meet, and whoever competes with it: at the end each page is there once.

`python -m tests.simulation --schedules 100000` runs as many random schedules as you like.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.simulation.schedule import run_fault, run_seed
from tests.simulation.seeds import KEPT
from tests.simulation.store import FATES
from tests.simulation.world import Document, Scenario, simulated

SCHEDULES = 500
_CHUNK = 50
_MOST_CALLS = 200

NEW = Scenario(
    (Document("d0", 1), Document("d1", 3), Document("d2", 2, before="1"), Document("d3", None)),
    rows_a_file=2,
    work_s=8,
)
CHANGED = Scenario(
    (
        Document("d0", 1, "2", before="1"),
        Document("d1", 3, before="1"),
        Document("d2", 2, "2", before="1"),
    ),
    rows_a_file=2,
    work_s=8,
)
SCENARIOS = {
    "new, disk": NEW,
    "new, object store": replace(NEW, disk=False, same_host=False),
    "changed, disk": replace(CHANGED, same_host=False),
    "changed, object store": replace(CHANGED, disk=False, conditional=False),
}
OVERTAKEN = ("slow", "late", "late answer", "pause", "dies, late")
"""Faults that last long enough for a rival to take over meanwhile."""


@pytest.fixture(autouse=True, scope="module")
def _simulated() -> Iterator[None]:
    with simulated():
        yield


@pytest.mark.parametrize("first", range(0, SCHEDULES, _CHUNK))
def test_random_schedules(first: int) -> None:
    for seed in range(first, first + _CHUNK):
        run_seed(seed)


@pytest.mark.parametrize("seed", KEPT, ids=str)
def test_a_seed_that_failed_stays(seed: int) -> None:
    run_seed(seed)


@pytest.mark.slow
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_fault_at_every_call(scenario: str, fate: str) -> None:
    assert _at_every_call(scenario, fate, None) > 15


@pytest.mark.slow
@pytest.mark.parametrize("fate", OVERTAKEN)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_rival_takes_over_after_every_call(scenario: str, fate: str) -> None:
    assert _at_every_call(scenario, fate, 45.0) > 15


def _at_every_call(scenario: str, fate: str, rival_after: float | None) -> int:
    """How many calls there were to go wrong."""
    for number in range(1, _MOST_CALLS):
        if not run_fault(SCENARIOS[scenario], number, FATES[fate], rival_after):
            return number - 1
    raise AssertionError(f"more than {_MOST_CALLS} calls")
