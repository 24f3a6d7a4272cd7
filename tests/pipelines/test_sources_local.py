"""Files of a disk that answers slowly are looked at many at once, in their order."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from actors.uris import absolute, escape_name, unescape_name
from pipelines.sources import list_documents
from pipelines.sources.config import SourceConfig


@pytest.fixture
def slow_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look takes a millisecond, as over a network."""
    look = os.stat

    def stat(*arguments: Any, **options: Any) -> os.stat_result:
        time.sleep(0.001)
        return look(*arguments, **options)

    monkeypatch.setattr(os, "stat", stat)


@pytest.mark.usefixtures("slow_disk")
@pytest.mark.parametrize("kind", ["list", "folder"])
def test_a_slow_disk_costs_a_thirtieth_of_its_waiting(tmp_path: Path, kind: str) -> None:
    names = [f"{number:05}.png" for number in range(4000)]
    for name in names:
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).touch()
    (tmp_path / "list.txt").write_text("".join(f"in/{name}\n" for name in names))
    path = tmp_path / ("list.txt" if kind == "list" else "in")
    begin = time.monotonic()
    refs = list(list_documents(SourceConfig(path=str(path))))
    assert time.monotonic() - begin < 3, "4 s and more, one by one"
    assert [ref.key.removeprefix("in/") for ref in refs] == names
    assert {ref.size_bytes for ref in refs} == {0}


@pytest.mark.parametrize(
    "path",
    ["/a/b", "/a//b", "/a/./b", "/a/../b", "/a/b/", "/", "//a", "/a/.", "/a/.b", "a/b", "./a", ".", ""],
)
def test_an_absolute_path_is_what_pathlib_says(path: str) -> None:
    assert absolute(path) == str(Path(path).absolute())


@pytest.mark.parametrize("name", ["a", "é", "\ufffd", "a\udcff\ufffdb", "字\udc80", "\ud800x"])
def test_names_are_escaped_and_back(name: str) -> None:
    assert unescape_name(escape_name(name)) == name
    assert escape_name("Übersicht") == "Übersicht"
    assert escape_name("a\udcff\ufffd") == "a\ufffdff\ufffd\ufffd"
