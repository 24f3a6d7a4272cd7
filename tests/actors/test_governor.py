"""The governor: what it does at which height; an engine's process that is replaced before it is too large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.contracts import EngineInfo, Image, PageResult
from actors.engines.child import ChildEngine
from actors.errors import MemoryLimitError
from actors.gauge import Usage
from actors.governor import MOST_IN_VAIN, Governed, Governor, MemoryLimits, Relief
from actors.settings import EngineConfig, ModelsConfig

LIMITS = MemoryLimits(most_mb=1000, expected_mb=400, card_share=1)
NOTHING, SHRINK, LEAVE = (False, False), (True, False), (False, True)


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    """Collecting all garbage of a process full of tests takes long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("actors.governor._give_back_to_the_machine", lambda: None)
        yield


class Memory:
    """An engine, and the gauge that reads what it takes. `release` gives back `working_mb` and the card."""

    def __init__(self, start_mb: int = 200) -> None:
        self.kept_mb = start_mb
        self.working_mb = 0
        self.free = 1.0
        self.card: float | None = None
        self.card_kept = 0.0
        self.card_is_own = True
        self.releases = 0
        self.broken = False

    def read(self) -> Usage:
        return Usage(self.kept_mb + self.working_mb, self.free, self.card, self.card_is_own)

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("scripted", "1", "none", "f32", {}, {})

    def recognize(self, pages: Sequence[Image]) -> list[PageResult]:
        return [PageResult() for _ in pages]

    def release(self) -> None:
        self.releases += 1
        if self.broken:
            raise RuntimeError("it cannot")
        self.working_mb = 0
        self.card = None if self.card is None else self.card_kept

    def close(self) -> None: ...


def found(relief: Relief) -> tuple[bool, bool]:
    return relief.shrink, relief.leave


def test_below_the_soft_limit_nothing_happens() -> None:
    memory = Memory()
    governor = Governor(memory, LIMITS, memory)
    memory.kept_mb = 800
    assert found(governor.look()) == NOTHING
    assert memory.releases == 0


def test_above_the_soft_limit_memory_is_given_back_and_batches_shrink() -> None:
    memory = Memory()
    governor = Governor(memory, LIMITS, memory)
    memory.working_mb = 650
    assert found(governor.look()) == SHRINK
    assert (memory.releases, memory.working_mb) == (1, 0)


def test_an_engine_that_needs_as_much_each_time_is_not_released_each_time() -> None:
    memory = Memory()
    governor = Governor(memory, LIMITS, memory)
    for _ in range(20):
        memory.working_mb = 650
        governor.look()
    assert memory.releases == 1


def test_a_leak_ends_with_a_fresh_process_and_few_releases() -> None:
    memory = Memory()
    governor = Governor(memory, LIMITS, memory)
    reliefs = []
    while not reliefs or not reliefs[-1].leave:
        memory.kept_mb += 10
        reliefs.append(governor.look())
    assert memory.kept_mb == 1010
    assert reliefs[-1].calls == len(reliefs) == 81
    assert sum(relief.shrink for relief in reliefs) == 1
    assert memory.releases <= 6


def test_above_the_limit_a_process_stays_if_giving_back_helped() -> None:
    memory = Memory()
    governor = Governor(memory, LIMITS, memory)
    for _ in range(3):
        memory.working_mb = 900
        assert found(governor.look()) == SHRINK
    assert memory.releases == 3


def test_a_jump_over_the_limit_shrinks_what_the_next_process_gets() -> None:
    memory = Memory()
    governor = Governor(memory, LIMITS, memory)
    memory.kept_mb = 1200
    assert found(governor.look()) == (True, True)


def test_an_engine_that_cannot_be_released_is_replaced() -> None:
    memory = Memory()
    governor = Governor(memory, LIMITS, memory)
    memory.kept_mb, memory.broken = 900, True
    assert found(governor.look()) == LEAVE


def test_a_fresh_engine_above_the_limit_is_an_error() -> None:
    memory = Memory(1001)
    with pytest.raises(MemoryLimitError, match=r"1001 MiB[^$]*allows 1000") as caught:
        Governor(memory, LIMITS, memory)
    assert caught.value.exit_code == 4
    assert len(str(caught.value).splitlines()) == 3


def test_a_machine_that_runs_short_gets_back_what_has_grown() -> None:
    memory = Memory()
    governor = Governor(memory, LIMITS, memory)
    memory.free = 0.05
    assert found(governor.look()) == NOTHING, "nothing has grown: it is somebody else's doing"
    memory.working_mb = 100
    assert found(governor.look()) == SHRINK
    memory.kept_mb = 380
    assert found(governor.look()) == NOTHING, "a fresh engine would be as large soon: it stays"
    memory.kept_mb = 500
    assert found(governor.look()) == LEAVE


def test_a_machine_that_runs_short_counts_without_a_limit_too() -> None:
    memory = Memory()
    governor = Governor(memory, MemoryLimits(), memory)
    memory.kept_mb, memory.free = 100_000, 0.5
    assert found(governor.look()) == NOTHING
    memory.free = 0.01
    assert found(governor.look())[1]


@pytest.mark.parametrize(
    ("kept", "own", "expected"), [(0.1, True, SHRINK), (0.9, True, (True, True)), (0.9, False, SHRINK)]
)
def test_a_card_that_is_full(kept: float, own: bool, expected: tuple[bool, bool]) -> None:
    memory = Memory()
    memory.card = 0.1
    governor = Governor(memory, LIMITS, memory)
    assert found(governor.look()) == NOTHING
    memory.card, memory.card_kept, memory.card_is_own = 0.97, kept, own
    assert found(governor.look()) == expected
    assert memory.releases == 1


@settings(deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 900)), min_size=1, max_size=60))
def test_no_batch_begins_above_the_limit_unless_the_process_was_told_to_leave(
    steps: list[tuple[int, int]],
) -> None:
    memory = Memory()
    governor = Governor(memory, LIMITS, memory)
    for leak, working in steps:
        memory.kept_mb += leak
        memory.working_mb = working
        relief = governor.look()
        if relief.leave:
            assert memory.read().own_mb > 800
            return
        assert memory.read().own_mb <= 1000


def test_whoever_uses_the_engine_hears_of_it_also_when_it_errs() -> None:
    class Failing(Memory):
        def recognize(self, pages: Sequence[Image]) -> list[PageResult]:
            self.working_mb = 700
            raise MemoryError

    memory, heard = Failing(), list[Relief]()
    engine = Governed(memory, Governor(memory, LIMITS, memory), heard.append)
    with pytest.raises(MemoryError):
        engine.recognize([])
    assert [found(relief) for relief in heard] == [SHRINK]


def child(acts: dict[str, str], most_mb: int, heard: list[Relief]) -> ChildEngine:
    config = EngineConfig(engine="fake", fake=acts)
    return ChildEngine(config, ModelsConfig(), 1, 30, 60, MemoryLimits(most_mb), heard.append)


@pytest.mark.faults
def test_a_leaking_child_is_replaced_and_no_result_is_lost() -> None:
    heard: list[Relief] = []
    engine = child({"*": "lose:40"}, 400, heard)
    pids, largest = set(), 0
    for number in range(24):
        image = np.random.default_rng(number).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        (result,) = engine.recognize([image])
        assert result.lines[0].text == "page 8x8"
        if engine._child is not None:
            pids.add(engine._child.pid)
            info = psutil.Process(engine._child.pid).memory_info()
            largest = max(largest, info.rss - info.shared)
    engine.close()
    assert len(pids) >= 2
    assert sum(relief.leave for relief in heard) >= 2
    assert largest >> 20 <= 400
    assert not any(psutil.pid_exists(pid) for pid in pids)


@pytest.mark.faults
def test_children_that_outgrow_their_memory_at_once_end_the_run() -> None:
    heard: list[Relief] = []
    engine = child({"*": "lose:150"}, 150, heard)
    image = np.zeros((8, 8, 3), np.uint8)
    for _ in range(MOST_IN_VAIN):
        assert len(engine.recognize([image])) == 1
    with pytest.raises(MemoryLimitError, match="first batch"):
        engine.recognize([image])
    engine.close()


def test_release_gives_back_the_childs_memory_and_keeps_the_child() -> None:
    engine = child({"*": "leak:64"}, 4000, [])
    engine.recognize([np.zeros((8, 8, 3), np.uint8)])
    assert engine._child is not None
    process = psutil.Process(engine._child.pid)
    before = process.memory_info().rss
    engine.release()
    assert before - process.memory_info().rss > 50 << 20
    assert engine._child is not None
    assert engine._child.pid == process.pid
    engine.close()
