"""Ctrl-C in the middle of a batch of a minute: answered at once, over soon, nothing stays, and it goes on."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.cli import command, environ, rayocr, rows
from tests.faults.processes import Tree
from tests.pictures import folder_of_pictures

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(400)]

RUNNERS = ["inline", pytest.param("ray", marks=pytest.mark.ray)]
PAGES = 8
FAKE = ("--set", "engine.engine=fake", "--set", "output.flush_seconds=0.5")
SLOW = (
    *("--set", "engine.fake={ff0000: 'sleep:60'}", "--set", "resources.batch_pages=3"),
    *("--set", "resources.actors=1"),
)


class Said:
    """What a command says on stderr, line by line, with the time of each."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[str] = []
        self._coming: queue.Queue[tuple[float, str]] = queue.Queue()
        threading.Thread(target=self._read, args=(process,), daemon=True).start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self._coming.put((time.monotonic(), line.rstrip()))

    def wait_for(self, pattern: str, seconds: float) -> tuple[float, str]:
        """When such a line came, and what it says."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                at, line = self._coming.get(timeout=left)
            except queue.Empty:
                break
            self.lines.append(line)
            if re.search(pattern, line):
                return at, line
        pytest.fail(f"nothing like {pattern!r} within {seconds} s: {self.lines}")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("runner", RUNNERS)
def test_a_signal_in_a_long_batch(runner: str, how: signal.Signals, tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", PAGES, corners=dict.fromkeys(range(1, PAGES), "ff0000"))
    arguments = command("run", "-i", source, "-o", tmp_path / "out", "--runner", runner, *FAKE, *SLOW)
    process = subprocess.Popen(
        arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ(), process_group=0
    )
    tree, said = Tree(process.pid), Said(process)
    said.wait_for(r"1(/| of about )\d+ pages", 150)  # the others are a batch that takes minutes
    time.sleep(2)
    tree.look()

    began = time.monotonic()
    os.killpg(process.pid, how)  # as a terminal does: to all in the foreground
    at, answer = said.wait_for("stopping", 10)
    assert at - began < 1.0, f"the answer took {at - began:.1f} s"
    assert re.search(r"\d+ pages at engines", answer), "what it waits for"
    assert re.search(r"\d s at most", answer), "and how long"
    output = process.communicate(timeout=60)[0]
    took = time.monotonic() - began
    assert process.returncode == 130, said.lines
    assert took < 15.0, f"it took {took:.1f} s"
    assert tree.end(3.0) == []
    assert not (tmp_path / "out" / "_lock.json").exists()

    assert "interrupted" in output
    assert not any("engine was replaced" in line for line in said.lines)
    done = len(rows(tmp_path / "out")) if (tmp_path / "out" / "pages").exists() else 0
    assert done < 2, "the batch was left"
    assert f"{done} of {PAGES} documents done, {PAGES - done} left" in output
    assert all(row["status"] == "ok" for row in rows(tmp_path / "out")), "whoever ends a run blames no page"
    again = rayocr("run", "-i", source, "-o", tmp_path / "out", "--runner", "inline", *FAKE)
    assert again.returncode == 0, again.stderr
    assert len({row["key"] for row in rows(tmp_path / "out")}) == PAGES == len(rows(tmp_path / "out"))
    print(f"{runner}, {how.name}: answered after {at - began:.2f} s, ended after {took:.1f} s")
