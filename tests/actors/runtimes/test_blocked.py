"""What ONNX Runtime makes of a model for a CPU, made simpler: it gives the same, is made once and kept."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.errors import ConfigError
from actors.runtimes import blocked, load
from actors.runtimes.contracts import Floats, Placement, Shapes, Weights
from actors.runtimes.layout import DOMAIN
from tests.actors.runtimes.graphs import doubling
from tests.actors.runtimes.networks import Net, noise, run, stem
from tests.models import require_model

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

SHAPES = Shapes((1, 3, 8, 8), (2, 3, 12, 20), (4, 3, 64, 64))


@pytest.fixture(autouse=True)
def _knows_blocks(tmp_path: Path) -> None:
    """Not every CPU computes in blocks."""
    optimised = tmp_path / "probe.onnx"
    blocked.session(weighed().SerializeToString(), optimise=True, save=optimised)
    if not any(node.domain == DOMAIN for node in onnx.load(str(optimised)).graph.node):
        pytest.skip("ONNX Runtime does not compute in blocks of channels on this CPU")


def saved(model: Any, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "model.onnx"
    file.write_bytes(model.SerializeToString())
    return file


def scale_of(net: Net, source: str, mean: str) -> str:
    """A number for each of 32 channels, from their means."""
    options = {"axes": [2, 3], "keepdims": 1} if mean == "ReduceMean" else {}
    inner = net.node("Relu", net.conv(net.node(mean, source, **options), 8, 32))
    return net.node("HardSigmoid", net.conv(inner, 32, 8))


def weighed(mean: str = "ReduceMean", *, swapped: bool = False, more: bool = False) -> Any:
    """Channels weighed by numbers, and a sum with what comes of them, as in PP-OCRv6's blocks; `swapped`: the
    operands; `more`: the numbers and the product are wanted, too."""
    net = Net()
    first = net.conv("x", 32, 3, 3)
    scale = scale_of(net, first, mean)
    product = net.node("Mul", *((scale, first) if swapped else (first, scale)))
    inner = net.node("Relu", net.conv(product, 48, 32))
    last = net.conv(inner, 32, 48)
    total = net.node("Add", *((last, product) if swapped else (product, last)))
    end = net.conv(net.conv(total, 32, 32, 3, group=32), 3, 32)
    return net.model(end, *([product, scale] if more else []))


def enlarged(mode: str = "asymmetric", factor: float = 2.0) -> Any:
    """A small picture enlarged and added to a large one, whose channels are weighed by 1 + numbers, as in
    PP-OCRv6's detection."""
    net = Net()
    large, small = net.conv("x", 32, 3, 3), net.conv("x", 32, 3, 3, stride=2)
    scale = net.node(
        "Add", scale_of(net, large, "GlobalAveragePool"), net.constant(np.ones((1, 1, 1, 1), "f4"))
    )
    scales = net.constant(np.array([1, 1, factor, factor], np.float32))
    options = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": mode}
    bigger = net.node("Resize", small, net.constant(np.zeros(0, np.float32)), scales, **options)
    total = net.node("Add", net.node("Mul", large, scale), bigger) if factor == 2.0 else bigger
    return net.model(net.conv(total, 16, 32))


def kinds(file: Path) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load(str(file)).graph.node)


def ours(model: Any, folder: Path) -> tuple[Path, Path | None]:
    """The model's file, and the one to execute instead."""
    source = saved(model, folder / "source")
    return source, blocked.kept(source, SHAPES, folder / "cache")


def agree(model: Any, made: Path, folder: Path, given: Floats) -> bool:
    placement = Placement(shapes=SHAPES, cache=folder / "cache")
    session = load("onnxruntime", Weights("onnx", (folder / "source" / "model.onnx",)), placement)
    found = session.run(given)
    assert made.is_file()
    return all(
        one.shape == other.shape and np.allclose(one, other, atol=1e-4)
        for one, other in zip(run(model, folder, given), found, strict=True)
    )


@pytest.mark.parametrize("mean", ["ReduceMean", "GlobalAveragePool"])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("more", [False, True])
def test_weighed_channels_stay_in_blocks(tmp_path: Path, mean: str, swapped: bool, more: bool) -> None:
    model = weighed(mean, swapped=swapped, more=more)
    _, made = ours(model, tmp_path)
    assert made is not None
    for shape in ((2, 3, 12, 20), (1, 3, 7, 9), (3, 3, 33, 8)):
        assert agree(model, made, tmp_path, noise(*shape))
    found = kinds(made)
    assert found["ReorderInput"] <= 1, "but for the numbers, which are no whole block"
    assert found["Add"] == 0, "the last convolution of the block adds"
    assert found["ReduceMean"] == 0


def test_a_picture_is_enlarged_in_blocks(tmp_path: Path) -> None:
    model = enlarged()
    _, made = ours(model, tmp_path)
    assert made is not None
    for shape in ((2, 3, 12, 20), (1, 3, 8, 6)):
        assert agree(model, made, tmp_path, noise(*shape))
    assert (kinds(made)["Resize"], kinds(made)["Upsample"]) == (0, 1)


@pytest.mark.parametrize(("mode", "factor"), [("half_pixel", 2.0), ("asymmetric", 1.5)])
def test_other_enlargements_stay(tmp_path: Path, mode: str, factor: float) -> None:
    model = enlarged(mode, factor)
    source, made = ours(model, tmp_path)
    assert agree(model, made or source, tmp_path, noise(2, 3, 12, 20))
    assert kinds(made or source)["Resize"] == 1


def test_numbers_and_curves_stay_in_blocks(tmp_path: Path) -> None:
    """A hard swish as PP-OCRv4 has it, and curves; a softmax does not."""
    net = Net()
    first = net.conv("x", 32, 3, 3)
    three, least, most, six = (net.constant(np.float32(value)) for value in (3, 0, 6, 6))
    gate = net.node("Clip", net.node("Add", net.constant(np.array([3], "f4")), first), least, most)
    swish = net.node("Div", net.node("Mul", first, gate), six)
    curves = net.node("Sub", net.node("Sigmoid", net.conv(swish, 32, 32)), three)
    last = net.conv(net.node("Tanh", net.conv(curves, 32, 32)), 32, 32)
    model = net.model(net.conv(net.node("Softmax", last, axis=1), 16, 32))
    _, made = ours(model, tmp_path)
    assert made is not None
    assert agree(model, made, tmp_path, noise(2, 3, 12, 20))
    assert (kinds(made)["ReorderInput"], kinds(made)["ReorderOutput"]) == (1, 2)


def test_a_sum_that_two_want_is_not_added_by_the_convolution(tmp_path: Path) -> None:
    """One of them would get more than it wants."""
    net = Net()
    first = net.conv("x", 32, 3, 3)
    product = net.node("Mul", first, scale_of(net, first, "ReduceMean"))
    last = net.conv(net.node("Relu", net.conv(product, 32, 32)), 32, 32)
    model = net.model(net.conv(net.node("Add", product, last), 16, 32), net.node("Sigmoid", last))
    _, made = ours(model, tmp_path)
    assert made is not None
    assert agree(model, made, tmp_path, noise(2, 3, 12, 20))


def test_the_joined_branches(tmp_path: Path) -> None:
    net_in = stem()
    source, made = ours(net_in, tmp_path)
    assert agree(net_in, made or source, tmp_path, noise(2, 3, 12, 20))


def test_it_is_made_once_kept_and_made_again_if_it_was_altered(tmp_path: Path) -> None:
    source, made = ours(weighed(), tmp_path)
    assert made is not None
    good, written = made.read_bytes(), made.stat().st_mtime_ns
    assert blocked.kept(source, SHAPES, tmp_path / "cache") == made
    assert made.stat().st_mtime_ns == written
    made.write_bytes(good[:-1])
    assert blocked.kept(source, SHAPES, tmp_path / "cache") == made
    assert made.read_bytes() != good[:-1]
    assert agree(weighed(), made, tmp_path, noise(2, 3, 12, 20))


def test_other_models_releases_and_cpus_have_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    source, made = ours(weighed(), tmp_path)
    found = {made, blocked.kept(saved(weighed(swapped=True), tmp_path / "other"), SHAPES, tmp_path / "cache")}
    with monkeypatch.context() as patch:
        patch.setattr(onnxruntime, "__version__", "0.1")
        found.add(blocked.kept(source, SHAPES, tmp_path / "cache"))
    monkeypatch.setattr(blocked, "cpu_flags", lambda: frozenset({"neither"}))
    found.add(blocked.kept(source, SHAPES, tmp_path / "cache"))
    assert None not in found
    assert len(found) == 4


@pytest.mark.parametrize("hidden", [False, True])
def test_what_would_give_something_else_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hidden: bool
) -> None:
    """Here: because it reckons with blocks that no CPU has. It is not tried again each time. `hidden`: the
    network's end shows nothing of it."""
    monkeypatch.setattr(blocked, "_BLOCKS", (4,))
    model = weighed()
    if hidden:
        last = [node for node in model.graph.node if node.op_type == "Conv"][-1]
        (tensor,) = (one for one in model.graph.initializer if one.name == last.input[1])
        tensor.CopyFrom(onnx.numpy_helper.from_array(np.zeros(list(tensor.dims), np.float32), tensor.name))
    source, made = ours(model, tmp_path)
    assert made is None
    monkeypatch.setattr(blocked, "make", None)
    assert blocked.kept(source, SHAPES, tmp_path / "cache") is None
    assert agree(model, source, tmp_path, noise(2, 3, 12, 20))


def test_where_what_was_made_cannot_be_executed_the_model_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a release that knows the operators otherwise."""

    def refuse(*_: Any) -> None:
        raise RuntimeError("Could not find an implementation")

    model = weighed()
    monkeypatch.setattr(blocked, "_outputs", refuse)
    source, made = ours(model, tmp_path)
    assert made is None
    assert agree(model, source, tmp_path, noise(2, 3, 12, 20))


def test_where_nothing_becomes_simpler_the_model_stays(tmp_path: Path) -> None:
    (source,) = doubling(tmp_path).files
    assert blocked.kept(source, SHAPES, tmp_path / "cache") is None


def test_where_cpus_cannot_be_told_apart_the_model_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocked, "cpu_flags", frozenset)
    assert ours(weighed(), tmp_path)[1] is None
    assert not (tmp_path / "cache").exists()


def test_where_nothing_can_be_kept_the_model_stays(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, where a folder should be")
    model = weighed()
    source, made = ours(model, tmp_path)
    assert made is None
    assert agree(model, source, tmp_path, noise(2, 3, 12, 20))


def test_a_file_that_is_no_model_is_told_as_ever(tmp_path: Path) -> None:
    file = tmp_path / "broken.onnx"
    file.write_bytes(b"no model")
    with pytest.raises(ConfigError, match=r"could not load broken\.onnx"):
        load("onnxruntime", Weights("onnx", (file,)), Placement(shapes=SHAPES, cache=tmp_path / "cache"))


@pytest.mark.models
@pytest.mark.parametrize("name", ["PP-OCRv6_small", "PP-OCRv6_tiny", "PP-OCRv4_mobile_onnx"])
@pytest.mark.parametrize(("part", "shape"), [("det", (1, 3, 96, 160)), ("rec", (2, 3, 48, 96))])
def test_each_onnx_model_of_the_catalogue(
    name: str, part: str, shape: tuple[int, int, int, int], tmp_path: Path
) -> None:
    source = require_model(name).path(f"{part}.onnx")
    made = blocked.kept(source, Shapes(shape, shape, shape), tmp_path)
    assert made is not None
    rows, _, height, width = shape
    given = noise(rows + 1, 3, height, 2 * width)
    sessions = [
        blocked.session(source.read_bytes(), optimise=True, save=tmp_path / "optimised.onnx"),
        blocked.session(made.read_bytes(), optimise=False),
    ]
    before, after = (one.run(None, {one.get_inputs()[0].name: given})[0] for one in sessions)
    assert np.allclose(before, after, atol=1e-3)
    changes = [
        sum(kinds(file)[kind] for kind in ("ReorderInput", "ReorderOutput"))
        for file in (tmp_path / "optimised.onnx", made)
    ]
    assert changes[1] < changes[0] / 2
