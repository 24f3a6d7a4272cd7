"""What was in a folder before rayocr stays, and keeps a new output away."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.errors import ConfigError
from pipelines.card import CARD, Card, read_card
from pipelines.foreign import check_new, foreign_names
from pipelines.lock import RunLock
from pipelines.publish import Publisher
from pipelines.stores.local import LocalStore
from pipelines.supersede import finish_swaps
from tests.cli import rayocr
from tests.pictures import folder_of_pictures
from tests.pipelines.outputs import OTHER_RUN, RUN, document, publish, rows_name

FOREIGN = (
    "_staging/thesis.tex",
    "_staging/.hidden",
    "_staging/.tmp-1",
    "_staging/deep/er/x.parquet",
    f"_staging/{RUN}/notes.txt",
    f"_staging/{RUN}/{rows_name(1, OTHER_RUN)}.parquet",
    f"_staging/{RUN}/sub/{rows_name(1)}.parquet",
    f"_staging/{rows_name(1)}.parquet",
    "_swap/notes.txt",
    "_swap/x.json",
    "_lock/x",
    "pages/1.jpg",
    "pages/.DS_Store",
)
OWN = (
    f"_staging/{RUN}/{rows_name(1)}.parquet",
    f"_staging/{RUN}/.tmp-{1:032x}",
    f"_staging/.probe-{1:032x}",
    f"_swap/{RUN}-12.json",
    "_lock/0123456789abcdef.json",
    f"pages/.tmp-{1:032x}",
    f"pages/{rows_name(1)}.parquet",
)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(str(tmp_path / "out"))


@pytest.mark.parametrize("path", [*FOREIGN, "_lock.json", "pages/mine.parquet"])
def test_a_folder_of_the_user_is_no_output(store: LocalStore, path: str) -> None:
    store.put(path, b"mine")
    with pytest.raises(ConfigError, match="is no output of rayocr") as caught:
        check_new(store)
    assert path in caught.value.why


@pytest.mark.parametrize("path", [*OWN, "notes.txt", "thesis/pages/1.jpg"])
def test_what_a_first_run_left_and_other_files_are_no_hindrance(store: LocalStore, path: str) -> None:
    store.put(path, b"")
    check_new(store)


@pytest.mark.parametrize("path", FOREIGN)
def test_what_is_foreign_in_an_output_is_named_and_stays(store: LocalStore, path: str) -> None:
    store.put(CARD, Card("fingerprint", {}).to_json())
    check_new(store)
    store.put(path, b"mine")
    own = f"_staging/{OTHER_RUN}/{rows_name(1, OTHER_RUN)}.parquet"
    store.put(own, b"rows")
    assert foreign_names(store) == [path]
    with RunLock(store, RUN) as lock:
        finish_swaps(store)
        Publisher(store, lock, rows_name(1)).sweep()
    assert store.read(path) == b"mine" and not store.exists(own)


def test_a_run_into_a_folder_of_the_user(tmp_path: Path) -> None:
    """Nothing is written, nothing goes, and three lines say why."""
    own = tmp_path / "own"
    (own / "_staging").mkdir(parents=True)
    (own / "_staging" / "thesis.tex").write_text("thesis")
    source = folder_of_pictures(tmp_path / "in", 1)
    answer = rayocr("run", "-i", source, "-o", own, "--set", "engine.engine=fake", "--runner", "inline")
    assert answer.returncode == 2 and "_staging/thesis.tex" in answer.stderr
    assert [str(file.relative_to(own)) for file in own.rglob("*")] == ["_staging", "_staging/thesis.tex"]


def test_a_run_where_the_staging_folder_is_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "precious.txt").write_text("precious")
    source = folder_of_pictures(tmp_path / "in", 1)
    command = ("run", "-i", source, "-o", tmp_path / "out", "--set", "engine.engine=fake")
    assert rayocr(*command).returncode == 0
    (tmp_path / "out" / "_staging").symlink_to(victim)
    answer = rayocr(*command)
    assert answer.returncode == 2 and "_staging is not a folder, but a link" in answer.stderr
    assert (victim / "precious.txt").read_text() == "precious"


CARDS = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b"[" * 100_000,
    b"\xff",
    *(
        b'{"fingerprint":"f","settings":{},"schema_version":1,' + more + b"}"
        for more in (
            b'"schema_version":"1"',
            b'"schema_version":true',
            b'"schema_version":1.5',
            b'"schema_version":0',
            b'"schema_version":null',
            b'"settings":[]',
            b'"settings":{"a":1}',
            b'"settings":null',
            b'"settings":{"decode.pages":"x"}',
            b'"fingerprint":1',
            b'"fingerprint":null',
            b'"deviations":[]',
            b'"deviations":{"a":"b"}',
            b'"sources":{}',
            b'"sources":[1]',
            b'"sources":[{}]',
            b'"sources":[{"path":1}]',
            b'"sources":[{"path":"x","ignore":5}]',
        )
    ),
)


@pytest.mark.parametrize("content", CARDS)
def test_a_card_that_is_none_is_named(store: LocalStore, content: bytes) -> None:
    store.put(CARD, content)
    with pytest.raises(ConfigError, match=r"rayocr\.json is damaged, or is not rayocr's"):
        read_card(store)


@pytest.mark.parametrize("version", [b"999", b"10" * 100])
def test_a_card_of_a_newer_release_is_named_whatever_else_it_holds(store: LocalStore, version: bytes) -> None:
    store.put(CARD, b'{"schema_version":' + version + b',"settings":[]}')
    with pytest.raises(ConfigError, match="newer rayocr"):
        read_card(store)


def test_a_first_run_that_lost_its_card_finds_its_rows(store: LocalStore) -> None:
    publish(store, "renamed", document("a", 1))
    check_new(store)
