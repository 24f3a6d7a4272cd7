"""Work done ahead: as in turn, really at the same time, bounded, and over when it is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.engines.fast.ahead import THREADS, Hands, InTurn, Together, hands_for, slices
from actors.engines.fast.stages import Stages
from actors.runtimes.contracts import Array, Floats

PATIENCE_S = 30
"""How long a thread waits for another before the test has failed."""

Hook = Callable[[int], None]


def nothing(_batch: int) -> None:
    """Of this kind are hooks: told the batch's number."""


class Scripted:
    """Steps over batches that are (number, rows): a row is filled with its number, and doubled by the model.

    Hooks are called where a step begins; `threads` has the names of those that did each step.
    """

    def __init__(self, **hooks: Hook) -> None:
        self._hooks = hooks
        self._lock = threading.Lock()
        self.threads: dict[str, set[str]] = {}
        self.active = 0
        self.calls = 0

    def _step(self, name: str, number: int) -> None:
        with self._lock:
            self.calls += 1
            self.active += 1
            self.threads.setdefault(name, set()).add(threading.current_thread().name)
        try:
            self._hooks.get(name, nothing)(number)
        finally:
            with self._lock:
                self.active -= 1

    def rows(self, batch: tuple[int, int]) -> int:
        return batch[1]

    def begin(self, batch: tuple[int, int]) -> Floats:
        self._step("begin", batch[0])
        empty = np.full((batch[1], 2), -1, np.float32)
        empty[:, 1] = batch[0]
        return empty

    def fill(self, batch: tuple[int, int], rows: slice, target: Floats) -> None:
        self._step("fill", batch[0])
        target[:, 0] = np.arange(batch[1])[rows] + 1000 * batch[0]

    def run(self, batch: Floats) -> Sequence[Array]:
        self._step("run", int(batch[0, 1]) if len(batch) else -1)
        return batch[:, 0] * 2, batch[:, 1]

    def finish(self, batch: tuple[int, int], rows: slice, outputs: Sequence[Array]) -> list[tuple[int, ...]]:
        self._step("finish", batch[0])
        places = range(batch[1])[rows]
        return [
            (place, int(double), int(number)) for place, double, number in zip(places, *outputs, strict=True)
        ]


def numbered(rows: Sequence[int]) -> list[tuple[int, int]]:
    return list(enumerate(rows))


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith(THREADS)]


@pytest.fixture
def hands() -> Iterator[Together]:
    made = Together(3, Stages(), depth=2)
    yield made
    made.close()


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.integers(0, 9), max_size=12), workers=st.integers(1, 5), depth=st.integers(1, 4))
def test_it_gives_what_working_in_turn_gives(rows: list[int], workers: int, depth: int) -> None:
    batches = numbered(rows)
    expected = InTurn().work(Scripted(), batches)
    assert [len(found) for found in expected] == rows
    together = Together(workers, Stages(), depth)
    try:
        assert together.work(Scripted(), iter(batches)) == expected
        assert together.map(lambda one: one * 2, rows) == [one * 2 for one in rows]
    finally:
        together.close()
    assert threads() == []


def test_a_model_runs_in_the_callers_thread_and_the_rest_does_not(hands: Together) -> None:
    steps, own = Scripted(), threading.current_thread().name
    hands.work(steps, numbered([4, 4, 4]))
    assert steps.threads["run"] == steps.threads["begin"] == {own}
    for name in ("fill", "finish"):
        assert all(thread.startswith(THREADS) for thread in steps.threads[name])


def test_in_turn_everything_is_in_the_callers_thread() -> None:
    steps = Scripted()
    InTurn().work(steps, numbered([4, 4]))
    assert set.union(*steps.threads.values()) == {threading.current_thread().name}


def test_the_next_is_filled_and_the_last_is_finished_while_one_is_computed(hands: Together) -> None:
    filling, finishing = threading.Event(), threading.Event()

    def fill(number: int) -> None:
        if number == 2:
            filling.set()

    def finish(number: int) -> None:
        if number == 0:
            finishing.set()

    def run(number: int) -> None:
        if number == 1:  # it ends only once both have begun
            assert filling.wait(PATIENCE_S)
            assert finishing.wait(PATIENCE_S)

    hands.work(Scripted(fill=fill, run=run, finish=finish), numbered([2, 2, 2]))


def test_rows_of_a_batch_are_filled_and_finished_at_the_same_time(hands: Together) -> None:
    filling, finishing = threading.Barrier(3), threading.Barrier(3)

    def fill(_batch: int) -> None:
        filling.wait(PATIENCE_S)

    def finish(_batch: int) -> None:
        finishing.wait(PATIENCE_S)

    steps = Scripted(fill=fill, finish=finish)
    assert hands.work(steps, numbered([6])) == InTurn().work(Scripted(), numbered([6]))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_so_many_batches_and_no_more_are_in_memory(depth: int) -> None:
    most, lock, enough = 2 * depth + 1, threading.Lock(), threading.Event()
    begun: set[int] = set()
    seen: list[int] = []
    finished: set[int] = set()

    def begin(number: int) -> None:
        with lock:
            begun.add(number)
            seen.append(len(begun) - len(finished))
        if len(begun) == most:
            enough.set()

    def finish(number: int) -> None:
        if number == 0:
            assert enough.wait(PATIENCE_S), "it stopped before it was as far ahead as may be"
        with lock:
            finished.add(number)

    made = Together(2, Stages(), depth)
    try:
        made.work(Scripted(begin=begin, finish=finish), numbered([1] * 20))
    finally:
        made.close()
    assert max(seen) <= most


def test_before_the_first_is_computed_no_more_are_begun_than_may_wait(hands: Together) -> None:
    begun: list[int] = []
    at_first: list[int] = []
    steps = Scripted(begin=begun.append, run=lambda _: at_first.append(len(begun)))
    hands.work(steps, numbered([1] * 9))
    assert at_first[0] == 3


@pytest.mark.parametrize("error", [MemoryError("no room"), ValueError("a bug"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["begin", "fill", "run", "finish"])
@pytest.mark.parametrize("at", [0, 3, 7])
def test_what_a_step_raises_reaches_the_caller_and_nothing_is_left(
    hands: Together, step: str, at: int, error: BaseException
) -> None:
    def fail(number: int) -> None:
        if number == at:
            raise error

    steps = Scripted(**{step: fail})
    with pytest.raises(type(error)) as caught:
        hands.work(steps, numbered([5] * 8))
    assert caught.value is error
    assert steps.active == 0, "something was still at work"
    calls = steps.calls
    assert hands.map(lambda one: one + 1, range(20)) == list(range(1, 21)), "the pool is free again"
    assert steps.calls == calls, "something began afterwards"


def test_what_the_batches_raise_reaches_the_caller(hands: Together) -> None:
    def batches() -> Iterator[tuple[int, int]]:
        yield 0, 3
        yield 1, 3
        yield 2, 3
        raise MemoryError("while packing")

    with pytest.raises(MemoryError, match="while packing"):
        hands.work(Scripted(), batches())


def test_of_many_mapped_things_those_after_an_error_are_dropped() -> None:
    began: list[int] = []

    def one(number: int) -> int:
        began.append(number)
        if number == 2:
            raise MemoryError("no room")
        if number == 3:
            time.sleep(1)  # long enough for the caller to hear of the error
        return number

    alone = Together(1, Stages())
    try:
        alone.map(one, [])
        with pytest.raises(MemoryError, match="no room"):
            alone.map(one, list(range(10_000)))
        assert len(began) < 10_000
        count = len(began)
        assert alone.map(str, [1]) == ["1"]
        assert len(began) == count
    finally:
        alone.close()


def test_closing_ends_the_threads() -> None:
    made = Together(2, Stages())
    made.work(Scripted(), numbered([3, 3]))
    assert len(threads()) == 2
    made.close()
    assert threads() == []


def test_waiting_is_counted() -> None:
    stages = Stages()
    made = Together(1, stages)
    made.work(Scripted(), numbered([1]))
    made.close()
    assert stages.read()["waiting"].wall > 0


@pytest.mark.parametrize(("device", "kind"), [("cpu", InTurn), ("gpu", Together)])
def test_the_device_decides(device: str, kind: type[Hands]) -> None:
    made = hands_for(device, 4, Stages())  # type: ignore[arg-type]
    assert type(made) is kind
    made.close()
    assert threads() == []


@given(rows=st.integers(0, 100), parts=st.integers(1, 20))
def test_slices_are_even_and_leave_nothing_out(rows: int, parts: int) -> None:
    found = slices(rows, parts)
    assert [row for one in found for row in range(rows)[one]] == list(range(rows))
    sizes = [one.stop - one.start for one in found]
    assert len(sizes) <= parts
    assert not sizes or (min(sizes) > 0 and max(sizes) - min(sizes) <= 1)
