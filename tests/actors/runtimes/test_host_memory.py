"""Memory for inputs: taken, given back, kept within bounds, page-locked by a made-up CUDA."""

from __future__ import annotations

import gc
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from actors.runtimes import host_memory
from actors.runtimes.host_memory import CudaLocker, PageLocked, Plain, inputs_for
from tests import cuda_library
from tests.cli import ROOT, environ


class Pages:
    """A Locker that notes what is locked, and refuses with `code`."""

    def __init__(self, code: int = 0) -> None:
        self.code = code
        self.locked: dict[int, int] = {}
        self.asked = 0

    def lock(self, address: int, size: int) -> int:
        self.asked += 1
        assert address % os.sysconf("SC_PAGESIZE") == 0
        if self.code == 0:
            self.locked[address] = size
        return self.code

    def unlock(self, address: int) -> None:
        del self.locked[address]


def test_memory_is_locked_once_and_taken_again() -> None:
    pages = Pages()
    inputs = PageLocked(pages, keep=3)
    for height in (8, 8, 4, 8):
        one = inputs.take((2, 3, height, 5))
        assert one.shape == (2, 3, height, 5)
        assert one.dtype == np.float32
        assert one.flags.c_contiguous
        assert one.flags.writeable
        one[:] = 7
        inputs.give_back(one)
    assert pages.asked == 1
    assert list(pages.locked.values()) == [2 * 3 * 8 * 5 * 4]


def test_two_that_are_taken_never_share_memory() -> None:
    inputs = PageLocked(Pages(), keep=2)
    first, second = inputs.take((1, 3, 8, 8)), inputs.take((1, 3, 8, 8))
    inputs.give_back(first)
    third = inputs.take((1, 3, 2, 2))
    assert not np.shares_memory(second, third)
    assert np.shares_memory(first, third)


def test_what_is_given_back_twice_or_is_not_ours_is_not_kept() -> None:
    pages = Pages()
    inputs = PageLocked(pages, keep=4)
    one = inputs.take((1, 3, 8, 8))
    for _ in range(2):
        inputs.give_back(one)
    inputs.give_back(np.zeros((1, 3, 8, 8), np.float32))
    inputs.give_back(one[:, :, :4])
    first, second = inputs.take((1, 3, 8, 8)), inputs.take((1, 3, 8, 8))
    assert not np.shares_memory(first, second)
    assert pages.asked == 2


@pytest.fixture
def small_heap() -> Iterator[None]:
    """A collection looks at what comes from here on: all that tests before this one left takes 0.3 s."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("small_heap")
def test_no_more_is_kept_than_so_many_blocks_of_the_largest_size() -> None:
    pages = Pages()
    inputs = PageLocked(pages, keep=2)
    for rows in range(1, 40):
        taken = [inputs.take((rows, 3, 8, 8)) for _ in range(4)]
        for one in taken:
            inputs.give_back(one)
        del one, taken
        gc.collect()
        assert len(pages.locked) <= 2
        assert sum(pages.locked.values()) <= 2 * rows * 3 * 8 * 8 * 4


def test_a_batch_that_was_forgotten_is_unlocked() -> None:
    pages = Pages()
    inputs = PageLocked(pages, keep=2)
    one = inputs.take((1, 3, 8, 8))
    assert pages.locked
    del one
    gc.collect()
    assert not pages.locked


def test_a_release_keeps_nothing_but_what_is_taken() -> None:
    pages = Pages()
    inputs = PageLocked(pages, keep=2)
    one, other = inputs.take((1, 3, 8, 8)), inputs.take((4, 3, 8, 8))
    inputs.give_back(other)
    del other
    inputs.release()
    gc.collect()
    assert list(pages.locked.values()) == [3 * 8 * 8 * 4]
    inputs.give_back(one)
    inputs.take((1, 3, 8, 8))
    assert pages.asked == 2, "what was taken at the release is taken again"


def test_a_failure_costs_speed_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    inputs = PageLocked(Pages(code=2), keep=1)
    with caplog.at_level(logging.DEBUG, "rayocr.device"):
        first, second = inputs.take((1, 3, 8, 8)), inputs.take((1, 3, 8, 8))
    first[:] = second[:] = 1
    assert [record.levelname for record in caplog.records] == ["DEBUG"]
    assert "CUDA says 2" in caplog.text


def test_numpys_own_memory_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_memory, "_DRIVER", "libnocuda.so.1")
    assert isinstance(inputs_for("gpu", "onnxruntime", 3), Plain), "no driver"
    monkeypatch.setattr(CudaLocker, "open", lambda: pytest.fail("a CPU has no driver to ask"))
    for device, runtime in (("cpu", "onnxruntime"), ("gpu", "paddle")):
        inputs = inputs_for(device, runtime, 3)
        one = inputs.take((1, 3, 2, 2))
        inputs.give_back(one)
        inputs.release()
        assert not np.shares_memory(one, inputs.take((1, 3, 2, 2)))


_ON_A_CARD = """
import ctypes, gc
import numpy as np
from actors.runtimes.host_memory import PageLocked, inputs_for

driver = ctypes.CDLL("libcuda.so.1")
inputs = inputs_for("gpu", "onnxruntime", 2)
assert isinstance(inputs, PageLocked)
before = inputs.take((1, 3, 8, 8))
assert driver.madeup_locked() == 0, "nobody has initialised CUDA"
before[:] = 1
driver.cuInit(0)
one, other = inputs.take((1, 3, 64, 64)), inputs.take((1, 3, 64, 64))
assert driver.madeup_locked() == 2
assert driver.cuMemHostUnregister(ctypes.c_void_p(one.ctypes.data)) == 201, "the context is not left behind"
one[:] = other[:] = 1
inputs.give_back(one); inputs.give_back(other); del one, other
assert driver.madeup_locked() == 2
inputs.release(); gc.collect()
assert driver.madeup_locked() == 0
left = inputs.take((1, 3, 64, 64))
"""


@pytest.mark.system("compiler")
def test_pages_are_locked_by_the_driver_in_the_cards_context(tmp_path: Path) -> None:
    """In a process of its own: what loads a CUDA driver here is seen by others."""
    cuda_library.build(tmp_path, runtime=False)
    done = subprocess.run(
        [sys.executable, "-c", _ON_A_CARD],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environ() | {"LD_LIBRARY_PATH": str(tmp_path)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
