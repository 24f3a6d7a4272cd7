"""Old rows leave the table, whichever store call the command dies at."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from actors.contracts import DecodedPage, DocRef, Line, Page, PageResult, document_id
from actors.rows import Recognised, Stamp, rows_table
from pipelines.ledger import Ledger
from pipelines.stage import parquet_bytes
from pipelines.store import Entry
from pipelines.stores.local import LocalStore
from pipelines.supersede import finish_swaps, supersede
from tests.cli import rayocr, rows
from tests.pictures import folder_of_pictures, picture
from tests.pipelines.outputs import OTHER_RUN, RUN


class DiedError(Exception):
    """The process is gone."""


class DyingStore:
    """A store whose user dies just before its n-th change."""

    def __init__(self, store: LocalStore, changes: int) -> None:
        self._store = store
        self._left = changes

    def _change(self) -> None:
        if not self._left:
            raise DiedError
        self._left -= 1

    @property
    def exclusive(self) -> bool:
        return self._store.exclusive

    def location(self, path: str) -> str:
        return self._store.location(path)

    def list(self, prefix: str) -> list[Entry]:
        return self._store.list(prefix)

    def exists(self, path: str) -> bool:
        return self._store.exists(path)

    def read(self, path: str) -> bytes:
        return self._store.read(path)

    def open(self, path: str) -> IO[bytes]:
        return self._store.open(path)

    def put(self, path: str, content: bytes) -> None:
        self._change()
        self._store.put(path, content)

    def put_if_absent(self, path: str, content: bytes) -> bool:
        self._change()
        return self._store.put_if_absent(path, content)

    def move(self, source: str, target: str) -> None:
        self._change()
        self._store.move(source, target)

    def delete(self, path: str) -> None:
        self._change()
        self._store.delete(path)

    def check_writable(self) -> None:
        self._store.check_writable()


def ref(key: str, version: str) -> DocRef:
    return DocRef(document_id(key), key, f"/{key}", version)


def publish(store: LocalStore, name: str, refs: list[DocRef]) -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    found = [
        Recognised(
            Page(one, DecodedPage(0, 1, "png", image=image)), PageResult((Line("x", 1.0, (0.0,) * 8),))
        )
        for one in refs
    ]
    store.put(f"pages/{name}.parquet", parquet_bytes(rows_table(found, Stamp("f", "r")), "f"))


OLD = [ref("a", "1"), ref("b", "1"), ref("c", "1")]
NEW = [ref("a", "1"), ref("b", "2"), ref("c", "2")]


@pytest.mark.parametrize("changes", range(10))
def test_dying_at_any_change_is_mended_by_the_next_command(tmp_path: Path, changes: int) -> None:
    store = LocalStore(tmp_path)
    publish(store, "old-1", OLD[:2])
    publish(store, "old-2", OLD[2:])
    publish(store, "new", NEW[1:])
    try:
        supersede(DyingStore(store, changes), RUN, NEW)
    except DiedError:
        finish_swaps(store)
        supersede(store, OTHER_RUN, NEW)
    assert not store.list("_swap")
    ledger = Ledger.load(store)
    assert ledger.totals.rows == 3
    assert not ledger.changed(NEW)
    assert ledger.complete(NEW).all()


def test_a_changed_file_supersedes_its_old_row(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 4)
    command = (
        "run",
        "-i",
        source,
        "-o",
        tmp_path / "out",
        "--set",
        "engine.engine=fake",
        "--runner",
        "inline",
    )
    assert rayocr(*command).returncode == 0
    before = {row["key"]: row["text"] for row in rows(tmp_path / "out")}
    picture(99).save(source / "page-001.png")
    answer = rayocr(*command)
    assert answer.returncode == 0, answer.stderr
    after = rows(tmp_path / "out")
    assert Counter(row["key"] for row in after) == Counter(list(before))
    changed = [row["key"] for row in after if row["text"] != before[row["key"]]]
    assert changed == ["page-001.png"]


def test_a_source_that_cannot_be_reached_replaces_nothing(tmp_path: Path) -> None:
    """A disk that is not mounted must not cost the rows of what was on it."""
    scans = folder_of_pictures(tmp_path / "in" / "scans", 3)
    manifest = tmp_path / "in" / "list.txt"
    manifest.write_text("".join(f"scans/{file.name}\n" for file in sorted(scans.iterdir())))
    command = ("run", "-i", manifest, "-o", tmp_path / "out", "--set", "engine.engine=fake")
    assert rayocr(*command).returncode == 0
    scans.rename(tmp_path / "in" / "elsewhere")
    assert rayocr(*command).returncode == 3
    assert sum(row["status"] == "ok" for row in rows(tmp_path / "out")) == 3
    (tmp_path / "in" / "elsewhere").rename(scans)
    answer = rayocr(*command)
    assert answer.returncode == 0, answer.stderr
    assert [row["status"] for row in rows(tmp_path / "out")] == ["ok"] * 3


def test_what_a_dead_writer_left_in_the_journal_is_no_journal(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put(f"_swap/.tmp-{0:032x}", b"{")
    assert finish_swaps(store) == 0
    assert not store.list("_swap")
