"""A store leaves its folder neither by a name nor by a link, whatever stands in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.errors import ConfigError
from pipelines.store import Store, open_store
from pipelines.stores.local import LocalStore

ODD = ("/etc/x", "../x", "a/../../x", "a//x", "./x", "a/.", "a/", "", "..", "a\0b")


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "out") if request.param == "local" else f"memory://links{tmp_path}")


@pytest.mark.parametrize("path", ODD)
def test_a_path_that_may_lead_out_is_refused(store: Store, path: str) -> None:
    store.put("good", b"1")
    calls: list[Callable[[], object]] = [
        lambda: store.read(path),
        lambda: store.open(path),
        lambda: store.exists(path),
        lambda: store.put(path, b"x"),
        lambda: store.put_if_absent(path, b"x"),
        lambda: store.delete(path),
        lambda: store.move("good", path),
        lambda: store.move(path, "bad"),
    ]
    if path:
        calls.append(lambda: store.list(path))
    for call in calls:
        with pytest.raises(ConfigError):
            call()
    assert [entry.path for entry in store.list("")] == ["good"]


def test_a_folder_whose_name_goes_on_is_another(store: Store) -> None:
    store.put("pages/x", b"1")
    store.put("pages2/y", b"1")
    assert [entry.path for entry in store.list("pages")] == ["pages/x"]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    (folder / "below").mkdir(parents=True)
    (folder / "x").write_bytes(b"precious")
    (folder / "below" / "y").write_bytes(b"precious")
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("depth", [1, 2])
def test_a_linked_folder_is_not_entered(tmp_path: Path, outside: Path, depth: int) -> None:
    names = ["_staging", "run"][:depth]
    link = tmp_path.joinpath("out", *names)
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    store, path, before = LocalStore(str(tmp_path / "out")), "/".join(names), tree(outside)
    store.put("good", b"1")
    calls: list[Callable[[], object]] = [
        lambda: store.list(path),
        lambda: store.read(f"{path}/x"),
        lambda: store.exists(f"{path}/x"),
        lambda: store.put(f"{path}/x", b"new"),
        lambda: store.put(f"{path}/new", b"new"),
        lambda: store.put_if_absent(f"{path}/new", b"new"),
        lambda: store.delete(f"{path}/x"),
        lambda: store.move(f"{path}/x", "taken"),
        lambda: store.move("good", f"{path}/x"),
    ]
    if depth == 1:
        calls.append(store.check_writable)
    for call in calls:
        with pytest.raises(ConfigError, match="not a folder, but a link"):
            call()
    assert tree(outside) == before
    assert sorted(entry.path for entry in store.list("")) == [path, "good"]


def test_a_linked_file_is_not_read_moved_or_written_through(tmp_path: Path, outside: Path) -> None:
    store, before = LocalStore(str(tmp_path / "out")), tree(outside)
    store.put("good", b"1")
    for name, target in (("file", outside / "x"), ("folder", outside), ("nothing", outside / "new")):
        (tmp_path / "out" / name).symlink_to(target)
        assert store.exists(name) and not store.put_if_absent(name, b"2")
        with pytest.raises(ConfigError, match="not a file, but a link"):
            store.read(name)
        with pytest.raises(ConfigError, match="not a file, but a link"):
            store.move(name, "taken")
        store.put(name, b"3")  # in the place of the link
        assert store.read(name) == b"3"
    assert tree(outside) == before


def test_a_link_that_is_deleted_leaves_what_it_leads_to(tmp_path: Path, outside: Path) -> None:
    store, before = LocalStore(str(tmp_path / "out")), tree(outside)
    store.put("good", b"1")
    (tmp_path / "out" / "link").symlink_to(outside)
    store.delete("link")
    assert tree(outside) == before and not store.exists("link")


def test_the_output_itself_may_be_a_link(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "out").symlink_to(outside)
    store = LocalStore(str(tmp_path / "out"))
    store.check_writable()
    store.put("pages/new", b"1")
    assert (outside / "pages" / "new").read_bytes() == b"1"


@pytest.mark.parametrize("name", ["fifo", "folder"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, name: str) -> None:
    if name == "fifo":
        os.mkfifo(tmp_path / name)
    else:
        (tmp_path / name).mkdir()
    with pytest.raises(ConfigError, match="not a file"):
        LocalStore(str(tmp_path)).read(name)


def test_a_folder_that_becomes_a_link_under_a_move_is_not_followed(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the folder and the rename in it, as another user of the disk could do it."""
    store, before, replace = LocalStore(str(tmp_path / "out")), tree(outside), os.replace
    store.put("_staging/x", b"staged")
    store.put("pages/a", b"1")

    def swapped(old: str, new: str, **folders: int) -> None:
        (tmp_path / "out" / "pages").rename(tmp_path / "moved")
        (tmp_path / "out" / "pages").symlink_to(outside)
        replace(old, new, **folders)

    monkeypatch.setattr(os, "replace", swapped)
    store.move("_staging/x", "pages/x")
    assert tree(outside) == before
    assert (tmp_path / "moved" / "x").read_bytes() == b"staged"


def test_the_check_of_an_output_leaves_an_empty_folder_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "_staging").mkdir()
    LocalStore(str(tmp_path)).check_writable()
    assert (tmp_path / "_staging").is_dir()


def test_a_lock_or_a_journal_of_any_size_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "_lock.json").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ConfigError, match="too large"):
        LocalStore(str(tmp_path)).read("_lock.json")
