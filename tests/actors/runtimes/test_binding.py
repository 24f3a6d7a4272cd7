"""Bound inputs and outputs, on this CPU as the device: the same results, in the caller's own memory."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.runtimes import load, onnx_runtime
from actors.runtimes.binding import run_bound
from actors.runtimes.contracts import Placement
from tests.actors.runtimes.graphs import batch, doubling

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture
def session(tmp_path: Path) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(str(doubling(tmp_path).files[0]), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 4), (2, 1, 1)])
def test_it_gives_what_an_unbound_run_gives(session: Any, shape: tuple[int, int, int]) -> None:
    given = batch(1, *shape)
    for one, other in zip(run_bound(session, given, "cpu"), session.run(None, {"x": given}), strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


def test_a_batch_whose_memory_is_not_in_order(session: Any) -> None:
    given = batch(2, 4, 6, 5).transpose(0, 1, 3, 2)
    assert np.array_equal(run_bound(session, given, "cpu")[0], given * 2)


def test_what_it_gave_is_the_callers_own(session: Any) -> None:
    """Neither the next run nor a change of the input writes into it; the input is let go."""
    given = batch(3)
    first = run_bound(session, given, "cpu")
    kept = [one.copy() for one in first]
    run_bound(session, batch(4), "cpu")
    given[:] = 0
    assert all(np.array_equal(one, other) for one, other in zip(first, kept, strict=True))
    assert not any(np.shares_memory(one, given) for one in first)
    gone = weakref.ref(given)
    del given
    gc.collect()
    assert gone() is None


def test_a_session_on_a_card_is_bound_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    devices: list[str] = []
    real = onnx_runtime._session

    def noting(session: Any, given: np.ndarray, device: str) -> Any:
        devices.append(device)
        return run_bound(session, given, "cpu")

    monkeypatch.setattr(onnx_runtime, "run_bound", noting)
    monkeypatch.setattr(onnx_runtime, "_session", lambda weights, _: real(weights, Placement()))
    for placement in (Placement("gpu"), Placement("cpu")):
        given = batch(5)
        loaded = load("onnxruntime", doubling(tmp_path), placement)
        assert np.array_equal(loaded.run(given)[0], given * 2)
    assert devices == ["cuda"]
