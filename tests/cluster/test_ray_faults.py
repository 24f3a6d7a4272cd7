"""What the Ray runner does when an engine cannot start; for pages see tests/faults/test_engine_faults.py."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.cli import start
from tests.pictures import folder_of_pictures

pytestmark = [pytest.mark.ray, pytest.mark.faults, pytest.mark.slow]

RAY = ("--set", "engine.engine=fake", "--runner", "ray", "--set", "output.max_failed_fraction=1")


def test_an_engine_that_raises_at_start_ends_the_run_with_its_own_words(tmp_path: Path) -> None:
    words = end_of_a_run_whose_engines("raise", tmp_path)
    assert words[:2] == [
        "rayocr: The engine could not be built.",
        "ValueError: the fake engine was told to raise",
    ]


def test_an_engine_that_dies_at_start_ends_the_run(tmp_path: Path) -> None:
    words = end_of_a_run_whose_engines("crash", tmp_path)
    assert words[0] == "rayocr: No engine can be started."
    assert "died" in words[1]


def test_an_engine_that_is_never_ready_ends_the_run(tmp_path: Path) -> None:
    words = end_of_a_run_whose_engines("hang", tmp_path, "--set", "resources.actor_start_timeout_s=20")
    assert words[0] == "rayocr: No engine was ready within 20 s."
    assert re.match(r"Starts of an engine so far: [1-9]", words[1]), "they were given the time to begin"
    assert "resources.actor_start_timeout_s" in words[2]


def end_of_a_run_whose_engines(act: str, tmp_path: Path, *settings: str) -> list[str]:
    """Do this at their start: the last lines of the run, which comes soon."""
    source = folder_of_pictures(tmp_path / "in", 3)
    process = start(
        "run", "-i", source, "-o", tmp_path / "out", *RAY, "--set", f"engine.fake={{init: {act}}}", *settings
    )
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line.strip())
        if "starting engines" in line:
            began = time.monotonic()
    assert process.wait(timeout=60) == 4, lines
    assert time.monotonic() - began < 90, (
        "a process takes up to half a minute to start; a minute from then on"
    )
    assert not any("Traceback" in line for line in lines)
    return lines[-2:] if act == "raise" else lines[-3:]
