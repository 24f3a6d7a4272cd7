"""What a process had of the machine: from counts that are made up, and of real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from actors.scheduling import Sample, Share, held, own_seconds, sample, spare_share, usable_cpus

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts how long threads wait")


def had(*threads: tuple[float, float], told: bool = True, stolen: float = 0.0, busy: float = 0.0) -> Sample:
    return Sample({number: Share(*one) for number, one in enumerate(threads)}, told, stolen, busy)


NOTHING = had()


@pytest.mark.parametrize(
    ("threads", "own"),
    [
        (((0.0, 0.0),), 10.0),  # it sleeps: a hang
        (((10.0, 0.0),), 10.0),  # it computes
        (((1.0, 9.0),), 1.0),  # it computes when it is let
        (((0.0, 9.0),), 1.0),  # it waits for a CPU, and for something else
        (((5.0, 5.0), (5.0, 5.0)), 5.0),  # two threads share one CPU: each has half of it
        (((1.0, 4.0), (1.0, 4.0)), 2.0),  # one after the other
        (((10.0, 0.0), (0.0, 10.0)), 10.0),  # the other one's waiting does not make a burner younger
    ],
)
def test_own_time_is_what_nobody_was_kept_waiting_in(
    threads: tuple[tuple[float, float], ...], own: float
) -> None:
    assert own_seconds(NOTHING, had(*threads), 10.0, seen_s=10.0) == pytest.approx(own)


def test_what_was_had_before_does_not_count() -> None:
    assert own_seconds(had((7.0, 3.0)), had((8.0, 6.0)), 4.0, seen_s=4.0) == pytest.approx(1.0)


def test_a_stopped_process_gets_no_older_and_one_that_waits_for_a_disk_slowly() -> None:
    idle = had((0.0, 0.0))
    assert own_seconds(idle, idle, 10.0, seen_s=10.0, held="stopped") == 0.0
    assert own_seconds(idle, idle, 10.0, seen_s=10.0, held="disk") == pytest.approx(1.0)


def test_time_that_nobody_watched_counts_only_where_a_thread_ran() -> None:
    assert own_seconds(NOTHING, had((0.0, 0.0)), 600.0, seen_s=1.5) == 1.5
    assert own_seconds(NOTHING, had((9.0, 0.0)), 600.0, seen_s=1.5) == 9.0


def test_what_the_host_took_does_not_count() -> None:
    after = had((2.0, 0.0), stolen=6.0, busy=2.0)
    assert own_seconds(NOTHING, after, 8.0, seen_s=8.0) == pytest.approx(2.0)


def test_where_waiting_is_not_counted_the_load_speaks() -> None:
    def own(ran: float, spare: float) -> float:
        return own_seconds(NOTHING, had((ran, 0.0), told=False), 10.0, seen_s=10.0, spare=spare)

    assert own(0.0, spare=1.0) == 5.0
    assert own(0.0, spare=0.1) == pytest.approx(0.5)
    assert own(9.0, spare=0.1) == 9.0


def test_spare_share_is_a_share() -> None:
    assert usable_cpus() >= 1
    assert 0.0 < spare_share() <= 1.0


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        time.sleep(0.5)
        yield process
    finally:
        process.kill()
        process.wait()


@linux
def test_a_stopped_process_is_seen_to_be_stopped(sleeper: subprocess.Popen[bytes]) -> None:
    before = sample(sleeper.pid)
    assert before is not None and before.told
    assert held(sleeper.pid, before, before, 1.0) == ""
    os.kill(sleeper.pid, signal.SIGSTOP)
    time.sleep(0.1)
    assert held(sleeper.pid, before, before, 1.0) == "stopped"


def test_a_process_that_is_gone_has_no_sample(sleeper: subprocess.Popen[bytes]) -> None:
    assert sample(sleeper.pid) is not None
    sleeper.kill()
    sleeper.wait()
    assert sample(sleeper.pid) is None
