"""The inline runner and its person: what they see, how they stop it, and that nothing hangs unseen."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import pytest

from actors.contracts import DocRef, Receipt, document_id
from actors.errors import IncompleteError
from pipelines.config import Config
from pipelines.job import Job, make_job
from pipelines.machine import Machine, Node
from pipelines.plan import Listing, Plan, make_plan
from pipelines.prepare import card_of
from pipelines.progress import Progress
from pipelines.runners import inline
from pipelines.runners.inline import InlineRunner
from tests.pictures import folder_of_pictures, tiff

pytestmark = pytest.mark.faults


class Run:
    """A runner over a folder, with an engine that acts."""

    def __init__(self, folder: Path, **acts: str) -> None:
        self.stream = io.StringIO()
        files = sorted((folder / "in").iterdir())
        self.refs = [DocRef(document_id(file.name), file.name, str(file), "v") for file in files]
        tree = {
            "source": {"path": str(folder / "in")},
            "output": {"path": str(folder / "out")},
            "engine": {"engine": "fake", "fake": acts},
            "resources": {"actors": 1, "batch_pages": 4, "decode_tasks": 1},
        }
        config = Config.model_validate(tree)
        (folder / "out").mkdir()
        self.plan: Plan = make_plan(config, Machine((Node(2.0, 8000),)), Listing(len(files)))
        self.job: Job = make_job(config, self.plan, "r", card_of(config).fingerprint)
        self.progress = Progress(len(files), self.stream)

    def receipts(self) -> list[Receipt]:
        try:
            return list(InlineRunner().receipts(self.refs, self.job, self.plan, self.progress))
        finally:
            self.progress.close()


def source(folder: Path, *slow: int) -> None:
    folder_of_pictures(folder / "in", 5, corners=dict.fromkeys(slow, "ff0000"))
    tiff(folder / "in" / "zzz.tif", 4, seed=20)


def test_the_total_is_what_the_documents_have(tmp_path: Path) -> None:
    source(tmp_path)
    run = Run(tmp_path)
    assert sum(receipt.rows for receipt in run.receipts()) == 9
    counts = run.progress.counts
    assert (counts.documents, counts.opened, counts.total, counts.pages) == (6, 6, 9, 9)
    assert counts.at_work == 0
    assert run.progress.line().startswith("9/9 pages")


def test_an_engine_that_was_replaced_is_told_with_the_reason(tmp_path: Path) -> None:
    source(tmp_path, 2)
    run = Run(tmp_path, ff0000="crash")
    assert sum(receipt.failed for receipt in run.receipts()) == 1
    said = run.stream.getvalue()
    assert said.count("rayocr: an engine was replaced: it was killed by SIGSEGV") == 2
    assert run.progress.counts.restarted == 2


def test_a_batch_is_left_when_the_run_is_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source(tmp_path, 1, 2, 3)
    monkeypatch.setattr(inline, "_LAST_BATCH_S", 0.5)
    run = Run(tmp_path, ff0000="sleep:60")
    ended: list[float] = []

    def ask() -> None:
        while not run.progress.counts.pages or not run.progress.counts.at_work:
            time.sleep(0.02)
        run.progress.stop.set()
        run.progress.stopping()
        ended.append(time.monotonic())

    threading.Thread(target=ask, daemon=True).start()
    (receipt,) = run.receipts()
    assert time.monotonic() - ended[0] < 10
    assert receipt.rows == 1, "the page before the batch"
    assert "stopping: waits 0.5 s at most for the 4 pages at engines" in run.stream.getvalue()


def test_a_run_in_which_nothing_moves_ends_and_keeps_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source(tmp_path, 1)
    monkeypatch.setattr(inline, "longest_silence", lambda job, plan: 2.0)
    run = Run(tmp_path, ff0000="sleep:600")
    got = []
    with pytest.raises(IncompleteError, match="Nothing was heard of the run for 2 s"):
        for receipt in InlineRunner().receipts(run.refs, run.job, run.plan, run.progress):
            got.append(receipt)
    run.progress.close()
    assert [receipt.rows for receipt in got] == [1]
