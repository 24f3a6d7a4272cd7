"""Defects that schedules found, each as small as it can be told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO

import pytest

from pipelines.ledger import Ledger
from pipelines.lock import CLAIMS, EXPIRY_S, LOCK, RunLock
from pipelines.stores.local import LocalStore
from pipelines.supersede import SWAP, finish_swaps
from tests.pipelines.outputs import document, publish, ref
from tests.simulation.clock import Clock, Process
from tests.simulation.schedule import run_fault
from tests.simulation.store import FATES, Bucket, Fate, SimulatedStore
from tests.simulation.world import Document, Scenario, simulated


class Time:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class SlowStore(LocalStore):
    """A disk on which one kind of call takes a minute and a half; meanwhile another run works and ends."""

    time: Time
    slow: str

    def read(self, path: str) -> bytes:
        content = super().read(path)
        self._wait("read")
        return content

    def put(self, path: str, content: bytes) -> None:
        self._wait("put")
        super().put(path, content)

    def _wait(self, call: str) -> None:
        if self.slow == call:
            object.__setattr__(self, "slow", "")
            self.time.now += EXPIRY_S + 30
            other = RunLock(LocalStore(self.root), "other", self.time)
            other.acquire()
            other.release()


@pytest.mark.parametrize("call", ["read", "put"])
def test_a_renewal_that_took_too_long_does_not_bring_the_lock_back(tmp_path: Path, call: str) -> None:
    """A laptop that sleeps in the middle of it: pages were then published twice."""
    store, time = SlowStore(str(tmp_path)), Time()
    for name, value in (("time", time), ("slow", "")):
        object.__setattr__(store, name, value)
    lock = RunLock(store, "sleeper", time)
    lock.acquire()
    object.__setattr__(store, "slow", call)
    assert not lock.renew()
    assert not lock.still_held()


@pytest.mark.parametrize("disk", [True, False])
def test_a_driver_that_sleeps_while_it_renews_publishes_nothing_twice(disk: bool) -> None:
    job = (Document("d0", 1), Document("d1", 3), Document("d2", 2, before="1"))
    with simulated():
        for number in range(10, 25):
            run_fault(Scenario(job, rows_a_file=2, work_s=8, disk=disk), number, FATES["pause"], 45.0)


def test_a_journal_whose_new_files_were_swept_takes_nothing_away(tmp_path: Path) -> None:
    """Its writer had lost the lock before it wrote it: the old file is all there is of its rows."""
    store = LocalStore(str(tmp_path))
    old = publish(store, "old", document("a", 2))
    swap = {"old": old, "staged": "_staging/dead/x.parquet", "new": "pages/x.parquet"}
    store.put(f"{SWAP}/dead.json", json.dumps([swap]).encode())
    finish_swaps(store)
    assert Ledger.load(store).complete([ref("a")]).all()
    assert not store.list(SWAP)


def test_claims_of_those_that_died_go_with_the_next_lock(tmp_path: Path) -> None:
    store, time = LocalStore(str(tmp_path)), Time()
    RunLock(store, "dead", time).acquire()
    store.put(f"{CLAIMS}/0123.json", store.read(LOCK))
    time.now += EXPIRY_S + 1
    lock = RunLock(store, "next", time)
    lock.acquire()
    lock.release()
    assert not store.list("")


class MovingStore(LocalStore):
    """A table whose file is replaced between listing and reading."""

    def open(self, path: str) -> IO[bytes]:
        if self.exists("pages/old.parquet"):
            self.move("pages/old.parquet", "pages/new.parquet")
        return super().open(path)


def test_a_ledger_beside_a_command_that_replaces_files_looks_again(tmp_path: Path) -> None:
    store = MovingStore(str(tmp_path))
    publish(store, "old", document("a", 2))
    assert Ledger.load(store).complete([ref("a")]).all()


def test_a_late_write_lands_after_its_caller_gave_up() -> None:
    """The simulated store itself: the worst that it does."""
    clock, heard = Clock(), []
    bucket = Bucket(clock)
    store = SimulatedStore(bucket, Process("one"), lambda _: Fate("late", 60.0, 5.0, error=True))

    def work() -> None:
        with pytest.raises(OSError, match="no answer"):
            store.put("x", b"late")
        heard.append(("gave up", clock.now, "x" in bucket.objects))

    clock.start(store.process, work)
    clock.run()
    assert heard == [("gave up", 1_000_005.0, False)]
    assert bucket.objects == {"x": b"late"}
