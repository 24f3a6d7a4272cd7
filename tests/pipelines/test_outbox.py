"""What waits between the inline runner's engines and its driver: bounded in bytes, without pictures."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.contracts import DecodedPage, DocRef, Fault, Page, PageResult
from actors.rows import Recognised, Stamp
from pipelines.config import Config
from pipelines.job import Job, make_job
from pipelines.machine import Machine, Node
from pipelines.plan import Listing, make_plan
from pipelines.runners.outbox import Ended, Outbox, RowBatch, row_batch
from pipelines.runners.row_buffer import RowBuffer


class Rows:
    """A table that tells how often it was asked for its size."""

    def __init__(self, rows: int) -> None:
        self.num_rows = rows
        self.asked = 0

    @property
    def nbytes(self) -> int:
        self.asked += 1
        return 100


def batch(size: int, rows: int = 1) -> RowBatch:
    table: Any = Rows(rows)
    return RowBatch(table, 0, size)


def job(tmp_path: Path, **output: float) -> Job:
    tree = {
        "source": {"path": str(tmp_path)},
        "output": {"path": str(tmp_path / "out"), **output},
        "engine": {"engine": "fake"},
    }
    config = Config.model_validate(tree)
    return make_job(config, make_plan(config, Machine((Node(2.0, 8000),)), Listing(1)), "r", "f")


def test_rows_hold_no_picture() -> None:
    picture = np.zeros((50, 40, 3), np.uint8)
    alive = weakref.ref(picture)
    page = Page(DocRef("0" * 32, "a", "/a", "v"), DecodedPage(0, 1, "png", image=picture))
    bad = Page(page.ref, DecodedPage(1, 2, "png", fault=Fault("decode.corrupt", "x")))
    rows = row_batch([Recognised(page, PageResult()), Recognised(bad, PageResult())], Stamp("f", "r"))
    del picture, page
    gc.collect()
    assert alive() is None
    assert (rows.rows, rows.failed) == (2, 1) and rows.size > 0
    assert rows.table.column("width").to_pylist() == [40, None]


def test_a_batch_waits_for_room_in_bytes() -> None:
    box, done = Outbox(100), threading.Event()
    assert box.put(batch(60))

    def second() -> None:
        box.put(batch(60))
        done.set()

    threading.Thread(target=second, daemon=True).start()
    assert not done.wait(0.2)
    box.end(Ended())  # never waits
    assert isinstance(box.take(1), RowBatch)
    assert done.wait(5)
    assert isinstance(box.take(1), Ended)
    assert isinstance(box.take(1), RowBatch)
    assert box.empty and box.take(0.01) is None


def test_a_batch_above_the_whole_budget_passes_alone() -> None:
    box = Outbox(100)
    assert box.put(batch(1000))


def test_nobody_waits_for_a_driver_that_left() -> None:
    box, answers = Outbox(100), []
    box.put(batch(60))
    waiting = threading.Thread(target=lambda: answers.append(box.put(batch(60))), daemon=True)
    waiting.start()
    box.close()
    waiting.join(5)
    assert answers == [False]


def test_no_table_is_asked_again_for_its_size(tmp_path: Path) -> None:
    buffer = RowBuffer(job(tmp_path), 10_000)
    batches = [batch(100) for _ in range(200)]
    for one in batches:
        buffer.add(one)
        assert not buffer.due
    assert sum(one.table.asked for one in batches) == 0


@pytest.mark.parametrize(
    ("rows", "size", "later_s", "due"),
    [(9, 0, 0, False), (10, 0, 0, True), (1, 2**20, 0, True), (1, 2**20 - 1, 0, False), (1, 0, 60, True)],
)
def test_when_rows_make_a_file(rows: int, size: int, later_s: float, due: bool, tmp_path: Path) -> None:
    now = [0.0]
    buffer = RowBuffer(job(tmp_path, file_mb=1, flush_seconds=60), 10, clock=lambda: now[0])
    now[0] = 1000.0
    assert not buffer.due, "nothing is there"
    buffer.add(batch(size, rows))
    now[0] += later_s
    assert buffer.due is due
