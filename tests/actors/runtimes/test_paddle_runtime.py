"""Paddle Inference: what it refuses everywhere, and a real run where it is installed."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from actors.engines.fast.prepared import prepare_detection
from actors.errors import ConfigError
from actors.runtimes import load
from actors.runtimes.contracts import Placement, Weights
from actors.runtimes.paddle_runtime import card_flags, limit_card_memory
from tests.models import require_model

WEIGHTS = Weights("paddle", (Path("det.pdmodel"), Path("det.pdiparams")))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A PaddlePaddle for CPUs that loads nothing."""
    paddle = ModuleType("paddle")
    paddle.is_compiled_with_cuda = lambda: False  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "paddle", paddle)
    monkeypatch.setattr("actors.runtimes.paddle_runtime.util.find_spec", lambda name: object())
    return paddle


@pytest.mark.parametrize(("device", "extra"), [("cpu", "paddle"), ("gpu", "gpu")])
def test_it_is_not_installed(monkeypatch: pytest.MonkeyPatch, device: Any, extra: str) -> None:
    monkeypatch.setattr("actors.runtimes.paddle_runtime.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="not installed") as caught:
        load("paddle", WEIGHTS, Placement(device))
    assert f"'rayocr[{extra}]'" in caught.value.remedy


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("weights", "placement", "words"),
    [
        (Weights("onnx", ()), Placement(), "onnx format"),
        (WEIGHTS, Placement(precision="bfloat16"), "does not compute in bfloat16"),
        (WEIGHTS, Placement("gpu"), "computes on CPUs only"),
    ],
)
def test_what_it_cannot_do_is_refused_with_a_remedy(
    weights: Weights, placement: Placement, words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        load("paddle", weights, placement)
    assert caught.value.remedy


@pytest.mark.parametrize("imported", [False, True])
def test_the_cap_of_a_card_is_the_process_s_whatever_the_session_s_part(
    installed: ModuleType, monkeypatch: pytest.MonkeyPatch, imported: bool
) -> None:
    """Paddle reads its flags when it is imported; one that is there already is told."""
    told: dict[str, Any] = {}
    installed.set_flags = told.update  # type: ignore[attr-defined]
    for name in card_flags(1):
        monkeypatch.setenv(name, "of somebody else")
    if imported:
        with pytest.raises(ConfigError, match="CPUs only"):
            load("paddle", WEIGHTS, Placement("gpu", gpu_memory_mb=3000, gpu_part=0.5))
    else:
        monkeypatch.delitem(sys.modules, "paddle")
        limit_card_memory(3000)
    assert card_flags(3000).items() <= os.environ.items()
    assert told == ({"FLAGS_gpu_memory_limit_mb": 3000} if imported else {})


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("version", ["3.3.0", "3.3.1"])
def test_a_release_whose_onednn_fails_is_refused(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: version)
    with pytest.raises(ConfigError, match="cannot execute these models on a CPU") as caught:
        load("paddle", WEIGHTS, Placement())
    assert "3.2.2" in caught.value.remedy


@pytest.mark.models
def test_it_detects(tmp_path: Path) -> None:
    pytest.importorskip("paddle", reason="PaddlePaddle is not installed")
    session = load("paddle", prepare_detection(require_model("PP-OCRv4_mobile"), tmp_path), Placement())
    for size in (64, 96):
        (scores,) = session.run(np.zeros((1, 3, size, 64), np.float32))
        assert scores.shape == (1, 1, size, 64)
        assert (scores < 0.3).all()
        session.release()
