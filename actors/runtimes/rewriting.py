"""Changes to a model's graph that make it cheaper and leave what it computes, but for rounding.

- Weights below 1e-20 become 0. PP-OCRv6_small's detection has 256,000 that float32 holds only as denormal
  numbers, with which Intel's processors calculate a hundred times slower: three quarters of its time.
- Two transposed convolutions of 2x2 at the end of a detection model, each of which turns a pixel into four,
  become two convolutions of 1x1, and one step that puts the sixteen pixels into their places.
- x + x * scale, as detection weighs its channels, becomes x * (1 + scale): one walk over the pixels, not two.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.runtimes.contracts import Floats
from actors.runtimes.graph import Graph, attributes, has_graphs_within

VERSION = 1
"""Part of a prepared file's identity: raised whenever a graph comes out differently."""

_NOTHING = 1e-20
"""Weights below are 0: no sum of products of usual size would be another one in float32."""


def save_rewritten(source: Path, target: Path) -> None:
    """Write a changed copy of an ONNX model."""
    import onnx

    model = onnx.load(str(source))
    rewrite(model)
    onnx.checker.check_model(model)
    target.write_bytes(model.SerializeToString())


def rewrite(model: Any) -> None:
    """Change an ONNX model in place. What does not look as expected stays as it is."""
    if has_graphs_within(model):
        return
    graph = Graph(model.graph)
    graph.drop_weights_below(_NOTHING)
    for node in graph.nodes("ConvTranspose"):
        _end_with_points(graph, node)
    for node in graph.nodes("Add"):
        _scale_once(graph, node)
    graph.settle()
    del model.graph.value_info[:]


@dataclass(frozen=True, slots=True)
class _Upsampling:
    """A transposed convolution of 2x2 with stride 2: C x K x 2 x 2 weights, K biases, and its nodes."""

    weights: Floats
    bias: Floats
    nodes: tuple[Any, Any]


def _end_with_points(graph: Graph, node: Any) -> None:
    import numpy as np
    from onnx import helper

    first = _upsampling(graph, node)
    relu = graph.only_taker(first.nodes[1], "Relu") if first else None
    second = _upsampling(graph, graph.only_taker(relu, "ConvTranspose")) if relu else None
    if first is None or second is None or second.weights.shape[1] != 1:
        return
    inner = first.weights.shape[1]
    spread = first.weights.transpose(2, 3, 1, 0).reshape(4 * inner, -1)  # (row, column, channel) x C
    gather = np.zeros((2, 2, 2, 2, 4, inner), np.float32)  # row, row within, column, column within
    for pixel in range(4):
        gather[pixel // 2, :, pixel % 2, :, pixel] = second.weights[:, 0].transpose(1, 2, 0)
    name, source, target = node.output[0], node.input[0], second.nodes[1].output[0]
    arrays = {
        "spread": spread[:, :, None, None].copy(),
        "spread_bias": np.tile(first.bias, 4).reshape(1, -1, 1, 1),
        "gather": gather.reshape(16, -1, 1, 1),
        "gather_bias": np.tile(second.bias, 16).reshape(1, -1, 1, 1),
    }
    w = {key: graph.add_weights(f"{name}_{key}", value) for key, value in arrays.items()}
    steps = [f"{name}_{step}" for step in range(5)]
    new = [
        helper.make_node("Conv", [source, w["spread"]], [steps[0]], kernel_shape=[1, 1]),
        helper.make_node("Add", [steps[0], w["spread_bias"]], [steps[1]]),
        helper.make_node("Relu", [steps[1]], [steps[2]]),
        helper.make_node("Conv", [steps[2], w["gather"]], [steps[3]], kernel_shape=[1, 1]),
        helper.make_node("Add", [steps[3], w["gather_bias"]], [steps[4]]),
        helper.make_node("DepthToSpace", [steps[4]], [target], blocksize=4),
    ]
    graph.replace([*first.nodes, relu, *second.nodes], new)


def _scale_once(graph: Graph, add: Any) -> None:
    import numpy as np
    from onnx import helper

    for x, product in (add.input, reversed(add.input)):
        found = _scaled(graph, x, graph.maker(product))
        if found is not None and graph.only_taker(found, "Add") is add:
            name, scale = found.output[0], next(one for one in found.input if one != x)
            one = graph.add_weights(f"{name}_one", np.ones((1, 1, 1, 1), np.float32))
            new = [
                helper.make_node("Add", [scale, one], [f"{name}_scale"]),
                helper.make_node("Mul", [x, f"{name}_scale"], [add.output[0]]),
            ]
            graph.replace([found, add], new)
            return


def _scaled(graph: Graph, x: str, node: Any) -> Any:
    """The node, if it multiplies x by a scale for each channel: those come out of a hard sigmoid. What is as
    large as x would be no cheaper the other way."""
    if node is None or node.op_type != "Mul" or x not in node.input:
        return None
    makers = [graph.maker(name) for name in node.input if name != x]
    return node if [one and one.op_type for one in makers] == ["HardSigmoid"] else None


def _upsampling(graph: Graph, node: Any) -> _Upsampling | None:
    import numpy as np

    if node is None:
        return None
    given, weights = attributes(node), graph.weights(node.input[1])
    plain = {"kernel_shape": [2, 2], "strides": [2, 2], "group": 1, "pads": [0] * 4, "dilations": [1, 1]}
    if weights is None or len(node.input) > 2 or any(plain.get(key) != given[key] for key in given):
        return None
    if given.get("strides") != [2, 2] or weights.shape[2:] != (2, 2):
        return None
    add = graph.only_taker(node, "Add")
    bias = graph.weights(next(name for name in add.input if name != node.output[0])) if add else None
    if bias is None or bias.size != weights.shape[1]:
        return None
    return _Upsampling(weights, bias.astype(np.float32).reshape(-1), (node, add))
