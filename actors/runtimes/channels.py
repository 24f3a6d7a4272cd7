"""Convolutions over whole blocks of channels, for a CPU that computes 8 or 16 of them at once.

What a model computes stays as it is, but for rounding:

- A convolution of more than one pixel that gives no whole number of blocks gives some channels more, of
  zeros, where all that takes them are convolutions again.
- A convolution of joined tensors becomes the sum of one of each: nothing is copied to join them.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

from actors.runtimes.contracts import Floats
from actors.runtimes.graph import Graph, attributes

_EACH_CHANNEL_BY_ITSELF = ("Relu", "MaxPool")
"""Operators that make zeros of a channel of zeros."""

Weighted = tuple[Any, int, int]
"""A node, which of its inputs are weights by channel (axis 1), and at which channel a tensor begins there."""


def fill_blocks(model: Any, block: int) -> None:
    """Change an ONNX model in place. What does not look as expected stays as it is."""
    graph = Graph(model.graph)
    for node in graph.nodes("Conv"):
        _fill(graph, node, block)
    for node in graph.nodes("Concat"):
        _add_up(graph, node, block)
    graph.settle()
    del model.graph.value_info[:]


def _fill(graph: Graph, conv: Any, block: int) -> None:
    import numpy as np

    weights = _plain(graph, conv)
    if weights is None or len(conv.input) > 2 or weights.shape[2:] == (1, 1):
        return
    count = len(weights)
    more = -count % block
    ends = _ends(graph, conv.output[0], 0) if more else None
    if ends is None:
        return
    _replace(graph, conv, 1, np.pad(weights, [(0, more), (0, 0), (0, 0), (0, 0)]))
    for node, place, start in ends:
        values: Any = graph.weights(node.input[place])
        _replace(graph, node, place, np.insert(values, [start + count] * more, 0, axis=1))


def _ends(graph: Graph, name: str, start: int) -> list[Weighted] | None:
    """All weights that a tensor's channels meet up to the next convolutions; None if it meets anything else.
    `start`: where its channels begin among those that it was joined with."""
    takers = graph.takers(name)
    if not takers:
        return None
    found: list[Weighted] = []
    for node in takers:
        place, on = _weights_place(graph, node, name), start
        if node.op_type == "Concat":
            before = _channels_before(graph, node, name)
            if before is None:
                return None
            on += before
        elif place is not None:
            found.append((node, place, start))
        elif node.op_type not in _EACH_CHANNEL_BY_ITSELF:
            return None
        if node.op_type != "Conv":
            rest = _ends(graph, node.output[0], on)
            if rest is None:
                return None
            found += rest
    return found


def _weights_place(graph: Graph, node: Any, name: str) -> int | None:
    """Which input of a node are the weights that a tensor's channels meet."""
    if node.op_type == "Conv":
        return 1 if node.input[0] == name and _plain(graph, node) is not None else None
    return _bias_place(graph, node)


def _bias_place(graph: Graph, node: Any) -> int | None:
    """Which input of a sum is a number for each channel."""
    if node.op_type != "Add":
        return None
    shapes = [None if (values := graph.weights(one)) is None else values.shape for one in node.input]
    places = [place for place, shape in enumerate(shapes) if shape and _is_by_channel(shape)]
    return places[0] if len(places) == 1 else None


def _is_by_channel(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and shape[1] > 1 and shape == (1, shape[1], 1, 1)


def _channels_before(graph: Graph, concat: Any, name: str) -> int | None:
    """Channels of what is joined before a tensor; None if that cannot be told."""
    names = list(concat.input)
    if attributes(concat).get("axis") != 1 or names.count(name) > 1:
        return None
    counts = [_channels(graph, one) for one in names[: names.index(name)]]
    return None if None in counts else sum(one for one in counts if one)


def _channels(graph: Graph, name: str) -> int | None:
    """Of a tensor that comes from a convolution; None for another."""
    node = graph.maker(name)
    if node is None:
        return None
    if node.op_type == "Conv":
        weights = graph.weights(node.input[1])
        return None if weights is None else len(weights)
    bias = _bias_place(graph, node)
    if bias is not None:
        return _channels(graph, node.input[1 - bias])
    return _channels(graph, node.input[0]) if node.op_type in _EACH_CHANNEL_BY_ITSELF else None


def _add_up(graph: Graph, concat: Any, block: int) -> None:
    from onnx import helper

    conv = graph.only_taker(concat, "Conv")
    bias = graph.only_taker(conv, "Add") if conv else None
    place = _bias_place(graph, bias) if bias else None
    counts = [_channels(graph, name) or 0 for name in concat.input]
    if conv is None or bias is None or place is None or len(conv.input) > 2:
        return
    weights, added = _plain(graph, conv), graph.weights(bias.input[place])
    edges = list(accumulate(counts, initial=0))
    if attributes(concat).get("axis") != 1 or any(not count or count % block for count in counts):
        return
    if weights is None or added is None or edges[-1] != weights.shape[1]:
        return
    name = bias.output[0]
    new: list[Any] = []
    for number, (source, (start, end)) in enumerate(zip(concat.input, pairwise(edges), strict=True)):
        part = graph.add_weights(f"{name}_part_{number}", weights[:, start:end].copy())
        inputs = [source, part]
        if number == 0:
            inputs.append(graph.add_weights(f"{name}_bias", added.reshape(-1).copy()))
        new.append(helper.make_node("Conv", inputs, [f"{name}_{number}"], **attributes(conv)))
    last = f"{name}_0"
    for number in range(1, len(counts)):
        total = name if number == len(counts) - 1 else f"{name}_sum_{number}"
        new.append(helper.make_node("Add", [last, f"{name}_{number}"], [total]))
        last = total
    graph.replace([concat, conv, bias], new)


def _plain(graph: Graph, conv: Any) -> Floats | None:
    """The weights (K×C×H×W) of a convolution of all channels with all; None of another."""
    weights = graph.weights(conv.input[1])
    return weights if weights is not None and attributes(conv).get("group", 1) == 1 else None


def _replace(graph: Graph, node: Any, place: int, values: Any) -> None:
    """Other weights for one node, since others may share them."""
    node.input[place] = graph.add_weights(f"{node.output[0]}_{node.input[place]}", values)
