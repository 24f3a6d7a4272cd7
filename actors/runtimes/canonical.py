"""What a graph computes, as a hash in which the names of nodes and tensors do not count.

ONNX Runtime invents names while it optimises, and not the same ones each time.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any


def hash_of_graph(path: Path) -> str:
    """SHA-256, in hex, of a graph's operators, attributes, weights, inputs and outputs, in the file's order.

    Raises what onnx raises for a file that is no model.
    """
    import onnx

    model = onnx.load(str(path))
    graph = model.graph
    numbers: dict[str, int] = {"": -1}  # a name that is left out is no tensor
    digest = hashlib.sha256()

    def add(*parts: bytes) -> None:
        for part in parts:
            digest.update(len(part).to_bytes(8, "big") + part)

    def number(name: str) -> bytes:
        return str(numbers.setdefault(name, len(numbers))).encode()

    for one in (*graph.input, *graph.output):  # these names are part of what a caller sees
        add(one.SerializeToString(), number(one.name))
    for one in sorted(model.opset_import, key=lambda one: str(one.domain)):
        add(one.SerializeToString())
    for node in graph.node:
        add(
            node.op_type.encode(),
            node.domain.encode(),
            *map(number, node.input),
            b"",
            *map(number, node.output),
        )
        add(*(attribute.SerializeToString() for attribute in sorted(node.attribute, key=_name)))
    for tensor in sorted(graph.initializer, key=lambda tensor: numbers.get(tensor.name, len(numbers))):
        add(number(tensor.name))
        tensor.name = ""
        add(tensor.SerializeToString())
    add(str(len(graph.sparse_initializer)).encode(), *(one.SerializeToString() for one in model.functions))
    return digest.hexdigest()


def _name(attribute: Any) -> str:
    return str(attribute.name)
