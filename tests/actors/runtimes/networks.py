"""Small convolutional networks for the tests of graphs, made on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.runtimes.contracts import Floats


class Net:
    """A network under construction, of N×3×H×W "x". What adds a node gives the name of what it makes."""

    def __init__(self) -> None:
        self.onnx = pytest.importorskip("onnx")
        self._nodes: list[Any] = []
        self._tensors: list[Any] = []
        self._random = np.random.default_rng(3)

    def weights(self, *shape: int) -> str:
        """Random numbers."""
        values = self._random.normal(0, 1 / np.sqrt(max(1, np.prod(shape[1:]))), shape)
        return self.constant(values.astype(np.float32))

    def constant(self, values: Any) -> str:
        """Given numbers."""
        name = f"w{len(self._tensors)}"
        self._tensors.append(self.onnx.numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(self, kind: str, *inputs: str, **options: Any) -> str:
        """Any node."""
        name = f"{kind.lower()}{len(self._nodes)}"
        self._nodes.append(self.onnx.helper.make_node(kind, inputs, [name], **options))
        return name

    def conv(self, source: str, *shape: int, group: int = 1, stride: int = 1, bias: bool = True) -> str:
        """A convolution, `shape`: of its weights (K, C, and its size), and a bias that is added."""
        size = shape[2] if len(shape) > 2 else 1
        weights = self.weights(shape[0], shape[1] // group, size, size)
        made = self.node(
            "Conv",
            source,
            weights,
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[size // 2] * 4,
            group=group,
        )
        return self.node("Add", made, self.weights(1, shape[0], 1, 1)) if bias else made

    def model(self, *outputs: str) -> Any:
        """The network so far."""
        helper, kind = self.onnx.helper, self.onnx.TensorProto.FLOAT
        given = helper.make_tensor_value_info("x", kind, ["N", 3, "H", "W"])
        made = [
            helper.make_tensor_value_info(one, kind, [f"{one}_{axis}" for axis in range(4)])
            for one in outputs
        ]
        graph = helper.make_graph(self._nodes, "net", [given], made, self._tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)
        self.onnx.checker.check_model(model)
        return model


def stem() -> Any:
    """Two branches of 24 channels that are joined, as PP-OCRv6's networks begin."""
    net = Net()
    first = net.node("Relu", net.conv("x", 24, 3, 3, stride=2))
    inner = net.node("Relu", net.conv(first, 12, 24, 3))
    second = net.node("Relu", net.conv(inner, 24, 12, 3))
    pooled = net.node("MaxPool", first, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    joined = net.node("Concat", pooled, second, axis=1)
    third = net.node("Relu", net.conv(joined, 20, 48, 3, stride=2))
    return net.model(net.conv(third, 5, 20))


def run(model: Any, folder: Path, given: Floats) -> list[Floats]:
    """What ONNX Runtime makes of it."""
    onnxruntime = pytest.importorskip("onnxruntime")
    file = folder / "net.onnx"
    file.write_bytes(model.SerializeToString())
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    found: list[Floats] = session.run(None, {"x": given})
    return found


def noise(*shape: int) -> Floats:
    """An input."""
    return np.random.default_rng(4).uniform(-1, 1, shape).astype(np.float32)
