"""Runs of the card's benchmark: what is taken for a result."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks.card.files import RunFailedError, RunOrder, run


def test_a_run_with_fewer_engines_is_not_taken_for_one_with_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"plan": {"actors": {"value": 2, "reason": "2 CPUs"}}}

    def runs(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        (tmp_path / "out" / "runs").mkdir(parents=True)
        (tmp_path / "out" / "runs" / "one.json").write_text(json.dumps(told))
        return subprocess.CompletedProcess([], 0, "", "")

    monkeypatch.setattr("benchmarks.card.files.subprocess.run", runs)
    order = RunOrder("funsd", "float32", {"engine": "fake"}, 4, 16)
    with pytest.raises(RunFailedError, match="the plan had 2 engines: 2 CPUs"):
        run(order, tmp_path / "in", tmp_path / "out")
