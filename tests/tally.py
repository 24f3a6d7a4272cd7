"""Tests run and skipped, marker by marker, and why they were skipped: at the end of a pytest run, and of
several that were told to write to one file (`TEST_TALLY`):

    python -m tests.tally FILE
"""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_INJECTED = "injected"
_UNIT = "unit"
_AT_IMPORT = "at import"
_OUTCOMES = ("passed", "failed", "error", "skipped")
_Counts = defaultdict[str, Counter[str]]


@dataclass
class Tally:
    """`outcomes` and `reasons` (of skips): how often, by marker; `faults`: how many, by kind. A test with two
    markers counts for both, one without any as `unit`; a module that was skipped while it was imported counts
    as one, as `at import`."""

    outcomes: _Counts = field(default_factory=lambda: defaultdict(Counter))
    reasons: _Counts = field(default_factory=lambda: defaultdict(Counter))
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Add what another run counted."""
        for own, others in ((self.outcomes, other.outcomes), (self.reasons, other.reasons)):
            for marker, counts in others.items():
                own[marker].update(counts)
        self.faults.update(other.faults)

    def lines(self, markers: list[str]) -> Iterator[str]:
        """The table, in the markers' order; then the reasons, and the faults."""
        yield f"{'':<12}" + "".join(f"{outcome:>9}" for outcome in _OUTCOMES)
        order = [marker for marker in (_UNIT, *markers, _AT_IMPORT) if marker in self.outcomes]
        for marker in order:
            counts = self.outcomes[marker]
            yield f"{marker:<12}" + "".join(f"{counts[outcome] or '':>9}" for outcome in _OUTCOMES)
        for marker in order:
            for reason, count in self.reasons[marker].most_common():
                yield f"skipped in {marker}: {count}, {reason}"
        if self.faults:
            found = (f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in self.faults.items())
            yield f"faults injected: {', '.join(found)}"

    def as_json(self) -> str:
        """On one line."""
        return json.dumps({"outcomes": self.outcomes, "reasons": self.reasons, "faults": self.faults})

    @classmethod
    def of_json(cls, line: str) -> Tally:
        """What `as_json` gave."""
        tree, tally = json.loads(line), cls()
        for own, read in ((tally.outcomes, tree["outcomes"]), (tally.reasons, tree["reasons"])):
            own.update({marker: Counter(counts) for marker, counts in read.items()})
        tally.faults.update(tree["faults"])
        return tally


@pytest.fixture
def injected(record_property: Callable[[str, object], None]) -> Callable[[str, int], None]:
    """Call it with a kind of fault (`kill`, `segfault`, `hang`) and how many a test has caused."""
    return lambda kind, count: record_property(_INJECTED, (kind, count))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """With xdist only in the process that gets all reports."""
    if hasattr(config, "workerinput"):
        return
    markers = own_markers(config.rootpath)
    tally = _counted(terminalreporter, markers)
    if not tally.outcomes:
        return
    terminalreporter.section("tests by marker")
    for line in tally.lines(markers):
        terminalreporter.write_line(line)
    if file := os.environ.get("TEST_TALLY"):
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(tally.as_json() + "\n")


def own_markers(root: Path) -> list[str]:
    """The project's markers, in its order; `config.getini` would add those of plugins."""
    options = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    return [line.partition(":")[0] for line in options["markers"]]


def _counted(terminalreporter: pytest.TerminalReporter, markers: list[str]) -> Tally:
    tally = Tally()
    for outcome in _OUTCOMES:
        for report in terminalreporter.stats.get(outcome, []):
            for marker in _markers_of(report, markers):
                tally.outcomes[marker][outcome] += 1
                if outcome == "skipped":
                    tally.reasons[marker][_reason(report)] += 1
    for report in terminalreporter.stats.get("passed", []):  # who passed did what it says
        for name, value in report.user_properties:
            if name == _INJECTED:
                tally.faults[value[0]] += value[1]
    return tally


def _markers_of(report: pytest.TestReport | pytest.CollectReport, markers: list[str]) -> list[str]:
    if isinstance(report, pytest.CollectReport):
        return [_AT_IMPORT]
    return [name for name in markers if name in report.keywords] or [_UNIT]


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


if __name__ == "__main__":
    total = Tally()
    for written in Path(sys.argv[1]).read_text("utf-8").splitlines():
        total.add(Tally.of_json(written))
    print("\n".join(total.lines(own_markers(Path(__file__).resolve().parents[1]))))
