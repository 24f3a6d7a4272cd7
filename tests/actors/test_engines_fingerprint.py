"""The fingerprint changes with everything that changes results, and with nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from actors.device import device_for
from actors.engines import describe_engine
from actors.engines.fingerprint import check_fingerprint, fingerprint, settings_in_clear
from actors.errors import ConfigError
from actors.runtimes.choose import Host
from actors.settings import DecodeConfig, EngineConfig, LayoutConfig, ModelsConfig
from pipelines.config import Config
from pipelines.machine import Machine, Node
from pipelines.plan import Listing, located, make_plan
from tests.cli import ROOT

ENGINES = pytest.mark.parametrize("engine", ["fast", "stock"])
HOST = Host(frozenset({"onnxruntime", "openvino"}), bfloat16=False)


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same machine everywhere: what it can compute with decides the fast engine's runtime."""
    monkeypatch.setattr("actors.engines.fast.describe.this_host", lambda: HOST)


def of(decode: dict[str, Any] | None = None, models: ModelsConfig | None = None, **engine: Any) -> str:
    info = describe_engine(EngineConfig(**engine), models)
    return fingerprint(settings_in_clear(info, DecodeConfig(**(decode or {})), LayoutConfig()))


@ENGINES
def test_it_is_a_sha256_and_always_the_same(engine: str) -> None:
    assert of(engine=engine) == of(engine=engine)
    assert len(of(engine=engine)) == 64
    assert int(of(engine=engine), 16) >= 0


def test_every_engine_has_its_own() -> None:
    assert len({of(engine=engine) for engine in ("fast", "stock", "fake")}) == 3


@ENGINES
@pytest.mark.parametrize(
    "change",
    [
        {"model": "PP-OCRv6_tiny"},
        {"model": "PP-OCRv4_mobile"},
        {"det_limit_side": 960},
        {"det_limit_side": 960, "det_limit_type": "max"},
        {"det_thresh": 0.15},
        {"det_box_thresh": 0.35},
        {"det_unclip_ratio": 1.9},
        {"rec_score_thresh": 0.95},
        {"decode": {"pdf_dpi": 300}},
        {"decode": {"pdf_max_megapixels": 4}},
        {"decode": {"max_megapixels": 50}},
    ],
    ids=str,
)
def test_what_changes_results_changes_it(engine: str, change: dict[str, Any]) -> None:
    assert of(engine=engine, **change) != of(engine=engine)


@pytest.mark.parametrize(
    "change",
    [
        {"charset": "latin"},
        {"compat": True},
        {"runtime": "openvino"},
        {"det_glyph": 15},
        {"rec_squeeze": 0.95},
        {"rec_second_look": 0.123},
        {"device": "gpu", "tensorrt": True},
    ],
    ids=str,
)
def test_what_changes_results_of_the_fast_engine_changes_it(change: dict[str, Any]) -> None:
    assert of(**change) != of()


def test_bfloat16_changes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = of(runtime="openvino")
    monkeypatch.setattr("actors.engines.fast.describe.this_host", lambda: replace(HOST, bfloat16=True))
    assert of(runtime="openvino") != before


@ENGINES
@pytest.mark.parametrize(
    "change",
    [
        {"threads": 7},
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
def test_what_changes_speed_alone_does_not(engine: str, change: dict[str, Any]) -> None:
    assert of(engine=engine, **change) == of(engine=engine)


def test_a_card_changes_nothing_of_stock_and_the_shapes_of_the_fast_engine() -> None:
    """Widths are padded in coarser steps where each new shape costs time, so that lines may differ."""
    assert of(engine="stock", device="gpu") == of(engine="stock")
    assert of(device="gpu") != of()


@ENGINES
@pytest.mark.parametrize(("asked", "gpus"), [("auto", 0), ("auto", 1), ("cpu", 0), ("cpu", 1), ("gpu", 1)])
def test_driver_and_worker_have_the_same(engine: str, asked: str, gpus: int) -> None:
    tree = {"source": {"path": "in"}, "output": {"path": "out"}}
    config = Config.model_validate({**tree, "engine": {"engine": engine, "device": asked}})
    machine = Machine((Node(8, 32_000, gpus, 16_000 if gpus else None),), host=HOST)
    given = ["0"] if make_plan(config, machine, Listing(10)).number("gpus_per_actor") else []
    driver = describe_engine(located(config, machine))
    worker = describe_engine(device_for(config.engine, given))
    assert settings_in_clear(worker, config.decode, config.layout) == settings_in_clear(
        driver, config.decode, config.layout
    )
    check_fingerprint(
        worker,
        config.decode,
        config.layout,
        fingerprint(settings_in_clear(driver, config.decode, config.layout)),
    )


def test_the_two_formats_of_a_model_differ() -> None:
    assert of(model="PP-OCRv4_mobile") != of(model="PP-OCRv4_mobile_onnx")


def test_the_settings_in_clear_say_what_differs() -> None:
    decode = DecodeConfig()
    before = settings_in_clear(describe_engine(EngineConfig()), decode, LayoutConfig())
    after = settings_in_clear(describe_engine(EngineConfig(det_thresh=0.2)), decode, LayoutConfig())
    assert {name for name in before | after if before.get(name) != after.get(name)} == {"engine.det_thresh"}
    assert after["engine.det_thresh"] == "0.2"
    assert all(isinstance(value, str) for value in after.values())
    assert any(name.startswith("weights of") for name in after)


def test_a_driver_needs_no_ocr_library_for_it() -> None:
    code = (
        "import sys\n"
        "from actors.engines import describe_engine\n"
        "from actors.engines.fingerprint import fingerprint, settings_in_clear\n"
        "from actors.settings import DecodeConfig, EngineConfig, LayoutConfig\n"
        "settings = settings_in_clear(describe_engine(EngineConfig()), DecodeConfig(), LayoutConfig())\n"
        "print(fingerprint(settings))\n"
        "heavy = {'paddle', 'paddleocr', 'paddlex', 'onnxruntime', 'openvino', 'cv2', 'ray'}\n"
        "found = heavy & set(sys.modules)\n"
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
    assert len(answer.stdout.strip()) == 64


def test_a_worker_with_another_engine_is_refused() -> None:
    decode, info = DecodeConfig(), describe_engine(EngineConfig())
    planned = fingerprint(settings_in_clear(info, decode, LayoutConfig()))
    check_fingerprint(replace(info, device="gpu", threads=9), decode, LayoutConfig(), planned)
    with pytest.raises(ConfigError, match="differs"):
        check_fingerprint(replace(info, version="0"), decode, LayoutConfig(), planned)
