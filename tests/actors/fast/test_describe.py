"""What a driver learns of the fast engine without building one."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from actors.engines.fast import classifier, page_classifier
from actors.engines.fast.describe import choose, describe, device_of, judges
from actors.runtimes.choose import Host
from actors.settings import EngineConfig, ModelsConfig
from tests.cli import environ


def of(**settings: Any) -> EngineConfig:
    return EngineConfig.model_validate(settings)


@pytest.mark.parametrize("name", ["line_orientation", "words"])
def test_what_is_off_by_default_is_named_where_it_is_on(name: str) -> None:
    """Else an output from before the setting was there could not go on."""
    assert name not in describe(of(), ModelsConfig()).settings
    assert describe(of(**{name: True}), ModelsConfig()).settings[name] == "true"


@pytest.mark.parametrize(
    ("name", "model"), [("page_orientation", page_classifier.MODEL), ("line_orientation", classifier.MODEL)]
)
def test_a_classifier_counts_where_it_is_needed(name: str, model: str) -> None:
    on, off = of(**{name: True}), of(**{name: False})
    assert set(judges(on)) - set(judges(off)) == {model}
    more = set(describe(on, ModelsConfig()).weights) - set(describe(off, ModelsConfig()).weights)
    assert more
    assert all(file.startswith(f"{model}/") for file in more)


@pytest.mark.parametrize(("bfloat16", "precision"), [(True, "bfloat16"), (False, "float32")])
def test_the_machine_decides_where_nothing_is_asked_for(
    bfloat16: bool, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host(frozenset({"onnxruntime", "openvino"}), bfloat16=bfloat16)
    monkeypatch.setattr("actors.engines.fast.describe.this_host", lambda: host)
    assert choose(of()).precision == describe(of(), ModelsConfig()).precision == precision


@pytest.mark.parametrize(("asked", "device"), [("auto", "cpu"), ("cpu", "cpu"), ("gpu", "gpu")])
def test_a_card_is_used_where_it_is_said(asked: str, device: str) -> None:
    assert device_of(of(device=asked)) == device


def test_it_does_without_the_engine_itself() -> None:
    code = (
        "import sys\n"
        "from actors.engines import describe_engine\n"
        "from actors.settings import EngineConfig\n"
        "describe_engine(EngineConfig())\n"
        "assert 'actors.engines.fast.engine' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=environ())
