"""A machine that is busy with other work: every page is read all the same, however long it takes.

One CPU for all processes of a run, beside eight loops that want it, too: the run gets a ninth of it. By the
clock each page takes several times what `ocr.timeout_s` and `decode.timeout_s` allow.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.actors.starving import starved
from tests.cli import command, environ, rows
from tests.faults.processes import Tree
from tests.faults.test_ctrl_c import Said
from tests.pictures import folder_of_pictures, picture

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux puts processes on a CPU"),
]

PAGES, WORK_S, TIMEOUT_S = 3, 0.5, 1.0
SETTINGS = (
    *("--set", "engine.engine=fake", "--set", "resources.actors=1", "--set", "resources.batch_pages=1"),
    *("--set", f"engine.fake={{'*': 'work:{WORK_S}'}}", "--set", f"ocr.timeout_s={TIMEOUT_S}"),
    *("--set", "decode.timeout_s=0.5"),
)


def large_pictures(folder: Path) -> Path:
    """Pages that take a decoder a tenth of a second."""
    folder_of_pictures(folder, 0)
    for number in range(PAGES):
        picture(number, 1700, 2200).save(folder / f"page-{number}.png", compress_level=1)
    return folder


def begin(folder: Path, runner: str) -> subprocess.Popen[str]:
    arguments = command("run", "-i", folder / "in", "-o", folder / "out", "--runner", runner, *SETTINGS)
    return subprocess.Popen(
        arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ(), process_group=0
    )


def all_read(process: subprocess.Popen[str], said: Said, output: Path) -> list[dict[str, object]]:
    process.stdout.read() if process.stdout else None
    code = process.wait(timeout=600)
    found = rows(output)
    assert [row["error_code"] for row in found] == [None] * PAGES, "no page is to blame"
    assert [row["status"] for row in found] == ["ok"] * PAGES
    assert code == 0, said.lines
    assert all(row["attempts"] == 1 for row in found)
    (summary,) = [json.loads(file.read_text()) for file in (output / "runs").glob("*.json")]
    assert summary["restarted"] == 0, "nor is an engine"
    return found


def took_too_long_by_the_clock(found: list[dict[str, object]], ended: Callable[[], float]) -> None:
    """Otherwise the machine was not busy, and this shows nothing."""
    slowest = max(row["timings"]["ocr_ms"] for row in found) / 1000  # type: ignore[index]
    print(f"slowest page {slowest:.1f} s by the clock, of {TIMEOUT_S} s; the run {ended():.0f} s")
    assert slowest > 1.5 * TIMEOUT_S


def test_a_starved_run_without_ray(tmp_path: Path) -> None:
    large_pictures(tmp_path / "in")
    began = time.monotonic()
    with starved():
        process = begin(tmp_path, "inline")
        found = all_read(process, Said(process), tmp_path / "out")
    took_too_long_by_the_clock(found, lambda: time.monotonic() - began)


@pytest.mark.ray
def test_a_starved_run_with_ray(tmp_path: Path) -> None:
    """From the first page on: Ray itself gives up if it has to start so."""
    large_pictures(tmp_path / "in")
    began = time.monotonic()
    process = begin(tmp_path, "ray")
    tree, said = Tree(process.pid), Said(process)
    said.wait_for(r"1(/| of about )\d+ pages", 150)
    with starved() as cpu:
        for one in [tree.driver, *tree.look()]:
            put_on(one, cpu)
        found = all_read(process, said, tmp_path / "out")
    took_too_long_by_the_clock(found, lambda: time.monotonic() - began)


def put_on(process: psutil.Process, cpu: int) -> None:
    """All threads of a process, and what it starts from now on, on one CPU."""
    with contextlib.suppress(psutil.Error, OSError):
        for thread in process.threads():
            with contextlib.suppress(OSError):
                os.sched_setaffinity(thread.id, {cpu})
