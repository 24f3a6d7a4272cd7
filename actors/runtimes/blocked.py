"""The graph that ONNX Runtime executes on a CPU, made once for each model and kind of CPU, and kept.

{cache}/blocked/{SHA-256 of what it was made from, and of how}/{name}.onnx    empty: the model as it is

ONNX Runtime optimises a model when it loads it. Here it is helped before (`channels.py`), and what it made is
made simpler (`layout.py`). What comes out is for this CPU and this release alone, and is taken only if it can
be executed and gives what the model gives.
"""

from __future__ import annotations

import json
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors.models.cache import sha256_of
from actors.models.keeping import identity_of
from actors.models.keeping import kept as kept_file
from actors.runtimes.channels import fill_blocks
from actors.runtimes.contracts import Array, Floats, Shapes
from actors.runtimes.cpu import cpu_flags
from actors.runtimes.graph import has_graphs_within
from actors.runtimes.layout import BlockedGraph
from actors.runtimes.packages import import_onnxruntime, version_of

VERSION = 1
"""Part of a kept file's identity: raised whenever a graph comes out differently."""

_BLOCKS = (16, 8)
"""Channels that a CPU computes at once: with AVX-512, and with AVX2. Nothing tells which ONNX Runtime takes,
but with the wrong one the results are wrong."""

_NEAR = 1e-3
"""Part of its largest number by which a tensor may differ; rounding makes it a tenth."""


def kept(source: Path, shapes: Shapes, cache: Path) -> Path | None:
    """The graph to execute instead of an ONNX model, which is not to be optimised again; None for the model
    itself. `shapes`: of its input."""
    if not cpu_flags():
        return None  # machines of different kinds could not be told apart, where they share the cache
    recipe = recipe_of(source, shapes)
    folder = cache / "blocked" / identity_of(recipe)
    try:
        file = kept_file(folder, source.name, lambda target: make(source, target, shapes), recipe)
        return file if file.stat().st_size else None
    except OSError:
        return None  # a cache that cannot be written: the model itself gives the same, a little slower


def recipe_of(source: Path, shapes: Shapes) -> dict[str, str]:
    """What a graph is made of and by, on this machine."""
    return {
        "code": str(VERSION),
        "onnx": version_of("onnx"),
        "onnxruntime": import_onnxruntime().__version__,
        "machine": platform.machine(),
        "flags": " ".join(sorted(cpu_flags())),
        "shapes": json.dumps([shapes.least, shapes.usual, shapes.most]),
        "sha256 of the source": sha256_of(source),
    }


def make(source: Path, target: Path, shapes: Shapes) -> None:
    """Write the graph to execute instead of `source`; an empty file where that is `source` itself."""
    try:
        simpler = _first_simpler(source, shapes)
    except (OSError, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - a release may know these operators otherwise, and raises many types
        simpler = None
    target.write_bytes(b"" if simpler is None else simpler.SerializeToString())


def _first_simpler(source: Path, shapes: Shapes) -> Any | None:
    import onnx

    if has_graphs_within(onnx.load(str(source))):
        return None
    found = (_simpler(source, block, _noise(shapes)) for block in _BLOCKS)
    return next((model for model in found if model is not None), None)


def _simpler(source: Path, block: int, given: Floats) -> Any | None:
    """What ONNX Runtime makes of a model on this CPU, made simpler for blocks of so many channels; None if
    there is nothing to make simpler, or it would give something else."""
    import onnx

    optimised = _optimised(source, block)
    simpler = _copy(optimised)
    made = BlockedGraph(simpler.graph, block).change()
    if not made:
        return None
    before, after = (_giving(optimised, made) for _ in range(2))
    BlockedGraph(after.graph, block).change()
    same = _agree(_outputs(before, given), _outputs(after, given))  # each tensor by itself: an end hides much
    end = _agree(_outputs(onnx.load(str(source)), given, optimise=True), _outputs(simpler, given))
    return simpler if same and end else None


def _optimised(source: Path, block: int) -> Any:
    """The model (onnx.ModelProto) that ONNX Runtime executes instead of one with whole blocks."""
    import onnx

    model = onnx.load(str(source))
    fill_blocks(model, block)
    with tempfile.TemporaryDirectory(prefix="rayocr-") as scratch:
        saved = Path(scratch) / source.name
        session(model.SerializeToString(), optimise=True, save=saved)
        return onnx.load(str(saved))


def _giving(model: Any, names: Sequence[str]) -> Any:
    """A copy that gives these tensors, too."""
    from onnx import TensorProto, helper

    copy = _copy(model)
    own = {output.name for output in copy.graph.output}
    more = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names if name not in own]
    copy.graph.output.extend(more)
    return copy


def _copy(model: Any) -> Any:
    copy = type(model)()
    copy.CopyFrom(model)
    return copy


def _noise(shapes: Shapes) -> Floats:
    """A small input, of two rows; several times as large as the least, so that nothing shrinks to a pixel."""
    import numpy as np

    (_, channels, height, width), most = shapes.least, shapes.most
    size = 2, channels, min(3 * height, most[2]), min(5 * width, most[3])
    return np.random.default_rng(0).uniform(-1, 1, size).astype(np.float32)


def _outputs(model: Any, given: Floats, *, optimise: bool = False) -> list[Array]:
    loaded = session(model.SerializeToString(), optimise=optimise)
    outputs: list[Array] = loaded.run(None, {loaded.get_inputs()[0].name: given})
    return outputs


def _agree(expected: list[Array], found: list[Array]) -> bool:
    import numpy as np

    return all(
        one.shape == other.shape and np.abs(one - other).max() <= _NEAR * float(np.abs(one).max())
        for one, other in zip(expected, found, strict=True)
    )


def session(model: bytes, *, optimise: bool, save: Path | None = None) -> Any:
    """An InferenceSession of one thread. `save`: where the graph that it executes is written to."""
    onnxruntime = import_onnxruntime()
    level = onnxruntime.GraphOptimizationLevel
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimise else level.ORT_DISABLE_ALL
    if save is not None:
        options.optimized_model_filepath = str(save)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
