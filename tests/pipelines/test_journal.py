"""A journal is followed if it is one, word for word; nothing else in `_swap/` does anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from actors.errors import ConfigError, IncompleteError
from pipelines.stage import parquet_bytes
from pipelines.stores.local import LocalStore
from pipelines.supersede import finish_swaps
from tests.pipelines.outputs import OTHER_RUN, RUN, document, rows_name, table

OLD, STAGED, NEW = (
    f"pages/{rows_name(1)}.parquet",
    f"_staging/{RUN}/{rows_name(2)}.parquet",
    f"pages/{rows_name(2)}.parquet",
)
JOURNAL = f"_swap/{rows_name(3)}.json"


def swap(old: object = OLD, staged: object = STAGED, new: object = NEW, **more: object) -> bytes:
    return json.dumps([{"old": old, "staged": staged, "new": new, **more}]).encode()


def tree(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """An output with a file of rows, a staged one, and files of the user in it and beside it."""
    made = LocalStore(str(tmp_path / "out"))
    for path in (OLD, STAGED):
        made.put(path, parquet_bytes(table(document("a", 1)), "fingerprint"))
    for path in ("victim/precious.txt", "pages/precious.txt", "pages/mine.parquet", "rayocr.json"):
        made.put(path, b"precious")
    (tmp_path / "precious.txt").write_bytes(b"precious")
    (tmp_path / "precious.parquet").write_bytes(b"precious")
    return made


HOSTILE = (
    swap("victim/precious.txt", None, None),
    swap("pages/precious.txt", None, None),
    swap("/etc/hostname", None, None),
    swap("../precious.txt", None, None),
    swap("../precious.parquet", None, None),
    swap("pages/../../precious.parquet", None, None),
    swap("pages/../rayocr.json", None, None),
    swap("pages//x.parquet", None, None),
    swap("rayocr.json", None, None),
    swap("pages", None, None),
    swap("pages/x.parquet\0", None, None),
    swap(OLD, "rayocr.json", NEW),
    swap(OLD, STAGED, "../victim.parquet"),
    swap(OLD, STAGED, "rayocr.json"),
    swap(OLD, STAGED, f"pages/{rows_name(7)}.parquet"),
    swap(OLD, f"_staging/{OTHER_RUN}/{rows_name(2)}.parquet", NEW),
    swap(OLD, f"_staging/{RUN}/../{RUN}/{rows_name(2)}.parquet", NEW),
    swap(OLD, STAGED, None),
    swap(OLD, None, NEW),
    swap(NEW, STAGED, NEW),
    swap(OLD, STAGED, NEW, more="of a newer release"),
    swap(5, None, None),
    swap([OLD], STAGED, NEW),
    b"[{}]",
    b"{}",
    b"",
    b"null",
    b"[1]",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"old":' * 100_000,
    b"[NaN]",
    swap(OLD, None, None)[:-1] + b"," + swap(OLD, None, None)[1:],
)


@pytest.mark.parametrize("content", HOSTILE)
@pytest.mark.parametrize("name", [JOURNAL, f"_swap/{RUN}-1.json", f"_swap/{RUN}-schema-1.json"])
def test_a_journal_that_is_none_says_what_to_do_and_does_nothing(
    tmp_path: Path, store: LocalStore, name: str, content: bytes
) -> None:
    store.put(name, content)
    before = tree(tmp_path)
    with pytest.raises(ConfigError, match="is damaged, of a newer rayocr, or not rayocr's") as caught:
        finish_swaps(store)
    assert store.location(name) in caught.value.what and "rayocr verify" in caught.value.remedy
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", ["evil.json", "notes.txt", ".hidden", f"{RUN}.json", f"x/{RUN}-1.json"])
def test_what_has_no_name_of_a_journal_is_left_alone(tmp_path: Path, store: LocalStore, name: str) -> None:
    store.put(f"_swap/{name}", swap())
    before = tree(tmp_path)
    assert finish_swaps(store) == 0
    assert tree(tmp_path) == before


def test_a_journal_is_followed(store: LocalStore) -> None:
    store.put(JOURNAL, swap())
    assert finish_swaps(store) == 1
    assert not store.exists(OLD) and store.exists(NEW) and not store.exists(JOURNAL)


def test_a_table_of_the_user_is_not_deleted_by_a_journal(store: LocalStore) -> None:
    """It has no name of rayocr's, and its footer does not say that it is."""
    store.put(JOURNAL, swap("pages/mine.parquet", None, None))
    finish_swaps(store)
    assert store.read("pages/mine.parquet") == b"precious"


def test_rows_that_somebody_renamed_are_replaced(store: LocalStore) -> None:
    store.move(OLD, "pages/renamed.parquet")
    store.put(JOURNAL, swap("pages/renamed.parquet"))
    finish_swaps(store)
    assert not store.exists("pages/renamed.parquet") and store.exists(NEW)


def test_a_journal_puts_nothing_over_another_file(store: LocalStore) -> None:
    store.put(NEW, b"other")
    store.put(JOURNAL, swap())
    with pytest.raises(IncompleteError, match="is another file"):
        finish_swaps(store)
    assert store.read(NEW) == b"other" and store.exists(OLD) and store.exists(STAGED)


def test_a_move_that_was_cut_off_between_copy_and_delete_is_finished(store: LocalStore) -> None:
    store.put(NEW, store.read(STAGED))
    store.put(JOURNAL, swap())
    finish_swaps(store)
    assert not store.exists(OLD) and not store.exists(STAGED) and store.exists(NEW)
