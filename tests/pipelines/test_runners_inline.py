"""The inline runner and its person: what they see, how they stop it, and that nothing hangs unseen."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from actors.contracts import DecodedPage, DocRef, Page, Receipt, document_id
from actors.decoding.start import fresh_child
from actors.errors import IncompleteError
from actors.leaving import Leaving
from actors.process import ChildProcess
from actors.shortage import PROCESSES
from pipelines.config import Config
from pipelines.job import Job, make_job
from pipelines.machine import Machine, Node
from pipelines.plan import Listing, Plan, make_plan
from pipelines.prepare import card_of
from pipelines.progress import Progress
from pipelines.runners import decoders, inline
from pipelines.runners.inline import InlineRunner
from tests.pictures import folder_of_pictures, tiff

pytestmark = pytest.mark.faults


class Run:
    """A runner over a folder, with an engine that acts."""

    def __init__(self, folder: Path, decode_tasks: int = 1, **acts: str) -> None:
        self.stream = io.StringIO()
        files = sorted((folder / "in").iterdir())
        self.refs = [DocRef(document_id(file.name), file.name, str(file), "v") for file in files]
        tree = {
            "source": {"path": str(folder / "in")},
            "output": {"path": str(folder / "out")},
            "engine": {"engine": "fake", "fake": acts},
            "resources": {"actors": 1, "batch_pages": 4, "decode_tasks": decode_tasks},
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


class Blocked:
    """Stands in for `read_and_decode`: of documents of these names nothing ever comes, others take no time,
    so that a machine that is busy does not look like one that hangs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
        self._names = names
        self.let_go = threading.Event()
        monkeypatch.setattr("actors.documents.read_and_decode", self)

    def __call__(self, ref: DocRef, *_rest: Any) -> Iterator[Page]:
        if ref.key in self._names:
            self.let_go.wait(60)
        yield Page(ref, DecodedPage(0, 1, "png", image=np.full((40, 40, 3), 255, np.uint8)))


def keys(run: Run, receipts: list[Receipt]) -> list[str]:
    return sorted(
        row["key"]
        for receipt in receipts
        for row in pq.read_table(Path(run.job.output) / receipt.path, columns=["key"]).to_pylist()
    )


@pytest.mark.parametrize(("tasks", "names"), [(1, ["page-000.png"]), (3, ["page-000.png", "page-003.png"])])
def test_a_document_that_hangs_is_left_and_the_others_get_their_turn(
    tasks: int, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of_pictures(tmp_path / "in", 5)
    monkeypatch.setattr(inline, "longest_document_silence", lambda job: 1.0)
    blocked = Blocked(monkeypatch, *names)
    run = Run(tmp_path, decode_tasks=tasks)
    got: list[Receipt] = []
    with pytest.raises(IncompleteError, match="left for the next run") as end:
        for receipt in InlineRunner().receipts(run.refs, run.job, run.plan, run.progress):
            got.append(receipt)
    blocked.let_go.set()
    run.progress.close()
    assert keys(run, got) == sorted({f"page-00{number}.png" for number in range(5)} - {*names})
    assert all(name in end.value.why for name in names) and end.value.exit_code == 4
    assert f"{names[0]} is left" in run.stream.getvalue()


def test_a_run_whose_documents_all_hang_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder_of_pictures(tmp_path / "in", 5)
    monkeypatch.setattr(inline, "longest_document_silence", lambda job: 0.3)
    monkeypatch.setattr(decoders, "_MOST_LEFT", 3)
    blocked = Blocked(monkeypatch, *[f"page-00{number}.png" for number in range(5)])
    run = Run(tmp_path, decode_tasks=2)
    with pytest.raises(IncompleteError, match="documents were left for the next run"):
        run.receipts()
    blocked.let_go.set()


def test_a_dead_disk_ends_a_run_and_fails_no_other_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read before is recognised; of what was not read there is no row."""
    folder_of_pictures(tmp_path / "in", 6)
    held, real = threading.Event(), os.fstat
    dead = {(tmp_path / "in" / f"page-00{number}.png").stat().st_ino for number in (1, 2)}

    def fstat(file: int) -> os.stat_result:
        info = real(file)
        if info.st_ino in dead:
            held.wait(60)
        return info

    monkeypatch.setattr("actors.read.os.fstat", fstat)
    monkeypatch.setattr("actors.read._OF_DISKS", Leaving(2))
    run = Run(tmp_path)
    run.job = replace(run.job, decode=run.job.decode.model_copy(update={"read_timeout_s": 0.5}))
    got: list[Receipt] = []
    with pytest.raises(IncompleteError, match="2 documents hang while they are read") as end:
        for receipt in InlineRunner().receipts(run.refs, run.job, run.plan, run.progress):
            got.append(receipt)
    held.set()
    run.progress.close()
    assert end.value.exit_code == 4 and "page-001.png, page-002.png" in end.value.why
    rows = [
        (row["key"], row["error_code"])
        for receipt in got
        for row in pq.read_table(tmp_path / "out" / receipt.path, columns=["key", "error_code"]).to_pylist()
    ]
    hung = [(f"page-00{number}.png", "read.timeout") for number in (1, 2)]
    assert sorted(rows, key=str) == [("page-000.png", None), *hung]


def test_a_thread_that_was_left_has_nothing_to_say_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of_pictures(tmp_path / "in", 3)
    monkeypatch.setattr(inline, "longest_document_silence", lambda job: 0.5)
    blocked = Blocked(monkeypatch, "page-000.png")
    run = Run(tmp_path)
    said = run.progress.say

    def say(text: str) -> None:
        said(text)
        blocked.let_go.set()  # it wakes up just after it was left

    monkeypatch.setattr(run.progress, "say", say)
    got: list[Receipt] = []
    with pytest.raises(IncompleteError):
        for receipt in InlineRunner().receipts(run.refs, run.job, run.plan, run.progress):
            got.append(receipt)
    assert keys(run, got) == ["page-001.png", "page-002.png"]


def test_a_decoder_too_many_for_the_machine_leaves_its_document_to_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of_pictures(tmp_path / "in", 4)
    real, started, lock = fresh_child, [], threading.Lock()

    def one_at_most(*arguments: Any) -> ChildProcess:
        with lock:
            if started:
                raise PROCESSES.error("no second process")
            started.append(1)
        return real(*arguments)

    monkeypatch.setattr("actors.decoding.child.fresh_child", one_at_most)
    run = Run(tmp_path, decode_tasks=3)
    assert sum(receipt.rows - receipt.failed for receipt in run.receipts()) == 4
    assert run.stream.getvalue().count("a decoder less") == 2


def test_rows_that_wait_for_a_slow_store_hold_up_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And have no pictures: what waits is what rows take."""
    tiff_pages = 60
    (tmp_path / "in").mkdir()
    tiff(tmp_path / "in" / "many.tif", tiff_pages, seed=1)
    monkeypatch.setattr(inline, "_ROWS_BYTES", 1)
    run = Run(tmp_path)
    run.job = replace(run.job, flush_seconds=0.0)
    stream = InlineRunner().receipts(run.refs, run.job, run.plan, run.progress)
    first = next(stream)
    seen: list[int] = []
    settled_at = time.monotonic() + 1.0
    while time.monotonic() < settled_at:
        seen.append(run.progress.counts.at_work)
        time.sleep(0.05)
    assert seen[-1] > 0, "an engine waits with its rows"
    rows = first.rows + sum(receipt.rows for receipt in stream)
    run.progress.close()
    assert rows == tiff_pages
