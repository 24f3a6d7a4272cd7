"""Many small files become few, row for row the same, whatever the command dies at."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actors.errors import ConfigError
from pipelines.card import CARD, Card
from pipelines.compact import PagesFile, compact, describe_files, groups_of, merge
from pipelines.config import OutputConfig
from pipelines.ledger import Ledger
from pipelines.lock import RunLock
from pipelines.store import Store
from pipelines.stores.local import LocalStore
from pipelines.supersede import finish_swaps
from tests.cli import rayocr, rows
from tests.pipelines.outputs import RUN, document, publish
from tests.pipelines.test_supersede import DiedError, DyingStore

MADE = ((b"fingerprint", b"f"),)


def files(*sizes: int, made: tuple[tuple[bytes, bytes], ...] = MADE) -> list[PagesFile]:
    return [PagesFile(f"{number}", 1, size, made) for number, size in enumerate(sizes)]


def sizes_of(groups: list[list[PagesFile]]) -> list[list[int]]:
    return [[one.size for one in group] for group in groups]


def output(folder: Path, count: int) -> Store:
    """An output of so many files of three rows."""
    store = LocalStore(str(folder))
    store.put(CARD, Card("fingerprint", {}).to_json())
    for number in range(count):
        publish(store, f"{number:04}", document(f"document {number}", 3))
    return store


def test_small_files_are_put_together_up_to_the_target() -> None:
    assert sizes_of(groups_of(files(40, 30, 20, 20, 60, 45, 10), 100)) == [[40, 30, 20], [20, 45, 10]]
    assert groups_of(files(60, 99, 200, 10), 100) == []
    assert groups_of([], 100) == []


def test_a_second_time_finds_nothing_to_do() -> None:
    sizes = [7 * number % 53 for number in range(200)]
    groups = groups_of(files(*sizes), 100)
    merged = [sum(one.size for one in group) for group in groups]
    assert sum(len(group) for group in groups) > 180
    assert max(merged) <= 100
    assert groups_of(files(*merged), 100) == []


def test_files_that_were_made_otherwise_stay_apart() -> None:
    other = ((b"fingerprint", b"other"),)
    assert len(groups_of([*files(1, 1), *files(1, 1, made=other)], 100)) == 2


def test_the_rows_are_the_same(tmp_path: Path) -> None:
    output(tmp_path, 40)
    before = rows(tmp_path)
    done = compact(OutputConfig(path=str(tmp_path)))
    assert (done.before, done.after, done.merged, done.rows) == (40, 1, 40, 120)
    assert rows(tmp_path) == before
    (file,) = (tmp_path / "pages").iterdir()
    assert pq.ParquetFile(file).num_row_groups == 1
    assert pq.read_schema(file).metadata[b"fingerprint"] == b"fingerprint"
    again = compact(OutputConfig(path=str(tmp_path)))
    assert (again.before, again.after, again.merged) == (1, 1, 0)


def test_the_target_is_kept(tmp_path: Path) -> None:
    store = output(tmp_path, 30)
    size = describe_files(store)[0].size
    done = compact(OutputConfig(path=str(tmp_path), file_mb=size * 10.5 / 2**20))
    assert done.after == 3
    assert Ledger.load(store).totals.rows == 90


@pytest.mark.parametrize("changes", range(9))
def test_dying_at_any_change_is_finished_by_the_next_command(tmp_path: Path, changes: int) -> None:
    store = output(tmp_path, 4)
    before = rows(tmp_path)
    try:
        merge(DyingStore(store, changes), RUN, 1, describe_files(store), lambda: True)
    except DiedError:
        seen = Counter((row["key"], row["page_index"]) for row in rows(tmp_path))
        assert len(seen) == 12, "no row is ever gone"
        finish_swaps(store)
        compact(OutputConfig(path=str(tmp_path)))
    assert rows(tmp_path) == before
    assert len(list((tmp_path / "pages").iterdir())) == 1
    assert not store.list("_swap")
    assert not store.list("_staging")


def test_memory_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    peaks = []
    kept = pa.default_memory_pool()
    for count in (20, 160):
        folder = tmp_path / str(count)
        output(folder, count)
        pool = pa.proxy_memory_pool(kept)
        pa.set_memory_pool(pool)
        try:
            compact(OutputConfig(path=str(folder), file_mb=0.06))
        finally:
            pa.set_memory_pool(kept)
        peaks.append(pool.max_memory())
    assert peaks[1] < 2 * peaks[0]


def test_it_takes_the_lock(tmp_path: Path) -> None:
    store = output(tmp_path, 2)
    with RunLock(store, "busy"), pytest.raises(ConfigError, match="Another run is writing"):
        compact(OutputConfig(path=str(tmp_path)))
    assert len(store.list("pages")) == 2


def test_what_is_no_output_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no output"):
        compact(OutputConfig(path=str(tmp_path / "nothing")))
    assert not (tmp_path / "nothing").exists()


def test_a_torn_file_stops_it(tmp_path: Path) -> None:
    output(tmp_path, 2)
    (tmp_path / "pages" / "torn.parquet").write_bytes(b"PAR1")
    with pytest.raises(ConfigError, match="torn"):
        compact(OutputConfig(path=str(tmp_path)))


def test_the_command(tmp_path: Path) -> None:
    output(tmp_path, 12)
    before = rows(tmp_path)
    answer = rayocr("compact", "--output", tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "12 files became 1 (36 rows)" in answer.stdout
    assert rows(tmp_path) == before
    assert rayocr("compact").returncode == 2
