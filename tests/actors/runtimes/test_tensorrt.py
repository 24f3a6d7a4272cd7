"""What TensorRT is told, and how batches are cut into what it was compiled for. No TensorRT is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.runtimes import tensorrt
from actors.runtimes.binding import run_bound
from actors.runtimes.contracts import Placement, Shapes
from actors.runtimes.onnx_runtime import OnnxSession
from tests.actors.runtimes.graphs import batch, doubling, head

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

SHAPES = Shapes((1, 3, 48, 32), (8, 3, 48, 320), (16, 3, 48, 3328))
PLACEMENT = Placement("gpu", "float16", tensorrt=True, shapes=SHAPES)


def test_an_engine_is_built_for_all_shapes_at_once(tmp_path: Path) -> None:
    assert tensorrt.options(PLACEMENT, doubling(tmp_path).files[0]) == {
        "device_id": 0,
        "trt_fp16_enable": True,
        "trt_profile_min_shapes": "x:1x3x48x32",
        "trt_profile_opt_shapes": "x:8x3x48x320",
        "trt_profile_max_shapes": "x:16x3x48x3328",
    }


def test_old_graphs_name_their_constants_as_inputs(tmp_path: Path) -> None:
    import onnx

    (file,) = head(tmp_path).files
    model = onnx.load(str(file))
    kind = onnx.TensorProto.FLOAT
    model.graph.input.insert(0, onnx.helper.make_tensor_value_info("weights", kind, [3, 7]))
    onnx.save(model, str(file))
    assert tensorrt.options(PLACEMENT, file)["trt_profile_min_shapes"] == "x:1x3x48x32"


def test_without_bounds_or_a_cache_it_is_told_neither(tmp_path: Path) -> None:
    bare = Placement("gpu", "float32", tensorrt=True)
    assert tensorrt.options(bare, tmp_path / "no.onnx") == {"device_id": 0, "trt_fp16_enable": False}
    capped = replace(bare, gpu_memory_mb=2048)
    assert tensorrt.options(capped, tmp_path / "no.onnx")["trt_max_workspace_size"] == 1024**3


def folders(placement: Placement, model: Path, card: str = "NVIDIA A10") -> tuple[Path, Path]:
    """Of the engines, and of the timing cache."""
    told = tensorrt.options(placement, model, card)
    assert told["trt_engine_cache_enable"] is True
    assert told["trt_timing_cache_enable"] is True
    return Path(told["trt_engine_cache_path"]), Path(told["trt_timing_cache_path"])


def test_what_was_built_is_kept_by_model_card_precision_and_releases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    placement = replace(PLACEMENT, cache=tmp_path)
    (model,) = doubling(tmp_path).files
    engines, timing = folders(placement, model)
    assert engines.is_dir()
    assert timing.parent == tmp_path / "tensorrt"
    assert engines.parent == timing
    assert folders(placement, model) == (engines, timing)
    wider = replace(SHAPES, most=(32, 3, 48, 3328))
    (other,) = head(tmp_path).files
    seen = [engines]
    for changed, file in (
        (replace(placement, precision="float32"), model),
        (replace(placement, shapes=wider), model),
        (placement, other),
    ):
        found, beside = folders(changed, file)
        assert beside == timing, "kernels are as fast for another model"
        seen.append(found)
    seen.append(folders(placement, model, "NVIDIA H100")[0])
    monkeypatch.setattr(onnxruntime, "__version__", "1.0")
    seen.append(folders(placement, model)[0])
    monkeypatch.setattr(tensorrt, "_tensorrt", lambda: "10.99")
    seen.append(folders(placement, model)[0])
    assert len(set(seen)) == 7


def test_the_card_is_what_its_driver_calls_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from actors.nvml import Card
    from tests.actors.nvml_driver import FakeCard, FakeDriver

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (model,) = doubling(tmp_path).files
    placement, real = replace(PLACEMENT, cache=tmp_path), Card.open
    named = folders(placement, model, FakeCard().name)
    monkeypatch.setattr(Card, "open", lambda: real(FakeDriver(FakeCard())))
    assert Path(tensorrt.options(placement, model)["trt_engine_cache_path"]) == named[0]
    monkeypatch.setattr(Card, "open", lambda: None)
    assert Path(tensorrt.options(placement, model)["trt_engine_cache_path"]) != named[0]


@pytest.mark.parametrize("rows", [1, 16, 17, 33, 64])
def test_a_batch_of_more_rows_is_cut_into_pieces(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which the card computes one after the other; here on the CPU."""
    import onnxruntime

    from actors.runtimes import onnx_runtime

    seen: list[int] = []

    def on_cpu(session: Any, piece: np.ndarray, _: str) -> Any:
        seen.append(len(piece))
        return run_bound(session, piece, "cpu")

    monkeypatch.setattr(onnx_runtime, "run_bound", on_cpu)
    monkeypatch.setattr(
        onnx_runtime,
        "_session",
        lambda weights, _: onnxruntime.InferenceSession(
            str(weights.files[0]), providers=["CPUExecutionProvider"]
        ),
    )
    given = batch(2, rows, 48, 40)
    twice, mean = OnnxSession(doubling(tmp_path), PLACEMENT).run(given)
    assert np.array_equal(twice, given * 2)
    assert np.allclose(mean, given.mean(axis=1), atol=1e-6)
    assert max(seen) <= 16
    assert sum(seen) == rows
    assert len(seen) == -(-rows // 16)
