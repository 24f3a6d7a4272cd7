"""The store: whole objects or none, exclusive creation, and errors that are never taken for absence."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.errors import ConfigError
from actors.uris import open_filesystem
from pipelines.store import Entry, Store, open_store
from pipelines.stores.local import LocalStore
from pipelines.stores.remote import FsspecStore


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    root = f"{tmp_path}/out put#%20?"
    return open_store(root if request.param == "local" else f"memory://store{root}")


def test_objects(store: Store) -> None:
    assert store.list("") == [] and not store.exists("a/x")
    store.put("a/x", b"12")
    store.put("a/b/y#?.z", b"1")
    store.put("a/x", b"123")
    assert store.list("") == [Entry("a/b/y#?.z", 1), Entry("a/x", 3)]
    assert store.list("a/b") == [Entry("a/b/y#?.z", 1)]
    assert store.exists("a/x")
    with store.open("a/x") as file:
        file.seek(1)
        assert file.read() == b"23"
    store.put("c/x", b"old")
    store.move("a/x", "c/x")
    assert store.read("c/x") == b"123" and not store.exists("a/x")
    store.delete("c/x")
    store.delete("c/x")
    for call in (lambda: store.read("c/x"), lambda: store.open("c/x"), lambda: store.move("c/x", "d/x")):
        with pytest.raises(FileNotFoundError):
            call()


def test_folders_go_when_they_become_empty(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path / "out"))
    store.put("_staging/run/x", b"1")
    store.put("_staging/run/y", b"2")
    store.move("_staging/run/x", "pages/x")
    assert (tmp_path / "out" / "_staging" / "run" / "y").exists()
    store.move("_staging/run/y", "pages/y")
    assert [folder.name for folder in (tmp_path / "out").iterdir()] == ["pages"]
    store.delete("pages/x")
    store.delete("pages/y")
    assert list((tmp_path / "out").iterdir()) == []


def test_whether_it_can_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    LocalStore(str(tmp_path / "a" / "b")).check_writable()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "there").mkdir()
    LocalStore(str(tmp_path / "there")).check_writable()
    assert list(tmp_path.iterdir()) == [tmp_path / "there"]


def test_put_if_absent(store: Store) -> None:
    assert store.put_if_absent("d/x", b"first")
    assert not store.put_if_absent("d/x", b"second")
    assert store.read("d/x") == b"first"
    assert [entry.path for entry in store.list("")] == ["d/x"]


def test_a_store_travels_to_workers_and_keeps_secrets(store: Store) -> None:
    store.put("x", b"1")
    assert pickle.loads(pickle.dumps(store)).read("x") == b"1"
    assert "hunter2" not in repr(FsspecStore("s3://b", {"secret": "hunter2"}))


def test_check_writable_leaves_nothing(store: Store) -> None:
    store.check_writable()
    assert store.list("") == []


@pytest.mark.parametrize("address", ["out", "./out", "file:///{}/out"])
def test_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store(address.format(str(tmp_path)[1:]))
    assert store == LocalStore(str(tmp_path / "out"))
    assert store.location("pages/x") == f"{tmp_path}/out/pages/x"
    monkeypatch.chdir("/")
    store.put("x", b"1")
    assert (tmp_path / "out" / "x").read_bytes() == b"1"


def test_an_address_that_cannot_be_is_refused() -> None:
    for address in ("s3:/b/k", "foo://b/k", ""):
        with pytest.raises(ConfigError):
            open_store(address)


@pytest.mark.parametrize("hard_links", [True, False])
def test_of_many_writers_one_creates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hard_links: bool
) -> None:
    if not hard_links:

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, "no hard links here")

        monkeypatch.setattr(os, "link", refuse)
    store = open_store(str(tmp_path))
    start = threading.Barrier(8)

    def create(index: int) -> bool:
        start.wait()
        return store.put_if_absent("x", b"%d" % index)

    for _ in range(10):
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(create, range(8)))
        assert sum(won) == 1
        assert store.read("x") == b"%d" % won.index(True)
        assert [entry.path for entry in store.list("")] == ["x"]
        store.delete("x")


def test_a_link_that_was_made_and_reported_as_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def over_nfs(source: str, target: str, **folders: int) -> None:
        link(source, target, **folders)
        raise FileExistsError

    monkeypatch.setattr(os, "link", over_nfs)
    assert open_store(str(tmp_path)).put_if_absent("x", b"1")


def test_a_killed_writer_leaves_no_torn_object(tmp_path: Path) -> None:
    program = (
        "import sys; from pipelines.store import open_store; store = open_store(sys.argv[1])\n"
        "while True: store.put('pages/x', b'ab' * 500_000); print('.', flush=True)"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    threading.Event().wait(0.1)
    child.kill()
    child.wait()
    child.stdout.close()
    assert open_store(str(tmp_path)).read("pages/x") == b"ab" * 500_000


def test_a_write_that_fails_leaves_the_old_object(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    if not isinstance(store, LocalStore):
        pytest.skip("of the disk")
    store.put("x", b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for write in (store.put, store.put_if_absent):
            with pytest.raises(OSError, match="No space left"):
                write("x", b"new")
        with pytest.raises(ConfigError, match="No space left"):
            store.check_writable()
    assert store.read("x") == b"old"
    assert [entry.path for entry in store.list("")] == ["x"]


def test_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        total: int
        used: int
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1 << 40, 0, 50 << 20))
    with pytest.raises(ConfigError, match="50 MiB are free"):
        open_store(str(tmp_path)).check_writable()


def test_an_output_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in ("file", "file/out"):
        with pytest.raises(ConfigError, match="cannot be written"):
            open_store(str(tmp_path / path)).check_writable()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match="Permission denied"):
        open_store(str(tmp_path / "out")).check_writable()


def test_a_folder_that_cannot_be_listed_is_no_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(str(tmp_path))
    store.put("pages/x", b"1")
    opened = os.open

    def refuse(name: str, *flags: int, **folder: int) -> int:
        if name == "pages":
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(name, *flags, **folder)

    monkeypatch.setattr(os, "open", refuse)
    for prefix in ("", "pages"):
        with pytest.raises(PermissionError):
            store.list(prefix)


def test_a_store_that_fails_is_no_empty_store(monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store("memory://failing/out")
    filesystem, _ = open_filesystem("memory://failing/out")

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "no answer")

    monkeypatch.setattr(type(filesystem), "info", fail)
    with pytest.raises(OSError, match="no answer"):
        store.exists("x")


def test_a_filesystem_without_conditional_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store("memory://plain/out")
    filesystem, _ = open_filesystem("memory://plain/out")
    pipe_file = type(filesystem).pipe_file

    def plain(self: object, path: str, value: bytes) -> None:
        pipe_file(self, path, value)

    monkeypatch.setattr(type(filesystem), "pipe_file", plain)
    assert store.put_if_absent("x", b"1")
    assert not store.put_if_absent("x", b"2")
    assert not store.exclusive


def test_a_folder_that_vanishes_while_a_file_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open
    failures = iter([True, True])

    def vanish(name: str, flags: int, *mode: int, **folder: int) -> int:
        if flags & os.O_CREAT and next(failures, False):
            (tmp_path / "a" / "b").rmdir()
        return opened(name, flags, *mode, **folder)

    monkeypatch.setattr(os, "open", vanish)
    open_store(str(tmp_path)).put("a/b/x", b"1")
    assert (tmp_path / "a" / "b" / "x").read_bytes() == b"1"


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=40).filter(
    lambda name: name.strip(".") != ""
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NAMES, st.binary(max_size=20), min_size=1, max_size=4))
def test_any_name_comes_back(store: Store, contents: dict[str, bytes]) -> None:
    for name, content in contents.items():
        store.put(f"any/{name}", content)
    listed = store.list("any")
    assert {entry.path: entry.size for entry in listed} == {
        f"any/{name}": len(content) for name, content in contents.items()
    }
    for name, content in contents.items():
        assert store.read(f"any/{name}") == content
        filesystem, path = open_filesystem(store.location(f"any/{name}"))
        assert filesystem.cat_file(path) == content
        store.delete(f"any/{name}")
    assert store.list("any") == []
