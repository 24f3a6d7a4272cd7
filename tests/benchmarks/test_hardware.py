"""benchmarks/hardware.py: what is said of this machine, and of cards that are not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import hardware
from tests import nvml_library
from tests.cli import ROOT, environ
from tests.nvidia_smi import DRIVER, Listed, install

ASK = """
import dataclasses, json
from benchmarks.hardware import hardware
print(json.dumps(dataclasses.asdict(hardware())))
"""


def test_this_machine() -> None:
    found = hardware.hardware()
    assert found.processor
    assert found.processor in hardware.in_a_line()
    assert found.cores == len(os.sched_getaffinity(0))
    assert found.memory_gib >= 1


def test_versions_are_of_what_is_installed() -> None:
    assert set(hardware.versions(["rayocr", "no-such-package"])) == {"rayocr"}


@pytest.mark.system("compiler")
def test_cards_with_their_driver(tmp_path: Path) -> None:
    path = install(tmp_path / "bin", Listed("GPU-aa"), Listed("GPU-bb", 81_559, "NVIDIA H100, 80GB"))
    libraries = nvml_library.build(tmp_path / "lib", nvml_library.Built("GPU-aa"))
    answer = subprocess.run(
        [sys.executable, "-c", ASK],
        check=True,
        capture_output=True,
        text=True,
        env=environ(PATH=path, LD_LIBRARY_PATH=libraries),
        cwd=ROOT,
    )
    found = json.loads(answer.stdout)
    assert found["cards"] == [
        {"name": "NVIDIA A10", "uuid": "GPU-aa", "memory_mb": 24_576, "driver": DRIVER},
        {"name": "NVIDIA H100, 80GB", "uuid": "GPU-bb", "memory_mb": 81_559, "driver": DRIVER},
    ]
    assert found["cuda_driver"] == "12.8"


def test_an_nvidia_smi_that_fails_lists_no_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", install(tmp_path, Listed("GPU-aa"), fails=True))
    assert hardware.cards() == ()
