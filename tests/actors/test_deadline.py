"""Deadlines: a process that is kept waiting is not late, and one that hangs is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

import pytest

from actors.codec import Codec
from actors.deadline import Deadline, Stopwatch, deadline
from actors.process import ChildProcess, ChildTimeoutError, send_message
from actors.scheduling import Sample, Share
from actors.wire import Bounds
from tests.actors.starving import starved

HERE = "tests.actors.test_deadline"


@dataclass(frozen=True, slots=True)
class Said:
    text: str


CODEC = Codec(Said)


def heard(child: ChildProcess, seconds: float) -> str:
    return child.receive_message(CODEC, Bounds(1000), deadline(seconds, child.pid)).text


linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts how long threads wait")


class Machine:
    """A clock and a process of one thread, moved on by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.had = Share()

    def watch(self) -> Stopwatch:
        return Stopwatch(1, look=lambda _pid: Sample({1: self.had}), clock=lambda: self.now)

    def goes_on(self, seconds: float, ran: float = 0.0, waited: float = 0.0) -> None:
        self.now += seconds
        self.had = Share(self.had.ran_s + ran, self.had.waited_s + waited)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr("actors.deadline.held", lambda *_: "")
    return Machine()


def test_a_process_that_sleeps_is_late_by_the_clock(machine: Machine) -> None:
    end = Deadline(3.0, machine.watch())
    looks = 0
    while not end.passed():
        machine.goes_on(end.pause_s)
        looks += 1
    assert machine.now == pytest.approx(103.0, abs=0.1)
    assert looks <= 5
    assert str(end) == "3 s"


def test_a_process_that_waits_nine_tenths_gets_ten_times_as_long(machine: Machine) -> None:
    end = Deadline(3.0, machine.watch())
    while not end.passed():
        machine.goes_on(end.pause_s, ran=end.pause_s / 10, waited=end.pause_s * 0.9)
    assert machine.now == pytest.approx(130.0, abs=2)
    assert str(end).startswith("3 s of its own (")
    assert "the machine was busy" in str(end)


def test_a_burner_is_late_by_what_it_burned_however_much_it_waits(machine: Machine) -> None:
    end = Deadline(3.0, machine.watch())
    while not end.passed():
        machine.goes_on(end.pause_s, ran=end.pause_s / 2, waited=end.pause_s * 5)
    assert machine.now == pytest.approx(106.0, abs=0.5)


def test_a_laptop_that_slept_made_nobody_late(machine: Machine) -> None:
    end = Deadline(30.0, machine.watch())
    machine.goes_on(3600.0)
    assert not end.passed()
    assert end.pause_s > 0


def answer_after_work(conn: Connection, cpu_s: float) -> None:
    """Say hello, then answer after so much work."""
    send_message(conn, CODEC, Said("hello"))
    while time.process_time() < cpu_s:
        pass
    send_message(conn, CODEC, Said("done"))
    time.sleep(3600)


def answer_never(conn: Connection, how: str) -> None:
    send_message(conn, CODEC, Said("hello"))
    threading.Thread(target=_poll, daemon=True).start()
    while how == "burns":
        pass
    threading.Event().wait()


def _poll() -> None:
    """What a library's own threads do beside one that hangs."""
    while True:
        time.sleep(0.1)


@linux
@pytest.mark.faults
@pytest.mark.slow
def test_a_starved_child_is_not_late() -> None:
    """It works for one second and a bit, and has two; by the clock it takes nine times as long."""
    with starved():
        child = ChildProcess(f"{HERE}:answer_after_work", (1.5,))
        with child:
            assert heard(child, 120) == "hello"
            began = time.monotonic()
            assert heard(child, 2.0) == "done"
            took = time.monotonic() - began
    assert took > 3.0, "the machine was not busy, so this showed nothing"


@linux
@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.parametrize("how", ["sleeps", "burns"])
def test_a_hanging_child_ends_on_a_busy_machine_too(how: str) -> None:
    with starved(loops=4), ChildProcess(f"{HERE}:answer_never", (how,)) as child:
        assert heard(child, 120) == "hello"
        with pytest.raises(ChildTimeoutError, match="within 1 s"):
            heard(child, 1.0)


@pytest.mark.faults
@pytest.mark.parametrize("how", ["sleeps", "burns"])
def test_a_hanging_child_ends_in_time(how: str) -> None:
    with ChildProcess(f"{HERE}:answer_never", (how,)) as child:
        assert heard(child, 120) == "hello"
        began = time.monotonic()
        with pytest.raises(ChildTimeoutError, match="gave no answer within 1 s"):
            heard(child, 1.0)
        assert 1.0 <= time.monotonic() - began < 30.0


@linux
@pytest.mark.faults
def test_a_stopped_child_is_not_late() -> None:
    with ChildProcess(f"{HERE}:answer_after_work", (0.0,)) as child:
        os.kill(child.pid, signal.SIGSTOP)
        later = subprocess.Popen(["sh", "-c", f"sleep 2; kill -CONT {child.pid}"])
        try:
            assert heard(child, 1.5) == "hello"
        finally:
            later.wait()


def test_a_deadline_of_this_process() -> None:
    end = deadline(0.3)
    began = time.monotonic()
    while not end.passed():
        time.sleep(end.pause_s)
    assert 0.3 <= time.monotonic() - began < 10.0


def test_where_nobody_counts_the_waiting_a_hang_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS: half of the wall time, and less where the load is high."""
    monkeypatch.setattr("actors.scheduling._counts_waiting", lambda: False)
    monkeypatch.setattr("actors.deadline.spare_share", lambda: 0.5)
    watch = Stopwatch()
    end = Deadline(0.1, watch)
    began = time.monotonic()
    while not end.passed():
        time.sleep(end.pause_s)
    assert 0.2 <= time.monotonic() - began < 10.0
    assert watch.own_s < watch.wall_s
