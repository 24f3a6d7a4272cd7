"""Defects that schedules found, each as small as it can be told."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest

from actors.errors import IncompleteError
from pipelines.journal import SWAP
from pipelines.ledger import Ledger
from pipelines.lock import CLAIMS, EXPIRY_S, LOCK, RunLock
from pipelines.retry import drop_retried
from pipelines.stage import parquet_bytes
from pipelines.store import Entry
from pipelines.stores.local import LocalStore
from pipelines.supersede import finish_swaps
from tests.pipelines.outputs import RUN, Row, document, publish, ref, rows_name, table
from tests.simulation.clock import Clock, Process
from tests.simulation.job import Document, Scenario
from tests.simulation.schedule import run_fault
from tests.simulation.store import FATES, Bucket, Fate, SimulatedStore
from tests.simulation.systematic import SCENARIOS
from tests.simulation.world import simulated

LATE, BEGUN = rows_name(1), rows_name(2)
"""Names of files: the journal of the late one comes first."""


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
    name = rows_name(1)
    swap = {"old": old, "staged": f"_staging/{RUN}/{name}.parquet", "new": f"pages/{name}.parquet"}
    store.put(f"{SWAP}/{name}.json", json.dumps([swap]).encode())
    finish_swaps(store)
    assert Ledger.load(store).complete([ref("a")]).all()
    assert not store.list(SWAP)


def test_a_journal_whose_old_files_were_replaced_meanwhile_brings_nothing_back(tmp_path: Path) -> None:
    """Its writer slept between reading the old file and staging the new one, after the sweep of another run:
    the rows were there twice, for ever."""
    store = LocalStore(str(tmp_path))
    old = publish(store, "old", document("a", 2))
    kept = publish(store, "kept", document("b", 2))
    staged = _staged(store, LATE, [*document("a", 2), *document("b", 2)])
    _journal(store, LATE, [(old, *staged), (kept, *staged)])
    store.move(old, "pages/old-without-something.parquet")
    finish_swaps(store)
    assert _rows(store) == {"a": 2, "b": 2}
    assert not store.list(SWAP)


def test_of_two_journals_the_one_that_was_begun_is_finished_first(tmp_path: Path) -> None:
    """The other's writer had lost the lock, and wants the same old file, whose new one is there already."""
    store = LocalStore(str(tmp_path))
    old, other = publish(store, "old", document("a", 2)), publish(store, "other", document("b", 2))
    late, begun = (
        _staged(store, LATE, [*document("a", 2), *document("b", 2)]),
        _staged(store, BEGUN, []),
    )
    _journal(store, LATE, [(old, *late), (other, *late)])
    publish(store, BEGUN, document("a", 2))
    _journal(store, BEGUN, [(old, *begun)])
    store.delete(begun[0])
    finish_swaps(store)
    assert _rows(store) == {"a": 2, "b": 2}
    assert not store.list(SWAP)


def test_two_replacements_of_a_run_have_journals_of_their_own(tmp_path: Path) -> None:
    """The store may repeat a delete a minute later: it must not take the journal of the next replacement."""
    store = LocalStore(str(tmp_path))
    journals = []
    for number in range(2):
        publish(store, f"{number}", [Row("a"), Row("a", status="failed", code="ocr.timeout")])
        held = iter([True, False])  # until the journal is written
        with suppress(IncompleteError):
            drop_retried(store, RUN, Ledger.load(store), lambda held=held: next(held))
        journals += [entry.path for entry in store.list(SWAP)]
        finish_swaps(store)
    assert len(set(journals)) == 2


class ReplacedStore(LocalStore):
    """A table whose file is replaced once it was read, before it is read or listed again."""

    opened: list[str]

    def open(self, path: str) -> IO[bytes]:
        if path in self.opened:
            self._replace()
        self.opened.append(path)
        return super().open(path)

    def list(self, prefix: str) -> list[Entry]:
        if self.opened:
            self._replace()
        return super().list(prefix)

    def _replace(self) -> None:
        if self.exists("pages/new.parquet"):
            self.move("pages/new.parquet", "pages/newer.parquet")


def test_the_row_that_stays_is_not_dropped_because_its_file_was_replaced(tmp_path: Path) -> None:
    """A run that slept between ranking failed rows and taking them out, while others compacted."""
    store = ReplacedStore(str(tmp_path))
    object.__setattr__(store, "opened", [])
    failed = Row("a", 0, 1, status="failed", code="ocr.timeout")
    for name in ("old", "new"):
        publish(store, name, [failed])
    with suppress(FileNotFoundError):
        drop_retried(store, RUN, Ledger.load(LocalStore(str(tmp_path))), lambda: True)
    finish_swaps(LocalStore(str(tmp_path)))
    assert _rows(LocalStore(str(tmp_path)))["a"] >= 1


def test_a_retry_that_slept_brings_no_row_twice() -> None:
    """As the simulation had found it."""
    with simulated():
        for number in range(1, 14):
            run_fault(SCENARIOS["retry, disk"], number, FATES["pause"], 45.0)


def test_a_ledger_beside_a_long_compaction_reads_only_what_is_new(tmp_path: Path) -> None:
    """Three looks at everything were not enough."""
    store = BusyStore(str(tmp_path))
    for number in range(6):
        publish(store, f"{number}", document(f"{number}", 2))
    object.__setattr__(store, "left", 6)
    assert Ledger.load(store).totals.rows == 12


class BusyStore(LocalStore):
    """A table of which a file is replaced after each listing, so long as some are left."""

    left: int

    def list(self, prefix: str) -> list[Entry]:
        found = super().list(prefix)
        if self.left:
            object.__setattr__(self, "left", self.left - 1)
            self.move(f"pages/{self.left}.parquet", f"pages/new-{self.left}.parquet")
        return found


def _staged(store: LocalStore, name: str, rows: list[Row]) -> tuple[str, str]:
    """A staged file, and the name that it is to get."""
    path = f"_staging/{RUN}/{name}.parquet"
    store.put(path, parquet_bytes(table(rows), "fingerprint"))
    return path, f"pages/{name}.parquet"


def _journal(store: LocalStore, name: str, swaps: list[tuple[str, str, str]]) -> None:
    told = [{"old": old, "staged": staged, "new": new} for old, staged, new in swaps]
    store.put(f"{SWAP}/{name}.json", json.dumps(told).encode())


def _rows(store: LocalStore) -> dict[str, int]:
    """Rows by document."""
    ledger = Ledger.load(store)
    found = {key: ledger.rows_of(ref(key)) for key in "ab"}
    return {key: one.rows for key, one in found.items() if one is not None}


def test_claims_of_those_that_died_go_with_the_next_lock(tmp_path: Path) -> None:
    store, time = LocalStore(str(tmp_path)), Time()
    RunLock(store, "dead", time).acquire()
    store.put(f"{CLAIMS}/0123456789abcdef.json", store.read(LOCK))
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
