"""Which runs get a graph, out of which buffers; with the CPU as the device, where the ids mean nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.errors import ConfigError
from actors.runtimes import load, onnx_runtime
from actors.runtimes.choose import Host, choose_runtime
from actors.runtimes.contracts import Placement, Weights
from actors.runtimes.cuda_graphs import GraphRuns
from tests.actors.runtimes.graphs import batch, doubling

pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")


class Noting(runtime.InferenceSession):  # type: ignore[misc]
    """A session that notes the ids of its runs, and where the bound input lies."""

    def __init__(self, file: Path, fail_at: int | None = None) -> None:
        super().__init__(str(file), providers=["CPUExecutionProvider"])
        self.ids: list[int] = []
        self.fail_at = fail_at

    def run(self, *_: Any) -> Any:
        raise AssertionError("a run without a binding would be captured as graph 0")

    def run_with_iobinding(self, iobinding: Any, run_options: Any = None) -> None:
        number = int(run_options.get_run_config_entry("gpu_graph_id"))
        self.ids.append(number)
        if number == self.fail_at:
            raise RuntimeError("Failed to allocate memory for requested buffer")
        super().run_with_iobinding(iobinding, run_options)


@pytest.fixture
def session(tmp_path: Path) -> Callable[..., Noting]:
    return lambda **named: Noting(doubling(tmp_path).files[0], **named)


def check(runs: GraphRuns, seed: int, rows: int, width: int = 4) -> tuple[np.ndarray, ...]:
    given = batch(seed, rows, 8, width)
    twice, mean = runs.run(given)
    assert np.array_equal(twice, given * 2)
    assert np.allclose(mean, given.mean(axis=1), atol=1e-6)
    return twice, mean


def test_a_shape_that_comes_often_gets_a_graph_of_its_own(session: Callable[..., Noting]) -> None:
    made = session()
    runs = GraphRuns(made, "cpu", often=3)
    for seed in range(5):
        check(runs, seed, rows=2)
    assert made.ids == [-1, -1, -1, 1, 1, 1], "the third run is followed by that which captures"
    for seed in range(3):
        check(runs, seed, rows=1)
    check(runs, 9, rows=2)
    check(runs, 9, rows=1)
    assert made.ids[6:] == [-1, -1, -1, 2, 1, 2]


def test_a_result_is_not_overwritten_by_the_next_run(session: Callable[..., Noting]) -> None:
    runs = GraphRuns(session(), "cpu", often=1)
    check(runs, 0, rows=2)
    first = check(runs, 1, rows=2)
    kept = [one.copy() for one in first]
    check(runs, 2, rows=2)
    assert all(np.array_equal(one, other) for one, other in zip(first, kept, strict=True))


def test_there_are_so_many_graphs_and_no_more(session: Callable[..., Noting]) -> None:
    made = session()
    runs = GraphRuns(made, "cpu", most=2, often=1)
    for width in (3, 4, 5, 6, 3, 4, 5, 6):
        check(runs, width, rows=1, width=width)
    assert made.ids == [-1, 1, -1, 2, -1, -1, 1, 2, -1, -1]


def test_a_graph_that_cannot_be_captured_is_no_graph(session: Callable[..., Noting]) -> None:
    made = session(fail_at=1)
    runs = GraphRuns(made, "cpu", often=2)
    check(runs, 0, rows=2)
    with pytest.raises(RuntimeError, match="Failed to allocate"):
        check(runs, 1, rows=2)
    made.fail_at = None
    check(runs, 2, rows=2)
    assert made.ids == [-1, -1, 1, -1]


def test_many_shapes_are_not_all_remembered(
    session: Callable[..., Noting], monkeypatch: pytest.MonkeyPatch
) -> None:
    from actors.runtimes import cuda_graphs

    monkeypatch.setattr(cuda_graphs, "_MOST_SEEN", 3)
    runs = GraphRuns(session(), "cpu", often=5)
    for width in range(1, 12):
        check(runs, width, rows=1, width=width)
        assert len(runs._seen) <= 3


def test_only_a_session_that_is_told_to_captures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider's option, and the way a batch goes."""
    model = doubling(tmp_path).files[0]
    ((_, plain),) = onnx_runtime.providers(Placement("gpu"), model)
    ((_, told),) = onnx_runtime.providers(Placement("gpu", cuda_graphs=True), model)
    assert "enable_cuda_graph" not in plain
    assert told == plain | {"enable_cuda_graph": True}

    made: list[Noting] = []

    def on_cpu(weights: Weights, _: Placement) -> Noting:
        made.append(Noting(weights.files[0]))
        return made[-1]

    monkeypatch.setattr(onnx_runtime, "_session", on_cpu)
    monkeypatch.setattr(onnx_runtime, "_DEVICE", "cpu")
    loaded = load("onnxruntime", Weights("onnx", (model,)), Placement("gpu", cuda_graphs=True))
    for _ in range(2):
        for seed in range(5):
            given = batch(seed, 2, 8, 4)
            assert np.array_equal(loaded.run(given)[0], given * 2)
        loaded.release()
    assert [one.ids for one in made] == [[-1, -1, -1, 1, 1, 1], [-1, -1, -1, 1, 1, 1], []]


HOST = Host(frozenset({"onnxruntime", "openvino"}), bfloat16=True)


@pytest.mark.parametrize(
    ("model", "device", "asked", "why"),
    [
        ("onnx", "cpu", {}, "computes on a CPU"),
        ("onnx", "cpu", {"precision": "int8"}, "computes on a CPU"),
        ("paddle", "gpu", {}, "paddle format"),
        ("onnx", "gpu", {"tensorrt": True}, "engine.tensorrt"),
    ],
)
def test_where_there_are_none_they_are_refused(
    model: Any, device: Any, asked: dict[str, Any], why: str
) -> None:
    with pytest.raises(ConfigError, match="cuda_graphs") as caught:
        choose_runtime(HOST, model, device, cuda_graphs=True, **asked)
    assert why in caught.value.why
    assert caught.value.remedy == "Set engine.cuda_graphs=false."
    choose_runtime(HOST, model, device, **asked)


def test_on_a_card_they_change_neither_runtime_nor_precision() -> None:
    plain = choose_runtime(HOST, "onnx", "gpu")
    graphs = choose_runtime(HOST, "onnx", "gpu", cuda_graphs=True)
    assert replace(graphs, reason=plain.reason) == plain
