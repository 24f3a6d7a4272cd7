"""ONNX Runtime's own graph for a CPU, with fewer changes of layout.

For convolutions ONNX Runtime lays a tensor out in blocks of 8 or 16 channels ("NCHWc": rows, blocks, height,
width, channels of a block), and back for each operator that does not know blocks. Here those work on
blocks: what looks at no number's place; a product with a number for each channel, which is spread over the
pixels first; the mean of all pixels; an enlargement by whole numbers. What is added to a
convolution's result is added by the convolution. The operators are ONNX Runtime's own
(contrib_ops/cpu/nchwc_ops.cc).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from actors.runtimes.graph import attributes

DOMAIN = "com.microsoft.nchwc"

_PLANE = [2, 3]
"""Axes of a picture's pixels."""

_HANDS_ON = ("ReorderInput", "ReorderOutput", "Conv")
"""Operators that make a single pixel of a single pixel."""

_NUMBER_BY_NUMBER = frozenset(
    {
        *("Add", "Sub", "Mul", "Div", "Clip", "Relu", "Sigmoid", "Tanh", "Erf"),
        *("HardSigmoid", "HardSwish", "Gelu", "QuickGelu"),
    }
)
"""Operators that look at no number's place."""


@dataclass(frozen=True, slots=True)
class _Twin:
    """A tensor's content in blocks, and its channels."""

    name: str
    channels: int


class BlockedGraph:
    """A graph (onnx.GraphProto) as ONNX Runtime optimised it for this CPU. `block`: channels of a block."""

    def __init__(self, proto: Any, block: int) -> None:
        self._proto = proto
        self._block = block
        self._nodes: list[Any] = []
        self._twins: dict[str, _Twin] = {}
        self._pixels: set[str] = set()
        self._renamed: dict[str, str] = {}
        self._weights = {tensor.name: tensor for tensor in proto.initializer}
        self._outputs = {output.name for output in proto.output}
        self._takers = Counter(name for node in proto.node for name in node.input)
        self._takers.update(self._outputs)
        self._made: list[str] = []

    def change(self) -> list[str]:
        """Change the graph in place. Tensors that are made in another way now; all others are as before."""
        for node in list(self._proto.node):
            node.input[:] = [self._renamed.get(name, name) for name in node.input]
            self._note_pixel(node)
            if not self._stays_in_blocks(node):
                self._nodes.append(node)
        self._settle()
        return self._made

    def _note_pixel(self, node: Any) -> None:
        """Which tensors are a single pixel: means of all, and what is made of them."""
        sources = [name for name in node.input if name and name not in self._weights]
        made_of = node.op_type in _HANDS_ON or node.op_type in _NUMBER_BY_NUMBER
        if _is_mean(node) or (made_of and sources and self._pixels.issuperset(sources)):
            self._pixels.update(node.output)

    def _stays_in_blocks(self, node: Any) -> bool:
        """Do in blocks what a node does; whether that could be done."""
        if _is(node, "ReorderOutput"):
            self._note_twin(node)
            return False
        twins = [self._twins[name] for name in node.input if name in self._twins]
        if len(twins) == 2:
            return node.op_type in ("Add", "Mul") and self._combined(node, *twins)
        if len(twins) != 1:
            return False
        if _is(node, "ReorderInput"):
            self._renamed[node.output[0]] = twins[0].name
            return True
        if node.op_type in _NUMBER_BY_NUMBER:
            return self._by_number(node, twins[0])
        return self._averaged(node, twins[0]) or self._enlarged(node, twins[0])

    def _note_twin(self, reorder: Any) -> None:
        given = attributes(reorder)
        if given["channels"] % self._block == 0 and not given.get("channels_last"):
            self._twins[reorder.output[0]] = _Twin(reorder.input[0], given["channels"])

    def _combined(self, node: Any, one: _Twin, other: _Twin) -> bool:
        if one.channels != other.channels:
            return False
        if (one.name in self._pixels) != (other.name in self._pixels):
            return node.op_type == "Mul" and self._scaled(node, one, other)
        if node.op_type == "Add" and (self._added(node, 0, other) or self._added(node, 1, one)):
            return True
        self._new(node.op_type, [one.name, other.name], node, one)
        return True

    def _by_number(self, node: Any, one: _Twin) -> bool:
        """If all else that the node takes is single numbers."""
        others = [self._values(name) for name in node.input if name and name not in self._twins]
        if any(values is None or values.size != 1 for values in others):
            return False
        inputs = [one.name if name in self._twins else name for name in node.input]
        self._new(node.op_type, inputs, node, one, domain=node.domain, **attributes(node))
        return True

    def _added(self, node: Any, place: int, other: _Twin) -> bool:
        """Let the convolution that gives one summand add the other, if nobody else wants it without, and the
        other is there before."""
        reordered = node.input[place]
        name = self._twins[reordered].name
        made = {output: at for at, one in enumerate(self._nodes) for output in one.output}
        conv = self._nodes[made[name]] if name in made else None
        if conv is None or not _is(conv, "Conv") or len(conv.input) > 3 or "activation" in attributes(conv):
            return False
        if (self._takers[name], self._takers[reordered]) != (1, 1) or made.get(other.name, -1) > made[name]:
            return False
        conv.input.extend([""] * (3 - len(conv.input)) + [other.name])
        self._give(node.output[0], _Twin(name, other.channels))
        return True

    def _scaled(self, node: Any, one: _Twin, other: _Twin) -> bool:
        """N×C×H×W in blocks is N×C/16×HW×16, and a number for each channel N×C/16×1×16. It is spread by
        Expand, since a product that repeats 16 numbers takes longer than both."""
        whole, scale = (other, one) if one.name in self._pixels else (one, other)
        name, blocks = node.output[0], whole.channels // self._block
        parts = {key: f"{name}_{key}" for key in ("shape", "pixels", "all", "scale", "spread", "scaled")}
        planes = self._constant(f"rayocr_planes_{blocks}", [0, blocks, -1, self._block])
        pixel = self._constant(f"rayocr_pixel_{blocks}", [0, blocks, 1, self._block])
        self._node("Shape", [whole.name], parts["shape"])
        self._node("Reshape", [whole.name, planes], parts["pixels"])
        self._node("Reshape", [scale.name, pixel], parts["scale"])
        self._node("Shape", [parts["pixels"]], parts["all"])
        self._node("Expand", [parts["scale"], parts["all"]], parts["spread"])
        self._node("Mul", [parts["pixels"], parts["spread"]], parts["scaled"])
        self._new("Reshape", [parts["scaled"], parts["shape"]], node, whole)
        return True

    def _averaged(self, node: Any, one: _Twin) -> bool:
        if node.op_type != "ReduceMean" or not _is_mean(node):
            return False
        self._new("GlobalAveragePool", [one.name], node, one, domain=DOMAIN)
        self._pixels.add(self._twins[node.output[0]].name)
        return True

    def _enlarged(self, node: Any, one: _Twin) -> bool:
        given = attributes(node)
        sized = node.op_type == "Resize" and len(node.input) == 3
        scales = self._values(node.input[2]) if sized else None
        nearest = (given.get("mode"), given.get("nearest_mode")) == (b"nearest", b"floor")
        if scales is None or not nearest or given.get("coordinate_transformation_mode") != b"asymmetric":
            return False
        whole = [int(scale) for scale in scales]
        if whole != scales.tolist() or whole[:2] != [1, 1]:
            return False
        self._new("Upsample", [one.name], node, one, domain=DOMAIN, scales=whole, mode="nearest")
        return True

    def _new(self, kind: str, inputs: list[str], old: Any, like: _Twin, **options: Any) -> None:
        """A node that gives in blocks what an old one gave."""
        name = f"{old.output[0]}_in_blocks"
        self._node(kind, inputs, name, **options)
        if all(one in self._pixels for one in inputs if one not in self._weights):
            self._pixels.update((name, old.output[0]))
        self._give(old.output[0], _Twin(name, like.channels))

    def _give(self, name: str, twin: _Twin) -> None:
        """For whoever wants the tensor as it was; nobody may."""
        self._made.append(name)
        self._twins[name] = twin
        self._node("ReorderOutput", [twin.name], name, domain=DOMAIN, channels=twin.channels)

    def _node(self, kind: str, inputs: list[str], output: str, **options: Any) -> None:
        from onnx import helper

        self._nodes.append(helper.make_node(kind, inputs, [output], **options))

    def _constant(self, name: str, values: list[int]) -> str:
        import numpy as np
        from onnx import numpy_helper

        if name not in self._weights:
            self._weights[name] = numpy_helper.from_array(np.array(values, np.int64), name)
        return name

    def _values(self, name: str) -> Any:
        from onnx import numpy_helper

        return numpy_helper.to_array(self._weights[name]) if name in self._weights else None

    def _settle(self) -> None:
        """Write back the nodes and weights that somebody wants."""
        wanted = set(self._outputs)
        left = []
        for node in reversed(self._nodes):
            if wanted.intersection(node.output):
                left.append(node.__deepcopy__())
                wanted.update(node.input)
        tensors = [one.__deepcopy__() for name, one in self._weights.items() if name in wanted]
        for field, kept in (("node", reversed(left)), ("initializer", tensors), ("value_info", [])):
            self._proto.ClearField(field)
            getattr(self._proto, field).extend(kept)


def _is_mean(node: Any) -> bool:
    """Whether a node gives the mean of all pixels, as one pixel."""
    given = attributes(node)
    plane = given.get("axes") == _PLANE and given.get("keepdims", 1)
    return node.op_type == "GlobalAveragePool" or bool(node.op_type == "ReduceMean" and plane)


def _is(node: Any, kind: str) -> bool:
    return bool(node.op_type == kind and node.domain == DOMAIN)
