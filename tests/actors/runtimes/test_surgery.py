"""Changes to a recognition model's head give what numpy works out from the unchanged one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from actors.errors import ModelError
from actors.runtimes import load
from actors.runtimes.contracts import Array, Placement, Weights
from actors.runtimes.surgery import Outputs, prepare
from tests.actors.runtimes.graphs import CLASSES, batch, doubling, head, head_arrays

onnx = pytest.importorskip("onnx")

RUNTIMES = pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
GRAPHS = pytest.mark.parametrize(
    ("opset", "identity"), [(11, False), (11, True), (13, False), (16, True), (18, False)]
)
KEPT = pytest.mark.parametrize("kept", [None, [0, 2, 3, 6]])
HEADS: tuple[Outputs, ...] = ("best", "blocks")
BEST = pytest.mark.parametrize("kind", HEADS)


def expected_logits(kept: list[int] | None, classes: int = CLASSES) -> np.ndarray:
    weights, bias = head_arrays(classes)
    logits = batch(1).mean(axis=2).transpose(0, 2, 1) @ weights + bias
    return np.asarray(logits[..., kept or list(range(classes))])


def are_logits(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether these are the expected ones, and after them such as are never the largest, if any."""
    classes = expected.shape[-1]
    return np.allclose(found[..., :classes], expected, atol=1e-4) and bool(
        (found[..., classes:] < -1e3).all()
    )


def softmax(logits: np.ndarray) -> np.ndarray:
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True))


def outputs(
    source: Weights,
    folder: Path,
    runtime: str,
    kept: list[int] | None,
    head_: Outputs,
) -> tuple[Array, ...]:
    pytest.importorskip(runtime)
    target = folder / "changed.onnx"
    prepare(source.files[0], target, kept, head_)
    return load(runtime, Weights("onnx", (target,)), Placement()).run(batch(1))


@RUNTIMES
@GRAPHS
@KEPT
def test_all_scores(tmp_path: Path, runtime: str, opset: int, identity: bool, kept: list[int] | None) -> None:
    (scores,) = outputs(head(tmp_path, opset, identity), tmp_path, runtime, kept, "softmax")
    assert np.allclose(scores, softmax(expected_logits(kept)), atol=1e-5)


@RUNTIMES
@GRAPHS
@KEPT
def test_logits(tmp_path: Path, runtime: str, opset: int, identity: bool, kept: list[int] | None) -> None:
    (logits,) = outputs(head(tmp_path, opset, identity), tmp_path, runtime, kept, "logits")
    assert are_logits(logits, expected_logits(kept))
    graph = onnx.load(tmp_path / "changed.onnx").graph
    assert not {"weights", "bias"} & {tensor.name for tensor in graph.initializer}
    assert not [node for node in graph.node if "logits" in node.output and node.op_type == "Add"]
    assert logits.shape[-1] in ((16,) if opset >= 11 else (len(kept or range(CLASSES)),))


@RUNTIMES
@GRAPHS
@KEPT
@BEST
def test_the_best_class_and_its_score(
    tmp_path: Path, runtime: str, opset: int, identity: bool, kept: list[int] | None, kind: Outputs
) -> None:
    classes, scores = outputs(head(tmp_path, opset, identity), tmp_path, runtime, kept, kind)
    expected = softmax(expected_logits(kept))
    assert classes.dtype == np.int64
    assert np.array_equal(classes, expected.argmax(axis=2))
    assert np.allclose(scores, expected.max(axis=2), atol=1e-5)


@RUNTIMES
@pytest.mark.parametrize("classes", [127, 128, 129, 400])
def test_of_classes_that_are_as_good_the_first_is_found_in_whatever_block(
    tmp_path: Path, runtime: str, classes: int
) -> None:
    """With 400 classes those from 256 on are those from 1 on again, in blocks further down."""
    source = head(tmp_path, classes=classes)
    found, scores = outputs(source, tmp_path, runtime, None, "blocks")
    logits = expected_logits(None, classes)[..., :256]
    assert np.array_equal(found, logits.argmax(axis=2))
    assert len(np.unique(found)) > 3
    assert np.allclose(scores, softmax(expected_logits(None, classes)).max(axis=2), atol=1e-5)


@RUNTIMES
@KEPT
@pytest.mark.parametrize("bias_first", [False, True])
@pytest.mark.parametrize("opset", [11, 13, 18])
def test_a_head_of_constant_nodes(
    tmp_path: Path, runtime: str, opset: int, bias_first: bool, kept: list[int] | None
) -> None:
    source = head(tmp_path, opset, constants=True, bias_first=bias_first)
    expected = softmax(expected_logits(kept))
    (scores,) = outputs(source, tmp_path, runtime, kept, "softmax")
    assert np.allclose(scores, expected, atol=1e-5)
    (logits,) = outputs(source, tmp_path, runtime, kept, "logits")
    assert are_logits(logits, expected_logits(kept))
    for kind in HEADS:
        classes, best = outputs(source, tmp_path, runtime, kept, kind)
        assert np.array_equal(classes, expected.argmax(axis=2))
        assert np.allclose(best, expected.max(axis=2), atol=1e-5)


def test_the_source_is_not_changed(tmp_path: Path) -> None:
    source = head(tmp_path)
    before = source.files[0].read_bytes()
    prepare(source.files[0], tmp_path / "changed.onnx", [0, 1], "best")
    assert source.files[0].read_bytes() == before


def without(name: str, folder: Path) -> Weights:
    """A head one array of which is an input of the graph, known only when it runs."""
    source = head(folder)
    model = onnx.load(str(source.files[0]))
    (array,) = [tensor for tensor in model.graph.initializer if tensor.name == name]
    model.graph.initializer.remove(array)
    told = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, list(array.dims))
    model.graph.input.append(told)
    onnx.save(model, str(source.files[0]))
    return source


@pytest.mark.parametrize("kind", ["another graph", "another end", "no weights", "no bias"])
def test_a_graph_that_ends_otherwise_is_refused(tmp_path: Path, kind: str) -> None:
    source = {
        "another graph": lambda: doubling(tmp_path),
        "another end": lambda: head(tmp_path, softmax="Sigmoid"),
        "no weights": lambda: without("weights", tmp_path),
        "no bias": lambda: without("bias", tmp_path),
    }[kind]()
    with pytest.raises(ModelError, match="does not end as") as caught:
        prepare(source.files[0], tmp_path / "changed.onnx", [0, 1], "logits")
    assert "engine.charset=all" in caught.value.remedy
    assert not (tmp_path / "changed.onnx").exists()
