"""The fingerprint changes with everything that changes results, and with nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from actors.engines import describe_engine
from actors.engines.fingerprint import check_fingerprint, fingerprint, settings_in_clear
from actors.errors import ConfigError
from actors.settings import DecodeConfig, EngineConfig, ModelsConfig
from tests.cli import ROOT


def of(decode: dict[str, Any] | None = None, models: ModelsConfig | None = None, **engine: Any) -> str:
    info = describe_engine(EngineConfig(**engine), models)
    return fingerprint(settings_in_clear(info, DecodeConfig(**(decode or {}))))


def test_it_is_a_sha256_and_always_the_same() -> None:
    assert of() == of()
    assert len(of()) == 64
    assert int(of(), 16) >= 0


@pytest.mark.parametrize(
    "change",
    [
        {"engine": "fake"},
        {"model": "PP-OCRv6_tiny"},
        {"model": "PP-OCRv4_mobile"},
        {"det_limit_side": 960},
        {"det_limit_type": "max"},
        {"det_thresh": 0.2},
        {"det_box_thresh": 0.4},
        {"det_unclip_ratio": 1.4},
        {"rec_score_thresh": 0.5},
        {"decode": {"pdf_dpi": 300}},
        {"decode": {"pdf_max_megapixels": 4}},
        {"decode": {"max_megapixels": 50}},
    ],
    ids=str,
)
def test_what_changes_results_changes_it(change: dict[str, Any]) -> None:
    assert of(**change) != of()


@pytest.mark.parametrize(
    "change",
    [
        {"threads": 7},
        {"device": "gpu"},
        {"device": "cpu"},
        {"runtime": "onnxruntime"},
        {"fake": {"ff0000": "crash"}},
        {"models": ModelsConfig(cache="/elsewhere", source="/share", offline=True)},
        {"decode": {"timeout_s": 99}},
        {"decode": {"read_timeout_s": 99}},
        {"decode": {"memory_limit_mb": 4000}},
    ],
    ids=str,
)
def test_what_changes_speed_alone_does_not(change: dict[str, Any]) -> None:
    assert of(**change) == of()


def test_the_two_formats_of_a_model_differ() -> None:
    assert of(model="PP-OCRv4_mobile") != of(model="PP-OCRv4_mobile_onnx")


def test_the_settings_in_clear_say_what_differs() -> None:
    decode = DecodeConfig()
    before = settings_in_clear(describe_engine(EngineConfig()), decode)
    after = settings_in_clear(describe_engine(EngineConfig(det_thresh=0.2)), decode)
    assert {name for name in before | after if before.get(name) != after.get(name)} == {"engine.det_thresh"}
    assert after["engine.det_thresh"] == "0.2"
    assert all(isinstance(value, str) for value in after.values())
    assert any(name.startswith("weights of") for name in after)


def test_a_driver_needs_no_ocr_library_for_it() -> None:
    code = (
        "import sys\n"
        "from actors.engines import describe_engine\n"
        "from actors.engines.fingerprint import fingerprint, settings_in_clear\n"
        "from actors.settings import DecodeConfig, EngineConfig\n"
        "print(fingerprint(settings_in_clear(describe_engine(EngineConfig()), DecodeConfig())))\n"
        "found = {'paddle', 'paddleocr', 'paddlex', 'onnxruntime', 'cv2', 'ray'} & set(sys.modules)\n"
        "assert not found, found\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == of()


def test_a_worker_with_another_engine_is_refused() -> None:
    decode, info = DecodeConfig(), describe_engine(EngineConfig())
    planned = fingerprint(settings_in_clear(info, decode))
    check_fingerprint(replace(info, device="gpu", threads=9), decode, planned)
    with pytest.raises(ConfigError, match="differs"):
        check_fingerprint(replace(info, version="0"), decode, planned)
