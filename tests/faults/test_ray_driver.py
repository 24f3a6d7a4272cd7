"""The process that drives Ray dies or is asked to stop: the run says so, nothing stays, and it goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli import command, environ, rayocr, rows
from tests.faults.processes import Tree, kill
from tests.pictures import folder_of_pictures

pytestmark = [pytest.mark.ray, pytest.mark.faults, pytest.mark.slow]

PAGES = 60
FAKE = ("--set", "engine.engine=fake", "--set", "output.flush_seconds=0.5")
SLOW = ("--set", "engine.fake={'*': 'sleep:0.3'}", "--set", "resources.batch_pages=2")


def begin(folder: Path) -> tuple[subprocess.Popen[str], Tree]:
    """A slow run in a process group of its own, as a shell starts it."""
    source = folder_of_pictures(folder / "in", PAGES)
    arguments = command("run", "-i", source, "-o", folder / "out", "--runner", "ray", *FAKE, *SLOW)
    process = subprocess.Popen(
        arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ(), process_group=0
    )
    return process, Tree(process.pid)


def wait_for(condition: Callable[[], bool], tree: Tree) -> None:
    """Look at the processes until the moment has come."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        tree.look()
        time.sleep(0.05)


def resume(folder: Path, runner: str = "inline") -> None:
    """The same command again, and every page is there once. What there is to resume lies in the output, and
    either runner starts from that: one of the tests has Ray do it."""
    source, output = folder / "in", folder / "out"
    answer = rayocr("run", "-i", source, "-o", output, "--runner", runner, *FAKE, timeout=240)
    assert answer.returncode == 0, answer.stderr
    keys = [row["key"] for row in rows(folder / "out", ["key"])]
    assert len(keys) == len(set(keys)) == PAGES


@pytest.mark.parametrize("moment", ["starts", "recognises"])
def test_a_driver_that_is_killed_is_named_and_leaves_nothing(
    tmp_path: Path, moment: str, injected: Callable[[str, int], None]
) -> None:
    process, tree = begin(tmp_path)
    kind = "raylet" if moment == "starts" else "engine"
    wait_for(lambda: bool(tree.of_kind(kind)), tree)
    kill(tree.of_kind("Ray's driver")[0])
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 4, errors
    assert "Ray's driver was killed by SIGKILL" in errors
    assert "Run the same command again" in errors
    assert "Traceback" not in errors
    assert not [title for title in tree.end() if "python" not in title]
    assert not (tmp_path / "out" / "_lock.json").exists()
    injected("kill", 1)
    resume(tmp_path, runner="ray" if moment == "recognises" else "inline")


def test_a_signal_to_all_stops_the_run_and_keeps_what_is_done(tmp_path: Path) -> None:
    process, tree = begin(tmp_path)
    staged = tmp_path / "out" / "pages"
    wait_for(lambda: any(staged.glob("*.parquet")), tree)
    os.kill(tree.of_kind("Ray's driver")[0].pid, signal.SIGTERM)
    os.killpg(process.pid, signal.SIGTERM)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "interrupted" in output
    assert tree.end() == []
    assert 0 < len(rows(tmp_path / "out", ["key"])) < PAGES
    resume(tmp_path)
