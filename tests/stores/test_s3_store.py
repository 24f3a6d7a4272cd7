"""An output in a bucket: whole objects, one lock, one ledger."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from actors.contracts import Receipt
from actors.errors import ConfigError, IncompleteError
from pipelines.ledger import Ledger
from pipelines.lock import EXPIRY_S, LOCK, RunLock
from pipelines.publish import Publisher
from pipelines.store import Entry, Store, open_store
from tests.pipelines.outputs import OTHER_RUN, RUN, document, publish, ref, rows_name
from tests.stores.conftest import Bucket

pytestmark = pytest.mark.stores


@pytest.fixture
def store(bucket: Bucket) -> Store:
    return open_store(f"{bucket.uri}/out put#1", bucket.options)


class Clock:
    """Seconds that pass when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_objects(store: Store, bucket: Bucket) -> None:
    assert store.list("") == [] and not store.exists("a/x")
    store.put("a/x", b"12")
    store.put("a/b/y#?.z", b"1")
    bucket.put("out put#1/marker/", b"")
    bucket.put("out put#10/other", b"")
    assert store.list("") == [Entry("a/b/y#?.z", 1), Entry("a/x", 2)]
    assert store.list("a/b") == [Entry("a/b/y#?.z", 1)]
    assert store.list("none") == []
    assert store.exists("a/x") and not store.exists("a")
    assert store.read("a/x") == b"12"
    with store.open("a/x") as file:
        file.seek(1)
        assert file.read() == b"2"
    store.move("a/x", "c")
    assert store.read("c") == b"12" and not store.exists("a/x")
    store.delete("c")
    store.delete("c")
    for call in (lambda: store.read("c"), lambda: store.open("c"), lambda: store.move("c", "d")):
        with pytest.raises(FileNotFoundError):
            call()
    assert store.location("a/x") == f"{bucket.uri}/out put#1/a/x"


def test_what_others_write_is_seen(store: Store, bucket: Bucket) -> None:
    store.put("pages/1", b"x")
    assert len(store.list("pages")) == 1
    bucket.put("out put#1/pages/2", b"x")
    assert store.exists("pages/2") and len(store.list("pages")) == 2


def test_put_if_absent_is_conditional(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.put_if_absent("x", b"first")
    assert not store.put_if_absent("x", b"second")
    answers = iter([False, True])  # as if the other wrote a moment after the first look
    monkeypatch.setattr(type(store), "exists", lambda *_: next(answers))
    assert not store.put_if_absent("x", b"second")
    assert store.read("x") == b"first"


def test_a_write_whose_answer_was_lost_is_ours(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put("x", b"ours")
    answers = iter([False, True])
    monkeypatch.setattr(type(store), "exists", lambda *_: next(answers))
    assert store.put_if_absent("x", b"ours")


def test_a_store_travels_to_workers_and_keeps_secrets(store: Store) -> None:
    store.put("x", b"1")
    there = pickle.loads(pickle.dumps(store))
    assert there.read("x") == b"1"
    assert "hunter2" not in repr(store)


def test_check_writable(store: Store, bucket: Bucket) -> None:
    store.check_writable()
    assert bucket.keys() == []
    with pytest.raises(ConfigError, match="no-such-bucket-here cannot be written"):
        open_store("s3://no-such-bucket-here", bucket.options).check_writable()


@pytest.mark.parametrize("expired", [False, True])
@pytest.mark.parametrize("round", range(3))
def test_of_two_competitors_one_holds_the_lock(store: Store, expired: bool, round: int) -> None:
    clock = Clock()
    together = threading.Barrier(2, timeout=30)

    def settle(_: float) -> None:
        """Both have written before either reads back; a loser that was refused before is not waited for."""
        try:
            together.wait(timeout=1)
        except threading.BrokenBarrierError:
            together.reset()

    if expired:
        RunLock(store, "old", clock, lambda _: None).acquire()
        clock.now += EXPIRY_S + 1
    locks = [RunLock(store, f"run-{index}", clock, settle) for index in range(2)]

    def attempt(lock: RunLock) -> bool:
        try:
            lock.acquire()
        except ConfigError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        won = list(pool.map(attempt, locks))
    assert [lock.still_held() for lock in locks] == won
    assert sum(won) == 1
    assert [entry.path for entry in store.list("")] == [LOCK]


def test_lock_publish_ledger(store: Store) -> None:
    clock = Clock()
    lock = RunLock(store, "run", clock, lambda _: None)
    lock.acquire()
    publisher = Publisher(store, lock, "run")
    path = publish(store, "x", document("a", 2))
    staged = "_staging/run/run-1.parquet"
    store.move(path, staged)
    store.put(f"_staging/{RUN}/{rows_name(1)}.parquet", b"rubbish")
    assert publisher.sweep() == 1
    receipt = Receipt(staged, 2, 1, 2, 0, 0, "", {}, 0.0)
    assert publisher.publish(receipt) == publisher.publish(receipt) == "pages/run-1.parquet"
    assert [one.key for one in Ledger.load(store).pending([ref("a"), ref("b")])] == ["b"]
    store.put(staged, store.read("pages/run-1.parquet"))  # cut off between copy and delete
    publisher.publish(receipt)
    assert not store.exists(staged)
    clock.now += EXPIRY_S
    with pytest.raises(IncompleteError, match="lost its lock"):
        publisher.publish(receipt)
    lock.release()
    assert [entry.path for entry in store.list("")] == ["pages/run-1.parquet"]


def test_a_torn_file_in_a_bucket_is_named(store: Store) -> None:
    path = publish(store, "x", document("a", 2))
    store.put(path, store.read(path)[:-9])
    with pytest.raises(ConfigError, match=r"pages/x.parquet"):
        Ledger.load(store)


def test_odd_keys_and_names_that_go_on_are_not_the_outputs(bucket: Bucket) -> None:
    """Keys may hold `..` and `//`, folders may be marked by objects, and `out2` begins as `out` does."""
    store = open_store(f"{bucket.uri}/out", bucket.options)
    others = (
        "out",
        "out2/_staging/x",
        "out/_staging",
        "out/_staging/",
        "out/_staging2/x",
        f"out/_staging/../{rows_name(1)}.parquet",
        f"out/_staging//{RUN}/{rows_name(1)}.parquet",
        "out/_staging/thesis.tex",
    )
    for key in others:
        bucket.put(key)
    store.put(f"_staging/{RUN}/{rows_name(2)}.parquet", b"rubbish")
    lock = RunLock(store, OTHER_RUN, sleep=lambda _: None)
    lock.acquire()
    assert Publisher(store, lock, OTHER_RUN).sweep() == 1
    lock.release()
    assert set(bucket.keys()) == set(others)
    for path in ("../out2/_staging/x", "_staging//x", "_staging/../x", "/out2"):
        with pytest.raises(ConfigError, match="is no path inside an output"):
            store.delete(path)


def test_older_versions_of_objects_stay_in_a_bucket_that_keeps_them(store: Store, bucket: Bucket) -> None:
    bucket.client().put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    store.put("_lock.json", b"first")
    store.put("_lock.json", b"second")
    store.delete("_lock.json")
    assert not store.exists("_lock.json") and store.list("") == []
    assert store.put_if_absent("_lock.json", b"third")
    kept = bucket.client().list_object_versions(Bucket=bucket.name)["Versions"]
    assert len(kept) == 3
