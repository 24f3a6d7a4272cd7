"""Convolutions over whole blocks of channels give what they gave."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.runtimes.channels import fill_blocks
from tests.actors.runtimes.networks import Net, noise, run, stem

onnx = pytest.importorskip("onnx")


def shapes(model: Any) -> list[tuple[int, ...]]:
    """Of the weights of the convolutions, in order."""
    tensors = {one.name: tuple(one.dims) for one in model.graph.initializer}
    return [tensors[node.input[1]] for node in model.graph.node if node.op_type == "Conv"]


def kinds(model: Any) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def filled(model: Any, folder: Path, block: int = 16) -> Any:
    """The model, changed; what it gives is as before."""
    given = noise(2, 3, 12, 20)
    before = run(model, folder, given)
    fill_blocks(model, block)
    onnx.checker.check_model(model)
    for one, other in zip(before, run(model, folder, given), strict=True):
        assert one.shape == other.shape
        assert np.allclose(one, other, atol=1e-5)
    return model


@pytest.mark.parametrize(
    ("block", "counts"),
    [(16, [(32, 3), (16, 32), (32, 16), (32, 32), (32, 32), (5, 32)]), (4, None), (32, None)],
)
def test_channels_are_filled_up(tmp_path: Path, block: int, counts: list[tuple[int, int]] | None) -> None:
    model = filled(stem(), tmp_path, block)
    found = [shape[:2] for shape in shapes(model)]
    assert counts is None or sorted(found) == sorted(counts)
    assert all(count % block == 0 for count, _ in found[:-1])
    assert kinds(model)["Concat"] == 0, "nothing is joined any longer"
    used = {name for node in model.graph.node for name in node.input}
    assert used >= {one.name for one in model.graph.initializer}, "nothing is left of the old weights"


def taken_by(kind: str) -> Any:
    """A network whose first convolution, of 24 channels, is taken by what is no convolution of all."""
    net = Net()
    first = net.conv("x", 24, 3, 3)
    if kind == "output":
        return net.model(net.conv(first, 16, 24, 3), first)
    if kind == "depthwise":
        return net.model(net.conv(net.conv(first, 24, 24, 3, group=24), 16, 24))
    if kind == "product":
        return net.model(net.conv(net.node("Mul", first, net.node("Relu", first)), 16, 24))
    if kind == "joined with the picture":
        return net.model(net.conv(net.node("Concat", "x", first, axis=1), 16, 27))
    if kind == "joined with itself":
        return net.model(net.conv(net.node("Concat", first, first, axis=1), 16, 48))
    return net.model(net.conv(net.node(kind, first), 16, 24))


@pytest.mark.parametrize(
    "kind",
    [
        "Sigmoid",
        "GlobalAveragePool",
        "output",
        "depthwise",
        "product",
        "joined with the picture",
        "joined with itself",
    ],
)
def test_channels_that_others_would_see_are_not(tmp_path: Path, kind: str) -> None:
    model = taken_by(kind)
    before = shapes(model)
    assert shapes(filled(model, tmp_path)) == before


def test_single_pixels_are_not_worth_it(tmp_path: Path) -> None:
    net = Net()
    model = net.model(net.conv(net.conv("x", 24, 3), 16, 24))
    assert shapes(filled(model, tmp_path))[0][0] == 24


def test_weights_that_two_share_are_changed_for_one(tmp_path: Path) -> None:
    net = Net()
    weights = net.weights(12, 3, 3, 3)
    options = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    one = net.conv(net.node("Conv", "x", weights, **options), 8, 12)
    other = net.node("Conv", "x", weights, **options)
    model = filled(net.model(one, other), tmp_path)
    assert [shape[0] for shape in shapes(model)] == [16, 8, 12]


@pytest.mark.parametrize("what", ["no whole blocks", "no bias", "rows"])
def test_other_joints_stay(tmp_path: Path, what: str) -> None:
    net = Net()
    parts = [net.node("Sigmoid", net.conv("x", count, 3)) for count in (16, 16)]
    if what == "no whole blocks":
        parts = [net.conv("x", 16, 3), net.node("Sigmoid", net.conv("x", 16, 3))]
    if what == "no bias":
        parts = [net.node("Relu", net.conv("x", 16, 3)) for _ in range(2)]
    joined = net.node("Concat", *parts, axis=2 if what == "rows" else 1)
    last = net.conv(joined, 8, 16 if what == "rows" else 32, bias=what != "no bias")
    assert kinds(filled(net.model(last), tmp_path))["Concat"] == 1
