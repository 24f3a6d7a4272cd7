"""Tiny models for the tests of runtimes, made on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.runtimes.contracts import Weights

CLASSES = 7


def doubling(folder: Path) -> Weights:
    """A model that gives twice its input, N×3×H×W, and the input's mean over the channels."""
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    shape = ["N", 3, "H", "W"]
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["x", "x"], ["twice"]),
            helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=0),
        ],
        "doubling",
        [helper.make_tensor_value_info("x", kind, shape)],
        [
            helper.make_tensor_value_info("twice", kind, shape),
            helper.make_tensor_value_info("mean", kind, ["N", "H", "W"]),
        ],
    )
    return _saved(onnx, graph, folder / "doubling.onnx", 13)


def head_arrays(classes: int = CLASSES) -> tuple[np.ndarray, np.ndarray]:
    """Weights (3×C) and bias (C) of `head`. Of many classes those from 256 on are those from 1 on again."""
    random = np.random.default_rng(5)
    weights = random.normal(0, 3, (3, classes)).astype(np.float32)
    bias = random.normal(0, 1, classes).astype(np.float32)
    again = slice(1, max(1, classes - 255))
    weights[:, 256:], bias[256:] = weights[:, again], bias[again]
    return weights, bias


def head(
    folder: Path,
    opset: int = 11,
    identity: bool = False,
    softmax: str = "Softmax",
    constants: bool = False,
    bias_first: bool = False,
    classes: int = CLASSES,
) -> Weights:
    """A model that ends as recognition models do. Of its N×3×48×W it takes the mean of each column, then come
    a matrix product, a bias and a softmax. `constants`: its arrays are Constant nodes instead of
    initialisers; `bias_first`: the bias is the first operand."""
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weights, bias = head_arrays(classes)
    last = "kept" if identity else "logits"
    arrays = {"weights": weights, "bias": bias, "flat": np.array([0, 3, -1])}
    tensors = [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()]
    nodes = [
        *(helper.make_node("Constant", [], [one.name], value=one) for one in tensors if constants),
        helper.make_node("AveragePool", ["x"], ["pooled"], kernel_shape=[48, 1]),
        helper.make_node("Reshape", ["pooled", "flat"], ["columns"]),
        helper.make_node("Transpose", ["columns"], ["steps"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["steps", "weights"], ["product"]),
        helper.make_node("Add", ["bias", "product"] if bias_first else ["product", "bias"], ["logits"]),
        *([helper.make_node("Identity", ["logits"], ["kept"])] if identity else []),
        helper.make_node(softmax, [last], ["scores"], **({"axis": 2} if softmax == "Softmax" else {})),
    ]
    graph = helper.make_graph(
        nodes,
        "head",
        [helper.make_tensor_value_info("x", kind, ["N", 3, 48, "W"])],
        [helper.make_tensor_value_info("scores", kind, ["N", "W", classes])],
        [] if constants else tensors,
    )
    return _saved(onnx, graph, folder / "rec.onnx", opset)


def batch(seed: int, rows: int = 2, height: int = 48, width: int = 5) -> np.ndarray:
    """An input."""
    return np.random.default_rng(seed).normal(0, 1, (rows, 3, height, width)).astype(np.float32)


def _saved(onnx: Any, graph: Any, path: Path, opset: int) -> Weights:
    imports = [onnx.helper.make_opsetid("", opset)]
    model = onnx.helper.make_model(graph, opset_imports=imports, ir_version=8)
    onnx.save(model, str(path))
    return Weights("onnx", (path,))


def normalised(folder: Path, variance: float) -> Weights:
    """A model that normalises a convolution of its N×3×H×W by a running variance, and divides 100,000 by a
    hundred more: constants that are or may be beyond float16."""
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    random = np.random.default_rng(3)
    arrays = {
        "dividend": np.array(1e5, np.float32),
        "hundred": np.array(100, np.float32),
        "kernel": random.normal(0, 1, (4, 3, 3, 3)).astype(np.float32) * np.float32(variance**0.5),
        "scale": np.ones(4, np.float32),
        "shift": random.normal(0, 1, 4).astype(np.float32),
        "mean": np.zeros(4, np.float32),
        "variance": np.full(4, variance, np.float32),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "kernel"], ["features"], pads=[1, 1, 1, 1]),
            helper.make_node("BatchNormalization", ["features", "scale", "shift", "mean", "variance"], ["z"]),
            helper.make_node("Add", ["z", "hundred"], ["positive"]),
            helper.make_node("Div", ["dividend", "positive"], ["y"]),
        ],
        "normalised",
        [helper.make_tensor_value_info("x", kind, ["N", 3, "H", "W"])],
        [helper.make_tensor_value_info("y", kind, ["N", 4, "H", "W"])],
        [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    return _saved(onnx, graph, folder / "normalised.onnx", 12)
