"""Graphs that were made cheaper compute what they did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.runtimes import load
from actors.runtimes.contracts import Array, Placement, Weights
from actors.runtimes.rewriting import rewrite, save_rewritten
from tests.actors.runtimes.graphs import batch
from tests.models import require_model

onnx = pytest.importorskip("onnx")
helper, numpy_helper, FLOAT = onnx.helper, onnx.numpy_helper, onnx.TensorProto.FLOAT

RUNTIMES = pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])


def weights(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


def ending(
    *,
    identities: bool = False,
    constants: bool = False,
    between: str = "Relu",
    stride: int = 2,
    maps: int = 1,
) -> Any:
    """A model that ends as PaddleOCR's detection does: two transposed convolutions, the second of which gives
    `maps` channels, then a sigmoid. `between`: what comes between them."""
    arrays = {
        "up": weights(1, 3, 5, 2, 2),
        "up_bias": weights(2, 1, 5, 1, 1),
        "last": weights(3, 5, maps, 2, 2),
        "last_bias": weights(4, 1, maps, 1, 1),
    }
    tensors = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    same = {"kernel_shape": [2, 2], "pads": [0, 0, 0, 0], "group": 1, "dilations": [1, 1]}
    steps = [
        helper.make_node("ConvTranspose", ["x", "up"], ["a"], strides=[2, 2], **same),
        helper.make_node("Add", ["a", "up_bias"], ["b"]),
        helper.make_node(between, ["b"], ["c"]),
        helper.make_node("ConvTranspose", ["c", "last"], ["d"], strides=[stride, stride], **same),
        helper.make_node("Add", ["last_bias", "d"], ["e"]),
        helper.make_node("Sigmoid", ["e"], ["map"]),
    ]
    if identities:
        for step in steps[1:]:
            names = [name for name in step.input if name not in arrays]
            steps = [*steps, *(helper.make_node("Identity", [name], [f"{name}_same"]) for name in names)]
            step.input[:] = [f"{name}_same" if name in names else name for name in step.input]
        order = ["a", "a_same", "b", "b_same", "c", "c_same", "d", "d_same", "e", "e_same", "map"]
        steps.sort(key=lambda step: order.index(step.output[0]))
    made = [helper.make_node("Constant", [], [one.name], value=one) for one in tensors if constants]
    inputs = [helper.make_tensor_value_info("x", FLOAT, ["N", 3, "H", "W"])]
    outputs = [helper.make_tensor_value_info("map", FLOAT, ["N", maps, "Y", "X"])]
    graph = helper.make_graph([*made, *steps], "ending", inputs, outputs, [] if constants else tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)


def before_and_after(model: Any, folder: Path, runtime: str, given: np.ndarray) -> tuple[Array, Array]:
    """What a model gives, and what it gives rewritten."""
    pytest.importorskip(runtime)
    source, target = folder / "source.onnx", folder / "target.onnx"
    onnx.save(model, str(source))
    save_rewritten(source, target)
    first, second = (
        load(runtime, Weights("onnx", (file,)), Placement()).run(given) for file in (source, target)
    )
    return first[0], second[0]


def kinds(model: Any) -> list[str]:
    return [node.op_type for node in model.graph.node]


@RUNTIMES
@pytest.mark.parametrize("identities", [False, True])
@pytest.mark.parametrize("constants", [False, True])
def test_a_detection_model_ends_with_points(
    tmp_path: Path, runtime: str, identities: bool, constants: bool
) -> None:
    model = ending(identities=identities, constants=constants)
    before, after = before_and_after(model, tmp_path, runtime, batch(1, height=4, width=6))
    assert after.shape == (2, 1, 16, 24)
    assert np.allclose(before, after, atol=1e-6)
    rewrite(model)
    assert kinds(model) == ["Conv", "Add", "Relu", "Conv", "Add", "DepthToSpace", "Sigmoid"]
    assert len(model.graph.initializer) == 4, "nothing is left of the old weights"


@pytest.mark.parametrize("other", [{"between": "Sigmoid"}, {"stride": 1}, {"maps": 2}])
def test_another_end_stays(tmp_path: Path, other: dict[str, Any]) -> None:
    model = ending(**other)
    before, after = before_and_after(model, tmp_path, "onnxruntime", batch(1, height=4, width=6))
    assert np.array_equal(before, after)
    rewrite(model)
    assert kinds(model).count("ConvTranspose") == 2


def test_an_end_whose_middle_is_wanted_stays(tmp_path: Path) -> None:
    model = ending()
    model.graph.output.append(helper.make_tensor_value_info("c", FLOAT, ["N", 5, "Y", "X"]))
    before, after = before_and_after(model, tmp_path, "onnxruntime", batch(1, height=4, width=6))
    assert np.array_equal(before, after)
    rewrite(model)
    assert kinds(model).count("ConvTranspose") == 2


def weighing(kind: str = "HardSigmoid", *, swapped: bool = False) -> Any:
    """A model that adds to its N×3×H×W the same, weighed by channel; `kind`: what gives the weights."""
    sums, products = (["product", "x"], ["scale", "x"]) if swapped else (["x", "product"], ["x", "scale"])
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["mean"]),
        helper.make_node(kind, ["mean"], ["scale"]),
        helper.make_node("Mul", products, ["product"]),
        helper.make_node("Add", sums, ["sum"]),
    ]
    shape = ["N", 3, "H", "W"]
    values = [helper.make_tensor_value_info(name, FLOAT, shape) for name in ("x", "sum")]
    graph = helper.make_graph(nodes, "weighing", values[:1], values[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)


@RUNTIMES
@pytest.mark.parametrize("swapped", [False, True])
def test_channels_are_weighed_in_one_walk(tmp_path: Path, runtime: str, swapped: bool) -> None:
    model = weighing(swapped=swapped)
    before, after = before_and_after(model, tmp_path, runtime, batch(1))
    assert np.allclose(before, after, atol=1e-6)
    rewrite(model)
    assert kinds(model) == ["GlobalAveragePool", "HardSigmoid", "Add", "Mul"]


@pytest.mark.parametrize("wanted", [False, True])
def test_other_sums_stay(wanted: bool, tmp_path: Path) -> None:
    model = weighing("HardSigmoid" if wanted else "Sigmoid")
    if wanted:
        model.graph.output.append(helper.make_tensor_value_info("product", FLOAT, ["N", 3, "H", "W"]))
    before, after = before_and_after(model, tmp_path, "onnxruntime", batch(1))
    assert np.array_equal(before, after)
    rewrite(model)
    assert kinds(model)[-2:] == ["Mul", "Add"]


def test_tiny_weights_become_nothing() -> None:
    model = ending()
    (tensor,) = (one for one in model.graph.initializer if one.name == "up_bias")
    values = numpy_helper.to_array(tensor).copy()
    values[0, :3, 0, 0] = [1e-40, -1e-25, 1e-19]
    tensor.CopyFrom(numpy_helper.from_array(values, "up_bias"))
    rewrite(model)
    biases = next(one for one in model.graph.initializer if one.dims == [1, 20, 1, 1])
    assert numpy_helper.to_array(biases)[0, :5, 0, 0].tolist() == [0, 0, *values[0, 2:, 0, 0].tolist()]


def test_a_graph_with_graphs_in_it_stays() -> None:
    model = ending(identities=True)
    inner = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "inner",
        [],
        [helper.make_tensor_value_info("y", FLOAT, None)],
    )
    model.graph.node.append(helper.make_node("If", ["yes"], ["either"], then_branch=inner, else_branch=inner))
    before = model.SerializeToString()
    rewrite(model)
    assert model.SerializeToString() == before


@pytest.mark.models
@pytest.mark.parametrize("name", ["PP-OCRv6_small", "PP-OCRv6_tiny", "PP-OCRv4_mobile_onnx"])
@pytest.mark.parametrize(("part", "shape"), [("det", (1, 3, 96, 160)), ("rec", (2, 3, 48, 96))])
def test_each_onnx_model_of_the_catalogue(
    name: str, part: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    model = onnx.load(str(require_model(name).path(f"{part}.onnx")))
    given = np.random.default_rng(6).uniform(-1, 1, shape).astype(np.float32)
    before, after = before_and_after(model, tmp_path, "onnxruntime", given)
    assert np.allclose(before, after, atol=1e-4)
    rewrite(model)
    tensors = [numpy_helper.to_array(one) for one in model.graph.initializer]
    least = min(np.abs(one[one != 0]).min(initial=1) for one in tensors if one.dtype == np.float32)
    assert least >= 1e-20
    assert not {"Identity", "Constant"} & set(kinds(model))
    if "v6" in name:
        assert "ConvTranspose" not in kinds(model)
