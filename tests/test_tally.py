"""The table of tests by marker: of a run, of one in several processes, and of several runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli import ROOT, environ

PROJECT = """
[tool.pytest.ini_options]
markers = ["disk: first", "slow: second"]
"""
TESTS = """
import pytest

@pytest.mark.disk
@pytest.mark.slow
def test_both(injected):
    injected("kill", 2)

@pytest.mark.slow
def test_skipped():
    pytest.skip("no such disk")

@pytest.mark.parametrize("number", range(3))
def test_plain(number):
    assert number != 2
"""
AT_IMPORT = "import pytest\npytest.skip('nothing here', allow_module_level=True)\n"


@pytest.mark.parametrize("processes", [0, 2])
def test_counts_and_reasons(processes: int, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "test_more.py").write_text(AT_IMPORT)
    kept = tmp_path / "kept"
    plugins = ["-p", "tests.tally", "-p", "xdist", "-n", str(processes)]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "--rootdir", "."],
        cwd=tmp_path,
        env=environ(TEST_TALLY=str(kept), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    table = run.stdout.partition("tests by marker")[2].splitlines()[1:]
    assert [line.split() for line in table[1:5]] == [
        ["unit", "2", "1"],
        ["disk", "1"],
        ["slow", "1", "1"],
        ["at", "import", "1"],
    ]
    reasons = {"skipped in slow: 1, no such disk", "skipped in at import: 1, nothing here"}
    assert reasons | {"faults injected: 2 kills"} == set(table[5:8])
    with kept.open("a") as stream:
        stream.write(kept.read_text())  # as if a second run had said the same
    total = subprocess.run(
        [sys.executable, "-m", "tests.tally", kept], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "skipped in slow: 2, no such disk" in total
    assert "faults injected: 4 kills" in total
    assert ["unit", "4", "2"] in [line.split() for line in total.splitlines()]
