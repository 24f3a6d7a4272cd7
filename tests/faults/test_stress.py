"""A short form of the stress command: kill -9, resume, and no page is lost or there twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.stress import Kill, stress, table

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(900)]

Injected = Callable[[str, int], None]


def kills(runner: str, wanted: list[tuple[str, str]], injected: Injected) -> list[Kill]:
    """Carry out these kills, one after the other, over one job."""
    run = stress(runner, len(wanted), minutes=10, seed=7, wanted=wanted)
    print(table(run.kills))
    assert not run.troubles, "\n".join(run.troubles)
    assert len(run.kills) >= len(wanted) - 1  # a moment of milliseconds may be missed each time it is tried
    injected("kill", len(run.kills))
    return run.kills


def test_kills_without_ray(injected: Injected) -> None:
    aims = [("driver", "stage"), ("engine", ""), ("driver", "gap"), ("decoder", ""), ("driver", "supersede")]
    done = kills("inline", aims, injected)
    assert len({one.phase for one in done} & {"stage", "gap", "decode", "supersede"}) >= 3


@pytest.mark.ray
def test_kills_with_ray(injected: Injected) -> None:
    kills("ray", [("raylet", ""), ("engine", ""), ("driver", "gap")], injected)
