"""The run lock: of any number of competitors one holds it, and whoever lost it knows."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from actors.errors import ConfigError
from pipelines import lock as lock_module
from pipelines.lock import EXPIRY_S, LOCK, RunLock
from pipelines.store import Store, open_store


class Clock:
    """Seconds that pass when told to; sleeping moves them on."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return open_store(str(tmp_path) if request.param == "local" else f"memory://lock{tmp_path}")


def lock_of(store: Store, run_id: str, clock: Clock) -> RunLock:
    return RunLock(store, run_id, clock, clock.sleep)


def left_in(store: Store) -> list[str]:
    return [entry.path for entry in store.list("")]


def test_a_lock_is_taken_named_and_released(store: Store) -> None:
    clock = Clock()
    with lock_of(store, "first", clock) as held:
        assert held.still_held()
        with pytest.raises(ConfigError, match=r"(?s)first on .*, process \d+.* in (60|59) s") as caught:
            lock_of(store, "second", clock).acquire()
        assert caught.value.exit_code == 2
        assert held.still_held()
    assert left_in(store) == []
    assert not held.still_held()
    lock_of(store, "second", clock).acquire()


def test_a_lock_that_is_renewed_does_not_expire(store: Store) -> None:
    clock = Clock()
    held = lock_of(store, "first", clock)
    held.acquire()
    for _ in range(20):
        clock.sleep(EXPIRY_S / 4)
        assert held.renew()
    with pytest.raises(ConfigError):
        lock_of(store, "second", clock).acquire()


def test_an_expired_lock_is_taken_over_and_its_owner_knows(store: Store) -> None:
    clock = Clock()
    paused, second = lock_of(store, "paused", clock), lock_of(store, "second", clock)
    paused.acquire()
    clock.sleep(EXPIRY_S + 1)
    second.acquire()
    assert second.still_held() and not paused.still_held() and not paused.renew()
    paused.release()
    assert second.still_held()
    assert left_in(store) == [LOCK]


def test_the_owner_stops_a_little_before_others_start(store: Store) -> None:
    clock = Clock()
    held = lock_of(store, "first", clock)
    held.acquire()
    clock.sleep(EXPIRY_S - 3)
    assert not held.still_held()
    with pytest.raises(ConfigError):
        lock_of(store, "second", clock).acquire()


def test_a_write_that_fails_extends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    store = open_store(str(tmp_path))
    held = lock_of(store, "first", clock)
    held.acquire()
    clock.sleep(40)

    def fail(*_: object) -> None:
        raise OSError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(type(store), "put", fail)
        with pytest.raises(OSError, match="no answer"):
            held.renew()
    clock.sleep(18)
    assert not held.still_held()


def test_damage_is_no_lock(store: Store) -> None:
    clock = Clock()
    for damage in (
        b"",
        b"{",
        b"[]",
        b'{"run_id": 1}',
        b'{"run_id":"a","host":"b","pid":1,"pids":"","expires":"x"}',
    ):
        store.put(LOCK, damage)
        held = lock_of(store, "first", clock)
        held.acquire()
        held.release()
        assert left_in(store) == []


def test_a_dead_process_of_this_host_holds_nothing(store: Store) -> None:
    clock = Clock()
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    lock_of(store, "first", clock).acquire()
    owner = json.loads(store.read(LOCK))
    store.put(LOCK, json.dumps(owner | {"run_id": "dead", "pid": child.pid}).encode())
    lock_of(store, "second", clock).acquire()
    store.put(LOCK, json.dumps(owner | {"run_id": "elsewhere", "pid": child.pid, "pids": "other"}).encode())
    with pytest.raises(ConfigError, match="elsewhere"):
        lock_of(store, "third", clock).acquire()


def test_an_unreaped_process_is_dead(store: Store) -> None:
    clock = Clock()
    lock_of(store, "first", clock).acquire()
    owner = json.loads(store.read(LOCK))
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.read()
    store.put(LOCK, json.dumps(owner | {"run_id": "zombie", "pid": child.pid}).encode())
    for _ in range(100):
        if not lock_module._is_alive(child.pid):
            break
        threading.Event().wait(0.05)
    lock_of(store, "second", clock).acquire()
    child.wait()


def test_a_takeover_that_died_is_taken_over(store: Store) -> None:
    clock = Clock()
    lock_of(store, "first", clock).acquire()
    for run_id in ("dies-1", "dies-2"):
        clock.sleep(EXPIRY_S + 1)
        dying = lock_of(store, run_id, clock)
        put, type(store).put = type(store).put, _die
        try:
            with pytest.raises(KeyboardInterrupt):
                dying.acquire()
        finally:
            type(store).put = put
    assert len(left_in(store)) == 3
    with pytest.raises(ConfigError, match="dies-2"):
        lock_of(store, "early", clock).acquire()
    clock.sleep(EXPIRY_S + 1)
    last = lock_of(store, "last", clock)
    last.acquire()
    assert last.still_held()
    assert left_in(store) == [LOCK]


def _die(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("prepare", ["free", "expired", "damaged"])
@pytest.mark.parametrize("round", range(5))
def test_of_many_one_wins(tmp_path: Path, prepare: str, round: int) -> None:
    clock = Clock()
    store = open_store(str(tmp_path))
    if prepare == "expired":
        lock_of(store, "old", clock).acquire()
        clock.sleep(EXPIRY_S + 1)
    elif prepare == "damaged":
        store.put(LOCK, b"{")
    locks = [lock_of(store, f"run-{index}", clock) for index in range(8)]
    assert len(winners(locks)) == 1
    assert left_in(store) == [LOCK]


def winners(locks: list[RunLock]) -> list[RunLock]:
    """Who holds the lock after all tried at once; all others were refused."""
    start = threading.Barrier(len(locks))

    def attempt(lock: RunLock) -> bool:
        start.wait()
        try:
            lock.acquire()
        except ConfigError:
            return False
        return True

    with ThreadPoolExecutor(len(locks)) as pool:
        won = list(pool.map(attempt, locks))
    held = [lock for lock in locks if lock.still_held()]
    assert held == [lock for lock, one in zip(locks, won, strict=True) if one]
    return held


class Overtaken:
    """A store whose `put_if_absent` is not exact: `meanwhile` happens before it answers True."""

    def __init__(self, store: Store, meanwhile: Callable[[], None]) -> None:
        self._store = store
        self._meanwhile = meanwhile
        self.exclusive = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def put_if_absent(self, path: str, content: bytes) -> bool:
        if self._store.exists(path):
            return False
        self._store.put(path, content)
        self._meanwhile()
        return True


def test_without_conditional_writes_the_last_writer_wins(tmp_path: Path) -> None:
    clock = Clock()
    store = open_store(str(tmp_path))
    other = lock_of(store, "other", clock)

    def overtake() -> None:
        store.delete(LOCK)
        other.acquire()

    first = RunLock(Overtaken(store, overtake), "first", clock, clock.sleep)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="other"):
        first.acquire()
    assert other.still_held() and not first.still_held()


def test_the_renewer_outlives_a_store_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_module, "EXPIRY_S", 5.4)
    monkeypatch.setattr(lock_module, "MARGIN_S", 0.1)
    store = open_store(str(tmp_path))
    failures = iter([RuntimeError("no answer"), OSError("no answer")])
    put = type(store).put

    def failing(self: Store, path: str, content: bytes) -> None:
        for failure in failures:
            raise failure
        put(self, path, content)

    monkeypatch.setattr(type(store), "put", failing)
    with RunLock(store, "first") as held:
        before = json.loads(store.read(LOCK))["expires"]
        for _ in range(120):
            if json.loads(store.read(LOCK))["expires"] > before:
                break
            threading.Event().wait(0.05)
        assert json.loads(store.read(LOCK))["expires"] > before
        assert held.still_held()


def test_a_release_that_fails_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(str(tmp_path))

    def fail(*_: object) -> None:
        raise OSError("no answer")

    with pytest.raises(ZeroDivisionError), RunLock(store, "first"):
        monkeypatch.setattr(type(store), "delete", fail)
        raise ZeroDivisionError


def lock_content(**changes: object) -> bytes:
    owner = {"run_id": "theirs", "host": "h", "pid": 7, "pids": "p", "expires": 1_000_030.0}
    return json.dumps(owner | changes).encode()


NO_LOCKS = (
    b"null",
    b"[[1]]",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"expires":' + b"[" * 100_000,
    lock_content(expires=float("nan")),
    lock_content(expires=float("inf")),
    lock_content(expires=True),
    lock_content(expires=None),
    lock_content(expires=10**400),
    lock_content(expires=-1e300),
    lock_content(expires=999_999),
)
LOCKS = (
    lock_content(more={"of": "a newer release"}),
    lock_content(expires=1_000_030),
    *(lock_content(pid=pid) for pid in (-1, 0, True, 10**30, 2**31, 1.5, "7", None, [7])),
    *(lock_content(host=host) for host in (None, 5, "\x1b[2J", "x" * 5000)),
    lock_content(run_id=["theirs"], pids={}),
    b'{"expires": 1000030.0}',
)
ENDLESS = tuple(lock_content(expires=end) for end in (4e9, 1e300, 10**300, 1_000_066.0))


@pytest.mark.parametrize("content", NO_LOCKS)
def test_what_nobody_can_hold_is_no_lock(store: Store, content: bytes) -> None:
    store.put(LOCK, content)
    lock_of(store, "first", Clock()).acquire()


@pytest.mark.parametrize("pids", ["p", lock_module._pids()])
@pytest.mark.parametrize("content", LOCKS)
def test_a_lock_that_another_release_may_have_written_counts(
    store: Store, content: bytes, pids: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it ends, and whatever its process id is: none of these is one that this host could look for."""
    monkeypatch.setattr(lock_module, "_pids", lambda: pids)
    monkeypatch.setattr(lock_module.socket, "gethostname", lambda: "elsewhere")
    clock = Clock()
    store.put(LOCK, content)
    with pytest.raises(ConfigError, match=r"(?s)holds the lock.*in 30 s") as caught:
        lock_of(store, "first", clock).acquire()
    assert "\x1b" not in str(caught.value) and store.read(LOCK) == content
    clock.sleep(31)
    lock_of(store, "first", clock).acquire()


@pytest.mark.parametrize("content", ENDLESS)
def test_a_lock_that_ends_too_late_names_the_file_to_remove(store: Store, content: bytes) -> None:
    """A clock was wrong: nobody can say whose, so it is not taken over."""
    store.put(LOCK, content)
    with pytest.raises(ConfigError) as caught:
        lock_of(store, "first", Clock()).acquire()
    assert "later than any can" in caught.value.why
    assert store.location(LOCK) in caught.value.remedy and "no rayocr works" in caught.value.remedy
    assert store.read(LOCK) == content


def test_a_claim_that_ends_too_late_is_named(store: Store) -> None:
    store.put(LOCK, b"{")
    claim = lock_module._claim(b"{")
    store.put(claim, ENDLESS[0])
    with pytest.raises(ConfigError) as caught:
        lock_of(store, "first", Clock()).acquire()
    assert store.location(claim) in caught.value.remedy


def test_what_is_no_claim_stays_when_a_lock_is_released(store: Store) -> None:
    for name in ("notes.txt", "0123.json", "0123456789abcdeF.json", ".tmp-1"):
        store.put(f"_lock/{name}", b"mine")
    with lock_of(store, "first", Clock()):
        store.put("_lock/0123456789abcdef.json", b"{")
    assert len(left_in(store)) == 4
