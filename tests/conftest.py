"""What all tests share: where the labelled data is, how they are shared out among processes, and a table of
what ran, marker by marker."""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.data import data_dir

settings.register_profile("rayocr", deadline=None)  # a busy machine is no error
settings.load_profile("rayocr")

_UNIT = "unit"
_AT_IMPORT = "at import"
_INJECTED = "injected"
_OUTCOMES = ("passed", "failed", "error", "skipped")


def pytest_configure(config: pytest.Config) -> None:
    """Let child processes find the labelled data too, and Ray's workers be no nicer than the tests that run
    beside them: by itself Ray gives them a niceness of 15, with which they would wait for all others."""
    if data_dir().is_dir():
        os.environ.setdefault("RAYOCR_DATA", str(data_dir()))
    os.environ.setdefault("RAY_worker_niceness", "0")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a process of several (`-n`): files that start Ray first, then those with slow tests, so that no long
    one comes last."""
    if hasattr(config, "workerinput"):
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: (not _starts_ray(item.path), item.path not in slow))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """With `--dist loadfile`: a file's tests share what they set up, so they go to one process. Files that
    start Ray all go to the same one, since two Rays at once take longer than one after the other."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "ray" if _starts_ray(config.rootpath / file) else file

    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


@cache
def _starts_ray(file: Path) -> bool:
    """Read off its source, since who shares tests out has no more than their names."""
    return "pytest.mark.ray" in file.read_text("utf-8")


@pytest.fixture
def injected(record_property: Callable[[str, object], None]) -> Callable[[str, int], None]:
    """Call it with a kind of fault (`kill`, `segfault`, `hang`) and how many a test has caused."""
    return lambda kind, count: record_property(_INJECTED, (kind, count))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tests run and skipped, a line for each marker. A test with two markers counts in both lines, one
    without any in `unit`; a module that was skipped while it was imported counts as one, in `at import`."""
    markers = _own_markers(config)
    counts: dict[str, Counter[str]] = {}
    for outcome in _OUTCOMES:
        for report in terminalreporter.stats.get(outcome, []):
            for name in _markers_of(report, markers):
                counts.setdefault(name, Counter())[outcome] += 1
    if not counts:
        return
    terminalreporter.section("tests by marker")
    terminalreporter.write_line(f"{'':<12}" + "".join(f"{outcome:>9}" for outcome in _OUTCOMES))
    for name in (_UNIT, *markers, _AT_IMPORT):
        if name in counts:
            terminalreporter.write_line(
                f"{name:<12}" + "".join(f"{counts[name][outcome] or '':>9}" for outcome in _OUTCOMES)
            )
    if faults := _faults(terminalreporter):
        found = ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in faults.items())
        terminalreporter.write_line(f"faults injected: {found}")


def _faults(terminalreporter: pytest.TerminalReporter) -> Counter[str]:
    """What tests that passed say they have done to processes."""
    faults: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name == _INJECTED:
                faults[value[0]] += value[1]
    return faults


def _own_markers(config: pytest.Config) -> list[str]:
    """The project's markers, in its order; `config.getini` would add those of plugins."""
    if config.inipath is None:
        return []
    options = tomllib.loads(config.inipath.read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    return [line.partition(":")[0] for line in options["markers"]]


def _markers_of(report: pytest.TestReport | pytest.CollectReport, markers: list[str]) -> list[str]:
    if isinstance(report, pytest.CollectReport):
        return [_AT_IMPORT]
    return [name for name in markers if name in report.keywords] or [_UNIT]
