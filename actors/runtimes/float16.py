"""A model's graph with weights and arithmetic in float16, made once for each model and kept.

{cache}/float16/{SHA-256 of what it was made from, and of how}/{name}.onnx
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from actors.errors import ModelError
from actors.models.cache import sha256_of
from actors.models.keeping import identity_of
from actors.models.keeping import kept as kept_file
from actors.runtimes.packages import import_onnxruntime, version_of

VERSION = 1
"""Part of a kept file's identity: raised whenever a graph comes out differently."""

LARGEST = 65504.0
"""Largest number of float16."""

KEPT_IN_FLOAT32 = ("Softmax", "ArgMax", "Exp", "ReduceMax", "ReduceSum", "Reciprocal")
"""Operators whose results decide between classes, or add up thousands of them: a sum of 18,710 exponentials
has more digits than float16 has. Beside them what ONNX Runtime's own converter leaves alone."""


def kept(source: Path, cache: Path) -> Path:
    """The float16 graph of an ONNX model, made now or before; checked by SHA-256, and made again if altered.

    Raises ModelError if it cannot be made.
    """
    recipe = recipe_of(source)
    folder = cache / "float16" / identity_of(recipe)
    return kept_file(folder, source.name, lambda target: convert(source, target), recipe)


def convert(source: Path, target: Path) -> None:
    """Write a copy of an ONNX model that computes in float16; inputs and outputs stay as they are (float32).

    First the graph is simplified in float32, which folds batch normalisations into convolutions: their
    variances may be beyond float16. What keeps a constant beyond it stays in float32. Raises ModelError.
    """
    import onnx

    import_onnxruntime()
    from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

    try:
        model = _simplified(source, target.parent)
        converted = convert_float_to_float16(
            model,
            keep_io_types=True,
            op_block_list=[*DEFAULT_OP_BLOCK_LIST, *KEPT_IN_FLOAT32],
            node_block_list=_beyond(model.graph),
        )
        _in_order(converted.graph)
        del converted.graph.value_info[:]
        onnx.checker.check_model(converted)
    except Exception as error:
        # onnx and ONNX Runtime raise many types, and all mean the same here.
        raise ModelError(
            f"{source.name} cannot be changed to float16.",
            (str(error).splitlines() or [type(error).__name__])[0],
            "Set engine.precision=float32.",
        ) from error
    target.write_bytes(converted.SerializeToString())


def _simplified(source: Path, scratch: Path) -> Any:
    """The model after ONNX Runtime's optimisations that hold on any device; no operator of its own among
    them, and all constants are initialisers."""
    import onnx

    onnxruntime = import_onnxruntime()

    with tempfile.TemporaryDirectory(dir=scratch, prefix=".simplified-") as folder:
        path = Path(folder) / "model.onnx"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(path)
        options.log_severity_level = 3
        options.intra_op_num_threads = 1
        onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
        return onnx.load(str(path))


def _beyond(graph: Any) -> list[str]:
    """Names of the nodes that have a constant beyond float16; all nodes get names."""
    import numpy as np
    from onnx import TensorProto, numpy_helper

    large = {
        tensor.name
        for tensor in graph.initializer
        if tensor.data_type == TensorProto.FLOAT
        and np.abs(numpy_helper.to_array(tensor)).max(initial=0.0) > LARGEST
    }
    for number, node in enumerate(graph.node):
        node.name = f"rayocr_{number}"
    return [node.name for node in graph.node if large.intersection(node.input)]


def _in_order(graph: Any) -> None:
    """Sort the nodes so that each comes after what it needs, as ONNX wants it: the converter puts its own at
    the end."""
    waiting = list(graph.node)
    made = {one.name for one in (*graph.input, *graph.initializer)} | {""}
    ordered: list[Any] = []
    while waiting:
        ready = [node for node in waiting if made.issuperset(node.input)]
        if not ready:
            raise ValueError("the graph has a circle, or an input that nothing makes")
        ordered += ready
        made.update(name for node in ready for name in node.output)
        taken = {id(node) for node in ready}
        waiting = [node for node in waiting if id(node) not in taken]
    copies = [type(node).FromString(node.SerializeToString()) for node in ordered]
    del graph.node[:]
    graph.node.extend(copies)


def recipe_of(source: Path) -> dict[str, str]:
    """What a graph is made of and by."""
    return {
        "code": str(VERSION),
        "onnx": version_of("onnx"),
        "onnxruntime": import_onnxruntime().__version__,
        "sha256 of the source": sha256_of(source),
    }
