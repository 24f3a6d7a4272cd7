"""Whatever a driver's store calls meet, and whoever competes with it: at the end each page is there once.

`python -m tests.simulation --schedules 100000` runs as many random schedules as you like.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.schedule import run_seed
from tests.simulation.seeds import KEPT
from tests.simulation.systematic import ALONE, IN_CI, OVERTAKEN, at_every_call
from tests.simulation.world import simulated

ROOT = Path(__file__).parents[2]
SCHEDULES = 500
_CHUNK = 50
_STEP = 3


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
@pytest.mark.parametrize("fate", ALONE)
@pytest.mark.parametrize("scenario", IN_CI)
def test_a_fault_at_every_call(scenario: str, fate: str) -> None:
    assert at_every_call(scenario, fate, None) > 15


@pytest.mark.slow
@pytest.mark.parametrize("fate", OVERTAKEN)
@pytest.mark.parametrize("scenario", IN_CI)
def test_a_rival_takes_over_after_a_call(scenario: str, fate: str) -> None:
    """At one call of three, so that it is done in CI; `python -m tests.simulation --every-call` has all."""
    assert at_every_call(scenario, fate, 45.0, _STEP, 1 + OVERTAKEN.index(fate) % _STEP) > 15


def test_the_command() -> None:
    """In processes of their own."""
    command = [sys.executable, "-m", "tests.simulation", "--schedules", "3", "--jobs", "1"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("3 schedules, 0 failed")
