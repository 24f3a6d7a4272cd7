"""What all tests share: where the labelled data is, and a table of what ran, marker by marker."""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Callable

import pytest

from tests.data import data_dir

_UNIT = "unit"
_AT_IMPORT = "at import"
_INJECTED = "injected"
_OUTCOMES = ("passed", "failed", "error", "skipped")


def pytest_configure(config: pytest.Config) -> None:
    """Let child processes find the labelled data too."""
    if data_dir().is_dir():
        os.environ.setdefault("RAYOCR_DATA", str(data_dir()))


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
