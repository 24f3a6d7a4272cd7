"""Publishing: a staged file becomes part of the output once, under the lock, and overwrites nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.contracts import Receipt
from actors.errors import IncompleteError
from pipelines.lock import LOCK, RunLock
from pipelines.publish import Publisher
from pipelines.store import Store, open_store
from tests.pipelines.outputs import OTHER_RUN, RUN, rows_name


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return open_store(str(tmp_path) if request.param == "local" else f"memory://publish{tmp_path}")


@pytest.fixture
def lock(store: Store) -> RunLock:
    held = RunLock(store, "run", sleep=lambda _: None)
    held.acquire()
    return held


def staged(store: Store, name: str = "x", content: bytes = b"rows", run_id: str = "run") -> Receipt:
    path = f"_staging/{run_id}/{name}.parquet"
    store.put(path, content)
    return Receipt(path, 1, len(content), 1, 0, 0, "", {}, 0.0)


def names(store: Store) -> list[str]:
    return [entry.path for entry in store.list("") if entry.path != LOCK]


def test_a_file_is_moved_once(store: Store, lock: RunLock) -> None:
    publisher = Publisher(store, lock, "run")
    receipt = staged(store)
    assert publisher.publish(receipt) == "pages/x.parquet"
    assert publisher.publish(receipt) == "pages/x.parquet"
    assert names(store) == ["pages/x.parquet"]
    assert store.read("pages/x.parquet") == b"rows"


def test_a_move_that_was_cut_off_is_finished(store: Store, lock: RunLock) -> None:
    receipt = staged(store)
    store.put("pages/x.parquet", b"rows")
    Publisher(store, lock, "run").publish(receipt)
    assert names(store) == ["pages/x.parquet"]


def test_another_file_is_never_overwritten(store: Store, lock: RunLock) -> None:
    receipt = staged(store)
    store.put("pages/x.parquet", b"other")
    with pytest.raises(IncompleteError, match="is another file"):
        Publisher(store, lock, "run").publish(receipt)
    assert store.read("pages/x.parquet") == b"other"
    assert store.read(receipt.path) == b"rows"


def test_a_staged_file_that_is_gone(store: Store, lock: RunLock) -> None:
    receipt = staged(store)
    store.delete(receipt.path)
    with pytest.raises(IncompleteError, match="is gone"):
        Publisher(store, lock, "run").publish(receipt)


def test_nothing_is_published_or_swept_without_the_lock(store: Store, lock: RunLock) -> None:
    receipt = staged(store)
    lock.release()
    for attempt in (
        lambda: Publisher(store, lock, "run").publish(receipt),
        Publisher(store, lock, "run").sweep,
    ):
        with pytest.raises(IncompleteError, match="lost its lock"):
            attempt()
    assert names(store) == [receipt.path]


def test_a_store_that_fails_is_named(store: Store, lock: RunLock, monkeypatch: pytest.MonkeyPatch) -> None:
    receipt = staged(store)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for method in ("move", "read", "exists", "list"):
        with monkeypatch.context() as patch, pytest.raises(IncompleteError, match="No space left"):
            patch.setattr(type(store), method, fail)
            Publisher(store, lock, "run").publish(receipt)
            Publisher(store, lock, "run").sweep()
    assert Publisher(store, lock, "run").publish(receipt) == "pages/x.parquet"


def test_sweep_leaves_the_own_run_and_what_is_published(store: Store) -> None:
    lock = RunLock(store, RUN, sleep=lambda _: None)
    lock.acquire()
    own = staged(store, rows_name(1), run_id=RUN)
    staged(store, rows_name(1, OTHER_RUN), run_id=OTHER_RUN)
    longer = f"{RUN[:-8]}{RUN[-8:-1]}f"
    staged(store, rows_name(2, longer), run_id=longer)
    store.put(f"_staging/.tmp-{0:032x}", b"")
    store.put("pages/p.parquet", b"rows")
    publisher = Publisher(store, lock, RUN)
    assert publisher.sweep() == 3
    assert publisher.sweep() == 0
    assert names(store) == [own.path, "pages/p.parquet"]
