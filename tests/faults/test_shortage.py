"""A machine that is short of something: no row blames a good page, and the same command ends well."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli import ROOT, command, environ, rayocr, rows
from tests.pictures import folder_of_pictures

pytestmark = [pytest.mark.faults, pytest.mark.slow]

FAKE = ("--set", "engine.engine=fake", "--quiet")

NO_DECODERS = """
import errno, os, subprocess
_popen = subprocess.Popen.__init__
def popen(self, args, *rest, **named):
    if "actors.decoding.child:serve" in args:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    _popen(self, args, *rest, **named)
subprocess.Popen.__init__ = popen
"""
"""A `sitecustomize` of which every process gets the effect: no decoder can be forked."""


def check_the_end(done: subprocess.CompletedProcess[str], what: str, source: Path, output: Path) -> None:
    assert done.returncode == 4, done.stderr
    assert f"short of {what}" in done.stderr
    assert "bug" not in done.stderr and "Traceback" not in done.stderr
    if (output / "pages").exists():
        assert not [row for row in rows(output) if row["status"] == "failed"]
    again = rayocr("run", "-i", source, "-o", output, "--runner", "inline", *FAKE)
    assert again.returncode == 0, again.stderr
    assert [row["status"] for row in rows(output)] == ["ok"] * 3


def test_too_few_descriptors(tmp_path: Path) -> None:
    source, output = folder_of_pictures(tmp_path / "in", 3), tmp_path / "out"
    arguments = command("run", "-i", source, "-o", output, "--runner", "inline", *FAKE)
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -n 11; exec "$0" "$@"', *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=environ(),
        cwd=ROOT,
        check=False,
    )
    check_the_end(done, "open files", source, output)


@pytest.mark.ray
def test_no_process_for_a_decoder_in_a_task_of_rays(tmp_path: Path) -> None:
    source, output = folder_of_pictures(tmp_path / "in", 3), tmp_path / "out"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NO_DECODERS)
    path = f"{tmp_path / 'site'}:{ROOT}"
    done = rayocr("run", "-i", source, "-o", output, "--runner", "ray", *FAKE, PYTHONPATH=path)
    check_the_end(done, "processes", source, output)
