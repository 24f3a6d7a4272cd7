"""A terminal that closes is a wish to stop: what was recognised is published, and nobody's page is blamed."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli import ROOT, command, environ, rayocr, rows
from tests.pictures import folder_of_pictures

pytestmark = [pytest.mark.faults, pytest.mark.slow]

PAGES = 6
FAKE = ("--set", "engine.engine=fake", "--set", "resources.batch_pages=1", "--set", "resources.actors=1")
SLOW = ("--set", "engine.fake={ff0000: 'sleep:2'}")


def wait_for_the_first_page(terminal: int) -> None:
    seen = b""
    while not re.search(rb"\b1(/| of about )\d", seen):
        seen += os.read(terminal, 4096)


def test_a_terminal_that_closes(tmp_path: Path) -> None:
    """Whose group gets SIGHUP up to three times, from the kernel and a shell; nobody can write to it."""
    source = folder_of_pictures(tmp_path / "in", PAGES, corners=dict.fromkeys(range(1, PAGES), "ff0000"))
    output = tmp_path / "out"
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("run", "-i", source, "-o", output, "--runner", "inline", *FAKE, *SLOW),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ(),
        cwd=ROOT,
        start_new_session=True,
    )
    os.close(theirs)
    wait_for_the_first_page(ours)
    os.close(ours)
    for _ in range(3):
        os.killpg(process.pid, signal.SIGHUP)
        time.sleep(0.05)
    assert process.wait(30) == 130
    assert not (output / "_lock.json").exists()
    done = [row["status"] for row in rows(output)]
    assert 0 < len(done) < PAGES and {*done} == {"ok"}, "what was recognised is published, and blames no page"
    again = rayocr("run", "-i", source, "-o", output, "--runner", "inline", *FAKE)
    assert again.returncode == 0, again.stderr
    assert [row["status"] for row in rows(output)] == ["ok"] * PAGES


def test_a_reader_that_left_does_not_fail_the_run(tmp_path: Path) -> None:
    source, output = folder_of_pictures(tmp_path / "in", PAGES), tmp_path / "out"
    arguments = command("run", "-i", source, "-o", output, "--runner", "inline", *FAKE)
    ours, theirs = os.pipe()
    process = subprocess.Popen(arguments, stdout=theirs, stderr=theirs, env=environ(), cwd=ROOT)
    os.close(theirs)
    os.close(ours)
    assert process.wait(60) == 0
    assert len(rows(output)) == PAGES
