"""A model's graph, in which nodes can be looked up and replaced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.runtimes.contracts import Floats


class Graph:
    """An ONNX graph, in which nodes can be replaced: without Identity nodes, and with all constants among
    its weights, as PP-OCRv4's are not."""

    def __init__(self, proto: Any) -> None:
        self._proto = proto
        self._outputs = {output.name for output in proto.output}
        self._nodes = self._tidied()

    def _tidied(self) -> list[Any]:
        from onnx import numpy_helper

        renamed: dict[str, str] = {}
        left = []
        for node in self._proto.node:
            node.input[:] = [renamed.get(name, name) for name in node.input]
            value = next((one.t for one in node.attribute if one.name == "value"), None)
            if node.op_type == "Constant" and value is not None:
                self.add_weights(node.output[0], numpy_helper.to_array(value))
            elif node.op_type == "Identity" and node.output[0] not in self._outputs:
                renamed[node.output[0]] = node.input[0]
            else:
                left.append(node)
        return left

    def settle(self) -> None:
        """Write the nodes back, without the weights that nobody takes any longer."""
        nodes = [node.__deepcopy__() for node in self._nodes]
        del self._proto.node[:]
        self._proto.node.extend(nodes)
        used = {name for node in nodes for name in node.input} | {one.name for one in self._proto.input}
        tensors = [tensor.__deepcopy__() for tensor in self._proto.initializer if tensor.name in used]
        del self._proto.initializer[:]
        self._proto.initializer.extend(tensors)

    def nodes(self, kind: str) -> list[Any]:
        """Those of a kind, in order."""
        return [node for node in self._nodes if node.op_type == kind]

    def maker(self, name: str) -> Any:
        """The node that gives a tensor; None for weights and inputs."""
        return next((node for node in self._nodes if name in node.output), None)

    def takers(self, name: str) -> list[Any] | None:
        """The nodes that take a tensor; None if it is an output of the graph, too."""
        return None if name in self._outputs else [node for node in self._nodes if name in node.input]

    def only_taker(self, node: Any, kind: str) -> Any:
        """The one node of that kind that takes what a node gives; None if it is not the only one."""
        takers = self.takers(node.output[0]) or []
        return takers[0] if [taker.op_type for taker in takers] == [kind] else None

    def weights(self, name: str) -> Floats | None:
        """The values of an initialiser."""
        from onnx import numpy_helper

        tensor = next((one for one in self._proto.initializer if one.name == name), None)
        return None if tensor is None else numpy_helper.to_array(tensor)

    def add_weights(self, name: str, values: Any) -> str:
        """A new initialiser; its name."""
        from onnx import numpy_helper

        self._proto.initializer.append(numpy_helper.from_array(values, name))
        return name

    def drop_weights_below(self, least: float) -> None:
        """Weights that are nearer to 0 than `least` become 0."""
        import numpy as np
        from onnx import numpy_helper

        for tensor in self._proto.initializer:
            values = numpy_helper.to_array(tensor)
            if values.dtype == np.float32:
                tiny = (np.abs(values) < least) & (values != 0)
                if tiny.any():
                    tensor.CopyFrom(numpy_helper.from_array(np.where(tiny, 0, values), tensor.name))

    def replace(self, old: Sequence[Any], new: Sequence[Any]) -> None:
        """New nodes in the place of the last of some old ones."""
        place = max(self._nodes.index(node) for node in old)
        self._nodes[place : place + 1] = new
        for node in old:
            if node in self._nodes:
                self._nodes.remove(node)


def attributes(node: Any) -> dict[str, Any]:
    """A node's attributes, by name."""
    from onnx import helper

    return {one.name: helper.get_attribute_value(one) for one in node.attribute}


def has_graphs_within(model: Any) -> bool:
    """Whether nodes hold graphs of their own, in which names of the model may be used unseen."""
    return any(one.HasField("g") or one.graphs for node in model.graph.node for one in node.attribute)
