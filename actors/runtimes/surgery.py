"""Changes to a recognition model's graph: fewer classes in its head, and less than all scores out of it. What
leaves its results as they are is in `rewriting`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from actors.errors import ModelError
from actors.runtimes.rewriting import rewrite

Outputs = Literal["softmax", "logits", "best", "blocks"]
"""See `prepare`."""

VERSION = 5
"""Part of a prepared file's identity: raised whenever a graph comes out differently."""

_BLOCK = 128
"""Classes of a block of "blocks". Blocks of 32 and of 512 take as long."""

_NEVER = -1e4
"""Logit of the classes with which something is made up; a float16 holds it."""

_LANES = 16
"""Numbers that AVX-512 writes at once, to an address that is a multiple of their size."""

_AXES_ARE_INPUTS = {"ReduceMax": 18, "ReduceSum": 13}
"""Release of ONNX's operators from which a reduction's axes are an input, no attribute."""

_PADS_ARE_INPUTS = 11
"""Likewise of Pad's widths and value."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a recognition model: features x weights + bias, then softmax over classes."""

    weights: str
    bias: str
    softmax: Any
    logits: str


def prepare(source: Path, target: Path, kept: Sequence[int] | None, head: Outputs) -> None:
    """Write a changed copy of an ONNX model, made cheaper, too. `kept`: the classes that stay, None for all.

    `head`: what it gives for N lines of T steps: "softmax", all scores (float32 N×T×C), as it came;
    "logits", the same before the softmax, and some more that are never the largest; "best", the best class
    (int64 N×T) and its score (float32 N×T); "blocks", the same, where the best class is looked for in the
    best block of classes: OpenVINO finds a maximum fast, but not where it stands.
    Raises ModelError if the graph does not end as PaddleOCR's recognition models do.
    """
    import onnx

    model = onnx.load(str(source))
    rewrite(model)
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "H"  # the network takes other heights, too
    end = _find_head(model.graph, source)
    if kept is not None:
        _keep_classes(model.graph, end, kept)
    if head != "softmax":
        model.graph.node.remove(end.softmax)
        del model.graph.output[:]
        model.graph.output.extend(_ENDS[head](model, end))
    onnx.checker.check_model(model)
    target.write_bytes(model.SerializeToString())


def _find_head(graph: Any, source: Path) -> Head:
    makers = {output: node for node in graph.node for output in node.output}

    def maker(name: str) -> Any:
        node = makers.get(name)
        while node is not None and node.op_type == "Identity":
            node = makers.get(node.input[0])
        return node

    softmax = maker(graph.output[0].name)
    add = maker(softmax.input[0]) if softmax is not None and softmax.op_type == "Softmax" else None
    if add is None or add.op_type != "Add":
        raise _unknown(source)
    product = next((found for name in add.input if _is(found := maker(name), "MatMul")), None)
    bias = next((name for name in add.input if not _is(maker(name), "MatMul")), None)
    if product is None or bias is None:
        raise _unknown(source)
    weights = product.input[1]
    if not {weights, bias} <= {tensor.name for tensor in graph.initializer}:
        raise _unknown(source)
    return Head(weights, bias, softmax, softmax.input[0])


def _is(node: Any, kind: str) -> bool:
    return node is not None and node.op_type == kind


def _keep_classes(graph: Any, end: Head, kept: Sequence[int]) -> None:
    from onnx import numpy_helper

    index = list(kept)
    for tensor in graph.initializer:
        if tensor.name in (end.weights, end.bias):
            array = numpy_helper.to_array(tensor)
            tensor.CopyFrom(numpy_helper.from_array(array[..., index].copy(), tensor.name))
    for dimension in graph.output[0].type.tensor_type.shape.dim[-1:]:
        dimension.dim_value = len(index)


def _logits(model: Any, end: Head) -> list[Any]:
    from onnx import TensorProto, helper

    if _release(model) >= _PADS_ARE_INPUTS:
        _fold_bias(model.graph, end)
    return [helper.make_tensor_value_info(end.logits, TensorProto.FLOAT, ["N", "T", "C"])]


def _fold_bias(graph: Any, end: Head) -> None:
    """Let the bias be one more row of the weights, and each step's features have a 1 for it. ONNX Runtime
    would add it in a walk of its own over all logits: with 18,710 classes a twentieth of recognition. And add
    classes that are never best, up to a multiple of 16: the product takes two thirds of the time."""
    import numpy as np
    from onnx import helper, numpy_helper

    nodes = list(graph.node)
    product = next(node for node in nodes if node.op_type == "MatMul" and node.input[1] == end.weights)
    add = next(node for node in nodes if end.logits in node.output)
    if product.output[0] not in add.input:
        return
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    weights, bias = (numpy_helper.to_array(tensors[name]) for name in (end.weights, end.bias))
    more = -weights.shape[1] % _LANES
    rows = [
        np.pad(weights, [(0, 0), (0, more)]),
        np.pad(bias.reshape(1, -1), [(0, 0), (0, more)], constant_values=_NEVER),
    ]
    _constant(graph, "rayocr_layer", np.vstack(rows))
    _constant(graph, "rayocr_pads", np.array([0, 0, 0, 0, 0, 1], np.int64))
    _constant(graph, "rayocr_value", np.array(1, np.float32))
    place = nodes.index(add)
    graph.node.insert(place, helper.make_node("MatMul", ["rayocr_features", "rayocr_layer"], [end.logits]))
    pad = helper.make_node("Pad", [product.input[0], "rayocr_pads", "rayocr_value"], ["rayocr_features"])
    graph.node.insert(place, pad)
    for node in (product, add):
        graph.node.remove(node)
    for name in (end.weights, end.bias):
        graph.initializer.remove(tensors[name])


def _best(model: Any, end: Head) -> list[Any]:
    from onnx import helper

    model.graph.node.extend(
        [
            helper.make_node("ArgMax", [end.logits], ["rayocr_class"], axis=2, keepdims=0),
            _reduced(model, "ReduceMax", end.logits, "rayocr_best", axis=2, keepdims=1),
            *_score(model, end),
        ]
    )
    return _class_and_score()


def _best_of_blocks(model: Any, end: Head) -> list[Any]:
    """The first of the best blocks has the first of the best classes, so this is what `_best` finds."""
    import numpy as np
    from onnx import helper

    graph = model.graph
    blocks = _relative_to_blank(graph, end)
    _constant(graph, "rayocr_by_block", np.array([0, 0, blocks, _BLOCK], np.int64))
    _constant(graph, "rayocr_cell", np.array([0, 0, 1, 1], np.int64))
    _constant(graph, "rayocr_step", np.array([0, -1], np.int64))
    _constant(graph, "rayocr_row", np.zeros((1, 1, 1, _BLOCK), np.int64))
    _constant(graph, "rayocr_size", np.array(_BLOCK, np.int64))
    graph.node.extend(
        [
            helper.make_node("Reshape", [end.logits, "rayocr_by_block"], ["rayocr_blocks"]),
            _reduced(model, "ReduceMax", "rayocr_blocks", "rayocr_tops", axis=3, keepdims=0),
            helper.make_node("ArgMax", ["rayocr_tops"], ["rayocr_number"], axis=2, keepdims=1),
            helper.make_node("Reshape", ["rayocr_number", "rayocr_cell"], ["rayocr_block"]),
            helper.make_node("Add", ["rayocr_block", "rayocr_row"], ["rayocr_places"]),
            helper.make_node("GatherElements", ["rayocr_blocks", "rayocr_places"], ["rayocr_won"], axis=2),
            helper.make_node("ArgMax", ["rayocr_won"], ["rayocr_place"], axis=3, keepdims=1),
            helper.make_node("Mul", ["rayocr_block", "rayocr_size"], ["rayocr_start"]),
            helper.make_node("Add", ["rayocr_start", "rayocr_place"], ["rayocr_found"]),
            helper.make_node("Reshape", ["rayocr_found", "rayocr_step"], ["rayocr_class"]),
            _reduced(model, "ReduceMax", "rayocr_tops", "rayocr_best", axis=2, keepdims=1),
            *_score(model, end),
        ]
    )
    return _class_and_score()


_ENDS: dict[str, Callable[[Any, Head], list[Any]]] = {
    "logits": _logits,
    "best": _best,
    "blocks": _best_of_blocks,
}


def _score(model: Any, end: Head) -> list[Any]:
    """The score of the best class is 1 / sum(exp(logit - best logit)): the same softmax, of one class."""
    from onnx import helper

    return [
        helper.make_node("Sub", [end.logits, "rayocr_best"], ["rayocr_below"]),
        helper.make_node("Exp", ["rayocr_below"], ["rayocr_exp"]),
        _reduced(model, "ReduceSum", "rayocr_exp", "rayocr_sum", axis=2, keepdims=0),
        helper.make_node("Reciprocal", ["rayocr_sum"], ["rayocr_score"]),
    ]


def _class_and_score() -> list[Any]:
    from onnx import TensorProto, helper

    return [
        helper.make_tensor_value_info("rayocr_class", TensorProto.INT64, ["N", "T"]),
        helper.make_tensor_value_info("rayocr_score", TensorProto.FLOAT, ["N", "T"]),
    ]


def _relative_to_blank(graph: Any, end: Head) -> int:
    """Let the head give each class's logit less that of the blank, class 0; and add classes that are never
    best, up to a whole number of blocks. How many blocks.

    A softmax does not see the difference, but bfloat16 does: of logits around 20 it keeps a sixteenth,
    while here the blank is 0 and what is about as good stays as it is.
    """
    import numpy as np
    from onnx import numpy_helper

    blocks = 0
    for tensor in graph.initializer:
        if tensor.name in (end.weights, end.bias):
            array = numpy_helper.to_array(tensor)
            blocks = -(-array.shape[-1] // _BLOCK)
            array = array - array[..., :1]
            more = [(0, 0)] * (array.ndim - 1) + [(0, blocks * _BLOCK - array.shape[-1])]
            filled = np.pad(array, more, constant_values=_NEVER if tensor.name == end.bias else 0)
            tensor.CopyFrom(numpy_helper.from_array(filled, tensor.name))
    return blocks


def _constant(graph: Any, name: str, value: Any) -> None:
    from onnx import numpy_helper

    graph.initializer.append(numpy_helper.from_array(value, name))


def _reduced(model: Any, kind: str, source: str, target: str, *, axis: int, keepdims: int) -> Any:
    """A reduction over one axis; newer operators take the axes as an input (ONNX: Changelog.md)."""
    import numpy as np
    from onnx import helper

    if _release(model) < _AXES_ARE_INPUTS[kind]:
        return helper.make_node(kind, [source], [target], axes=[axis], keepdims=keepdims)
    axes = f"{target}_axes"
    _constant(model.graph, axes, np.array([axis], np.int64))
    return helper.make_node(kind, [source, axes], [target], keepdims=keepdims)


def _release(model: Any) -> int:
    """Of ONNX's operators, as the model takes them."""
    return int(next(one.version for one in model.opset_import if one.domain in ("", "ai.onnx")))


def _unknown(source: Path) -> ModelError:
    return ModelError(
        f"{source.name} does not end as a recognition model of PaddleOCR does.",
        "Its head is not a matrix product, a bias and a softmax.",
        "Set engine.charset=all, or take another engine.model.",
    )
