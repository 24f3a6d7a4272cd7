"""Documents that were read well and cannot be read later, as users meet them: in every order of events."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli import rayocr, rows
from tests.pictures import folder_of_pictures, picture, tiff

FAKE = ("--set", "engine.engine=fake", "--set", "output.flush_seconds=1000", "-q")


class Table:
    """A source, its output, and what both commands say of them."""

    def __init__(self, folder: Path, runner: str = "inline") -> None:
        self.source, self.folder, self.runner = folder / "in", folder / "out", runner

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        return rayocr("run", "-i", self.source, "-o", self.folder, "--runner", self.runner, *FAKE, *options)

    def report(self) -> dict[str, Any]:
        answer = rayocr("verify", "-i", self.source, "-o", self.folder, "--json")
        tree: dict[str, Any] = json.loads(answer.stdout)
        assert answer.returncode == tree["exit_code"]
        return tree

    def versions(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for row in rows(self.folder, ["key", "page_index", "version"]):
            found.setdefault(row["key"], set()).add(row["version"])
        return found

    def texts(self) -> dict[tuple[str, int], str | None]:
        found = rows(self.folder, ["key", "page_index", "text"])
        assert len({(row["key"], row["page_index"]) for row in found}) == len(found), "a page is there twice"
        return {(row["key"], row["page_index"]): row["text"] for row in found}


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _dangles(file: Path) -> None:
    file.unlink()
    file.symlink_to("nowhere")


def _loops(file: Path) -> None:
    """As good as permission that is denied, which root never is."""
    file.unlink()
    file.symlink_to(file.name)


def _too_large(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.truncate(3 << 20)


DAMAGES: tuple[Callable[[Path], None], ...] = (_empty, _dangles, _loops, _too_large)
SMALL = ("--set", "decode.max_file_mb=2")


@pytest.mark.parametrize("runner", ["inline", pytest.param("ray", marks=[pytest.mark.ray, pytest.mark.slow])])
def test_what_was_read_stays_and_the_run_ends(tmp_path: Path, runner: str) -> None:
    table = Table(tmp_path, runner)
    folder_of_pictures(table.source, 5)
    assert table.run(*SMALL).returncode == 0
    before, version = table.texts(), table.versions()
    for number, damage in enumerate(DAMAGES):
        damage(table.source / f"page-{number:03}.png")
    for options in ((), ("--retry-failed",)) if runner == "inline" else ((),):
        answer = table.run(*SMALL, *options)
        assert answer.returncode == 3, answer.stderr
        assert "4 documents changed and cannot be read now" in answer.stderr
        assert table.texts() == before
        assert table.versions() == version
        tree = table.report()
        assert (tree["exit_code"], tree["unread"]["count"]) == (3, 4)
        assert (tree["doubled"]["count"], tree["missing"]["count"], tree["changed"]["count"]) == (0, 0, 0)
        assert "page-000.png: read.empty" in tree["unread"]["first"]
        assert "page-001.png: read.missing" in tree["unread"]["first"]
    for number in range(4):
        (table.source / f"page-{number:03}.png").unlink()
        picture(number + 40).save(table.source / f"page-{number:03}.png")
    assert table.run(*SMALL).returncode == 0
    after = table.texts()
    assert [after[key] == before[key] for key in sorted(before)] == [False] * 4 + [True]
    assert table.report()["exit_code"] == 0


def test_what_is_still_unread_starts_no_engine_and_the_old_file_needs_none(tmp_path: Path) -> None:
    table = Table(tmp_path)
    folder_of_pictures(table.source, 2)
    assert table.run().returncode == 0
    file, before, files = (
        table.source / "page-000.png",
        table.texts(),
        sorted((tmp_path / "out/pages").iterdir()),
    )
    content, info = file.read_bytes(), file.stat()
    _empty(file)
    assert table.run().returncode == 3
    answer = rayocr("run", "-i", table.source, "-o", table.folder, "--runner", "inline", *FAKE[:-1])
    assert answer.returncode == 3
    assert "nothing was left to do" in answer.stdout
    assert "plan:" not in answer.stderr
    file.write_bytes(content)
    os.utime(file, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert table.report()["exit_code"] == 0, "before any run, too"
    assert table.run().returncode == 0
    assert (table.texts(), sorted((tmp_path / "out/pages").iterdir())) == (before, files)


def test_a_failed_read_makes_room_for_another_and_a_bad_content_for_none(tmp_path: Path) -> None:
    """Nothing was read of a document that was empty at first; one that is damaged now was read."""
    table = Table(tmp_path)
    folder_of_pictures(table.source, 2)
    first, second = table.source / "page-000.png", table.source / "page-001.png"
    _empty(first)
    assert table.run().returncode == 3
    _dangles(first)
    second.write_bytes(second.read_bytes()[:80])
    assert table.run("--set", "output.max_failed_fraction=1").returncode == 0
    codes = {row["key"]: row["error_code"] for row in rows(table.folder, ["key", "page_index", "error_code"])}
    assert codes == {"page-000.png": "read.missing", "page-001.png": "decode.corrupt"}
    assert table.report()["unread"]["count"] == 0


class World:
    """A source whose documents appear, change, vanish and come back; what each said when it was last read."""

    def __init__(self, table: Table, seed: int) -> None:
        self.table, self.random, self.seed = table, random.Random(seed), 0
        table.source.mkdir()
        for name in ("a.png", "b.png", "c.tif"):
            self._write(table.source / name)
        picture(999).save(table.source / "steady.png")

    def _write(self, file: Path) -> None:
        if file.is_symlink() or file.exists():
            file.unlink()
        self.seed += 1
        if file.suffix == ".tif":
            tiff(file, self.random.randint(1, 3), seed=self.seed * 7)
        else:
            picture(self.seed).save(file)

    def step(self) -> None:
        for name in ("a.png", "b.png", "c.tif"):
            file, event = self.table.source / name, self.random.random()
            there = file.is_symlink() or file.exists()
            if event < 0.35:
                self._write(file)
            elif event < 0.8 and there:
                self.random.choice(DAMAGES[:3] if file.is_symlink() else DAMAGES)(file)
            elif event < 0.87 and file.is_file():
                file.write_bytes(file.read_bytes()[:60])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_any_history_leaves_one_version_of_each_document(tmp_path: Path, seed: int) -> None:
    table = Table(tmp_path)
    world = World(table, seed)
    for number in range(5):
        world.step()
        retry = ("--retry-failed",) if number % 3 == 2 else ()
        answer = table.run(*SMALL, *retry, "--set", "output.max_failed_fraction=1")
        tree = table.report()
        assert answer.returncode in (0, 3), answer.stderr
        assert tree["exit_code"] == answer.returncode, (answer.stderr, tree)
        versions = table.versions()
        listed = {path.name for path in table.source.iterdir()}
        assert listed <= set(versions)
        assert all(len(some) == 1 for some in versions.values()), versions
        table.texts()
