"""The driver never loads an OCR or CUDA library: looked at in each process of a command, when it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli import ROOT, command, environ
from tests.models import require_model
from tests.pictures import folder_of_pictures

LIBRARIES = ("libcuda", "libcudart", "onnxruntime", "openvino", "paddle", "nvinfer")
MODULES = ("onnxruntime", "openvino", "paddle", "paddleocr", "paddlex", "cv2", "torch")

SPY = """
import atexit, json, os, sys

def _say():
    try:
        maps = open("/proc/self/maps").read().splitlines()
    except OSError:
        return
    files = sorted({line.split(maxsplit=5)[5] for line in maps if line.count("/")})
    told = {"arguments": sys.orig_argv, "modules": sorted(sys.modules), "files": files}
    with open(os.path.join(os.environ["RAYOCR_SPY"], f"{os.getpid()}.json"), "w") as file:
        json.dump(told, file)

atexit.register(_say)
"""
"""Python imports a module of this name at its start, in every process of the command."""


@dataclass(frozen=True)
class Seen:
    """A Python process at its end: how it was called, its modules, and the files mapped into it."""

    arguments: str
    modules: frozenset[str]
    files: tuple[str, ...]


def processes_of(folder: Path, *command: str | Path) -> list[Seen]:
    """Run it; all its Python processes that came to an end of their own."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SPY)
    environment = environ(PYTHONPATH=f"{folder}:{ROOT}", RAYOCR_SPY=str(folder))
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(file.read_text()) for file in folder.glob("*.json")]
    return [Seen(" ".join(one["arguments"]), frozenset(one["modules"]), tuple(one["files"])) for one in told]


def unclean(seen: Seen) -> list[str]:
    """What it should not have loaded."""
    files = [file for file in seen.files if any(name in Path(file).name.lower() for name in LIBRARIES)]
    folders = [file for file in seen.files if any(f"/{name}/" in file for name in MODULES)]
    return sorted({*files, *folders, *(name for name in MODULES if name in seen.modules)})


def test_a_library_that_is_loaded_is_seen(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    (seen,) = processes_of(tmp_path / "spy", sys.executable, "-c", "import cv2")
    found = unclean(seen)
    assert "cv2" in found
    assert any(name.endswith(".so") and "/cv2/" in name for name in found)


@pytest.mark.parametrize("engine", ["fake", "fast"])
def test_the_plan_loads_none(tmp_path: Path, engine: str) -> None:
    source = folder_of_pictures(tmp_path / "in", 2)
    arguments = ("plan", "-i", source, "-o", tmp_path / "out", "-s", f"engine.engine={engine}")
    (driver,) = processes_of(tmp_path / "spy", *command(*arguments))
    assert unclean(driver) == []


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize("engine", ["fake", pytest.param("fast", marks=pytest.mark.models)])
def test_a_run_with_ray_loads_none_in_the_driver(tmp_path: Path, engine: str) -> None:
    if engine == "fast":
        require_model()
    source = folder_of_pictures(tmp_path / "in", 6)
    arguments = ("run", "-i", source, "-o", tmp_path / "out", "-s", f"engine.engine={engine}")
    seen = processes_of(tmp_path / "spy", *command(*arguments, "--runner", "ray"))
    ours = [one for one in seen if "-m rayocr" in one.arguments or "ray" in one.modules]
    drivers = [one for one in ours if "default_worker.py" not in one.arguments]
    assert any("-m rayocr" in one.arguments for one in drivers)
    assert any("ray.data" in one.modules for one in drivers), "the process that drives Ray was seen"
    clean = ours if engine == "fake" else drivers
    assert {one.arguments: found for one in clean if (found := unclean(one))} == {}
