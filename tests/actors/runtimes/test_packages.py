"""The runtimes' packages report to nobody: no name is looked up, nothing forked, nothing left in the home."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli import ROOT, environ

SCRIPT = """
import json, sys, time
seen = []
sys.addaudithook(lambda name, _: seen.append(name) if name.startswith(("socket.get", "os.fork")) else None)
from actors.runtimes import packages
getattr(packages, sys.argv[1])()
time.sleep(1)
print("SEEN" + json.dumps(seen))
"""

_ELSEWHERE = ("CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
"""What would switch reports off by itself, or put what they leave into another folder."""


@pytest.mark.parametrize("package", ["onnxruntime", "openvino"])
def test_an_import_tells_nobody(package: str, tmp_path: Path) -> None:
    pytest.importorskip(package)
    env = {name: value for name, value in environ().items() if name not in _ELSEWHERE} | {
        "HOME": str(tmp_path)
    }
    command = [sys.executable, "-c", SCRIPT, f"import_{package}"]
    answer = subprocess.run(
        command, capture_output=True, text=True, env=env, cwd=ROOT, check=True, timeout=120
    )
    assert json.loads(answer.stdout.partition("SEEN")[2]) == []
    assert [name for _, _, files in os.walk(tmp_path) for name in files] == []


def test_nobody_else_imports_them_first() -> None:
    """A module of theirs may be imported once `packages` has imported the whole."""
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for room in ("actors", "pipelines", "rayocr")
        for path in (ROOT / room).rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if re.match(r"\s*(import|from) (onnxruntime|openvino)( |$)", line)
    ]
    assert sorted(found) == [
        "actors/runtimes/packages.py: import onnxruntime",
        "actors/runtimes/packages.py: import openvino",
    ]
