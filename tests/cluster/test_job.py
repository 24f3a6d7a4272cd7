"""The same rows whether a job runs inline, on Ray here, or through `ray job submit` on a cluster's head."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli import ROOT, rayocr, rows
from tests.cluster.head import ray_head
from tests.pictures import folder_of_pictures, tiff

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(600)]

VOLATILE = {"run_id", "written_at", "timings"}


def stable(output: Path) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in VOLATILE} for row in rows(output)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = folder_of_pictures(tmp_path / "scans", 12)
    tiff(folder / "three.tif", 3, seed=90)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    return folder


def test_three_ways_to_the_same_rows(tmp_path: Path, source: Path) -> None:
    config = {
        "source": {"path": str(source)},
        "engine": {"engine": "fake"},
        "output": {"path": "set below", "max_failed_fraction": 0.2},
    }
    project = tmp_path / "project"
    for package in ("actors", "pipelines", "rayocr"):
        shutil.copytree(ROOT / package, project / package, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "job.yaml").write_text(yaml.safe_dump(config), "utf-8")
    arguments = ("run", project / "job.yaml", "--set")

    inline = rayocr(*arguments, f"output.path={tmp_path / 'inline'}", "--runner", "inline")
    assert inline.returncode == 0, inline.stderr
    local = rayocr(*arguments, f"output.path={tmp_path / 'local'}", "--runner", "ray", timeout=300)
    assert local.returncode == 0, local.stderr
    assert "Traceback" not in local.stderr
    assert "core_worker" not in local.stderr, "Ray's chatter stays in its log files"
    with ray_head(tmp_path) as head:
        submit = [str(Path(sys.executable).with_name("ray")), "job", "submit", "--address", head.address]
        submit += ["--working-dir", str(project), "--", sys.executable, "-m", "rayocr", "run", "job.yaml"]
        submit += ["--set", f"output.path={tmp_path / 'job'}"]
        answer = subprocess.run(
            submit,
            env=head.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            cwd=tmp_path,
        )
        assert answer.returncode == 0, answer.stdout[-3000:] + answer.stderr[-3000:]

    expected = stable(tmp_path / "inline")
    assert len(expected) == 16
    assert stable(tmp_path / "local") == expected
    assert stable(tmp_path / "job") == expected
