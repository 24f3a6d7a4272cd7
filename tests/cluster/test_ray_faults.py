"""What the Ray runner does when pages kill, hang or break the engine, or the engine cannot start."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.cli import rayocr, rows
from tests.pictures import folder_of_pictures

pytestmark = [pytest.mark.ray, pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(400)]

RAY = ("--set", "engine.engine=fake", "--runner", "ray", "--set", "output.max_failed_fraction=1")


def test_killing_hanging_and_failing_pages_take_no_other_along(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 14, corners={2: "ff0000", 5: "00ff00", 9: "0000ff"})
    acts = "engine.fake={ff0000: crash, 00ff00: raise, 0000ff: hang}"
    options = ("--set", acts, "--set", "ocr.timeout_s=2", "--set", "resources.batch_pages=4")
    answer = rayocr("run", "-i", source, "-o", tmp_path / "out", *RAY, *options, timeout=300)
    assert answer.returncode == 0, answer.stderr
    codes = [row["error_code"] for row in rows(tmp_path / "out")]
    bad = {2: "ocr.crashed", 5: "ocr.failed", 9: "ocr.timeout"}
    assert codes == [bad.get(number) for number in range(14)]


def test_an_engine_that_raises_at_start_ends_the_run_with_its_own_words(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 3)
    began = time.monotonic()
    options = ("--set", "engine.fake={init: raise}")
    answer = rayocr("run", "-i", source, "-o", tmp_path / "out", *RAY, *options, timeout=300)
    assert answer.returncode == 4, answer.stderr
    assert "told to raise" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert time.monotonic() - began < 120


def test_an_engine_that_dies_at_start_ends_the_run(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 3)
    options = ("--set", "engine.fake={init: crash}", "--set", "resources.actor_start_timeout_s=40")
    answer = rayocr("run", "-i", source, "-o", tmp_path / "out", *RAY, *options, timeout=300)
    assert answer.returncode == 4, answer.stderr
    assert "Traceback" not in answer.stderr
