"""The engine as on a card in float16, emulated on a CPU: each operator in float32, each result rounded.

Weights and results have the digits of float16, sums are added up in float32, as cuDNN and cuBLAS do for such
graphs by default. Models get lines and pages at a card's sizes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from actors.contracts import OcrEngine
    from actors.runtimes.contracts import Session
    from actors.settings import EngineConfig


def build_emulated(config: EngineConfig) -> OcrEngine:
    """The fast engine for a configuration in float32 on ONNX Runtime, its models replaced by rounded ones."""
    from actors.engines.fast.engine import FastEngine
    from actors.engines.fast.options import pace_of
    from actors.engines.fast.prepared import prepare_detection, prepare_recognition
    from actors.models.cache import ModelStore
    from actors.runtimes import load
    from actors.runtimes.contracts import Placement, Weights
    from actors.settings import ModelsConfig

    models = ModelsConfig()
    store = ModelStore(models)
    files = store.ensure(config.model)
    sources = {
        "det": prepare_detection(files, store.root),
        "rec": prepare_recognition(files, config.charset, "logits", store.root).weights,
    }

    def rounded(part: Literal["det", "rec"], session: Session) -> Session:
        session.release()
        with tempfile.TemporaryDirectory(prefix="float16-") as folder:
            target = Path(folder) / f"{part}.onnx"
            emulate(sources[part].files[0], target)
            return load("onnxruntime", Weights("onnx", (target,)), Placement(threads=config.threads or 1))

    return FastEngine(config, models, around=rounded, pace=pace_of("onnxruntime", "gpu"))


def emulate(source: Path, target: Path) -> None:
    """Write a copy of an ONNX model that gives, in float32, what its float16 graph would give on a card."""
    import onnx

    from actors.runtimes.float16 import convert

    with tempfile.TemporaryDirectory(prefix="float16-") as folder:
        half = Path(folder) / source.name
        convert(source, half)
        model = onnx.shape_inference.infer_shapes(onnx.load(str(half)))
    graph = model.graph
    inner = {
        value.name
        for value in graph.value_info
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT16
    }
    _widen(graph)
    nodes: list[Any] = []
    for node in graph.node:
        nodes.append(node)
        for place, name in enumerate(node.output):
            if name in inner:
                node.output[place] = f"{name}.exact"
                nodes += _rounding(f"{name}.exact", name)
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]
    onnx.checker.check_model(model)
    target.write_bytes(model.SerializeToString())


def _widen(graph: Any) -> None:
    """All of a float16 graph in float32, the constants with the values that they have."""
    import numpy as np
    from onnx import TensorProto, numpy_helper

    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT16:
            wide = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name)
            tensor.CopyFrom(wide)
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT16:
                attribute.i = TensorProto.FLOAT
            elif attribute.t.data_type == TensorProto.FLOAT16:
                wide = numpy_helper.to_array(attribute.t).astype(np.float32)
                attribute.t.CopyFrom(numpy_helper.from_array(wide, attribute.t.name))


def _rounding(source: str, target: str) -> list[Any]:
    """Two nodes that round a tensor to float16's digits."""
    from onnx import TensorProto, helper

    return [
        helper.make_node("Cast", [source], [f"{target}.half"], to=TensorProto.FLOAT16),
        helper.make_node("Cast", [f"{target}.half"], [target], to=TensorProto.FLOAT),
    ]
