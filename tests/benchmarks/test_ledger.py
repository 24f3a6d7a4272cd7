"""benchmarks/ledger.py: a small output, near and far, counted as the benchmark counts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from actors.journal import MemoryJournal
from benchmarks import ledger
from pipelines.stores.local import LocalStore


@pytest.mark.parametrize("latency_s", [0.0, 0.002])
def test_an_output_is_counted(tmp_path: Path, latency_s: float) -> None:
    ledger.make_output(LocalStore(str(tmp_path)), 1000, 20)
    assert len(list((tmp_path / "pages").iterdir())) == 20
    found = ledger.measure(str(tmp_path), 1000, latency_s)
    assert found["total_s"] > 0
    assert found["peak_gb"] > 0


def test_an_output_that_lacks_more_than_it_should_is_no_measurement(tmp_path: Path) -> None:
    ledger.make_output(LocalStore(str(tmp_path)), 1000, 20)
    next((tmp_path / "pages").iterdir()).unlink()
    with pytest.raises(SystemExit, match=r"(59|60) documents to do, \d+ missing, where 10 are"):
        ledger.measure(str(tmp_path), 1000, 0.0)


def test_a_far_store_takes_its_time_for_each_request(tmp_path: Path) -> None:
    near, far = LocalStore(str(tmp_path)), ledger.FarStore(str(tmp_path), 0.05)
    near.put("pages/x", bytes(100))
    started = time.perf_counter()
    assert far.read("pages/x") == bytes(100)
    assert [entry.path for entry in far.list("pages")] == ["pages/x"]
    with far.open("pages/x") as stream:
        assert stream.read(4) == bytes(4)
    assert time.perf_counter() - started >= 4 * 0.05


def test_costs_are_for_a_page() -> None:
    journal = MemoryJournal()
    found = ledger.costs("journal", lambda: ledger.use_journal(journal, 40))
    assert set(found) == {"journal, wall", "journal, cpu"}
    assert 0 < found["journal, wall"] < 1e5
    assert journal.deaths([(f"{0:032x}", 0)]) == {}
