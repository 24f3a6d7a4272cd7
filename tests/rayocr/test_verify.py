"""`rayocr verify` as its users meet it, on outputs that were damaged by hand."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli import rayocr
from tests.pictures import folder_of_pictures, picture, tiff

FAKE = ("--set", "engine.engine=fake", "--runner", "inline", "--set", "output.flush_seconds=1000")


class Output:
    """A source and its output."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "in"
        self.folder = folder / "out"

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        return rayocr("run", "-i", self.source, "-o", self.folder, *FAKE, *options)

    def verify(self, *options: str) -> subprocess.CompletedProcess[str]:
        return rayocr("verify", "-i", self.source, "-o", self.folder, *options)

    def report(self, exit_code: int) -> dict[str, Any]:
        answer = self.verify("--json")
        assert answer.returncode == exit_code, answer.stdout + answer.stderr
        tree: dict[str, Any] = json.loads(answer.stdout)
        assert tree["exit_code"] == exit_code
        return tree

    def files(self) -> list[Path]:
        return sorted((self.folder / "pages").glob("*.parquet"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Output:
    output = Output(tmp_path_factory.mktemp("made"))
    folder_of_pictures(output.source, 3)
    tiff(output.source / "three.tif", 3, seed=50)
    (output.source / "broken.png").write_bytes((output.source / "page-000.png").read_bytes()[:80])
    assert output.run().returncode == 3
    return output


@pytest.fixture
def output(made: Output, tmp_path: Path) -> Output:
    """A copy of one that is as it should be; times of files are kept."""
    shutil.copytree(made.source, tmp_path / "in")
    shutil.copytree(made.folder, tmp_path / "out")
    return Output(tmp_path)


def test_complete_with_a_failed_page(output: Output) -> None:
    answer = output.verify()
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "complete: every page is there exactly once" in answer.stdout
    assert "broken.png page 0: decode.corrupt" in answer.stdout
    tree = output.report(0)
    assert (tree["documents"], tree["pages"], tree["ok"], tree["failed"]["count"]) == (5, 7, 6, 1)
    assert tree["error_codes"] == {"decode.corrupt": 1}


def test_missing_changed_and_orphaned_are_told_apart(output: Output) -> None:
    picture(70).save(output.source / "new.png")
    picture(71).save(output.source / "page-001.png")
    (output.source / "page-002.png").unlink()
    tree = output.report(4)
    assert tree["missing"]["first"] == ["new.png"]
    assert tree["changed"]["first"] == ["page-001.png"]
    assert tree["orphaned"] == {"count": 1, "first": ["page-002.png"]}
    assert tree["doubled"]["count"] == 0
    again = ("--set", "output.max_failed_fraction=1")
    assert output.run(*again).returncode == 2, "elsewhere than it was, and without one of its documents"
    assert output.run(*again, "--add-source").returncode == 0
    tree = output.report(0)
    assert tree["orphaned"]["count"] == 1
    assert tree["changed"]["count"] == 0


def test_a_limit_makes_no_orphans(output: Output) -> None:
    answer = output.verify("--limit", "2", "--json")
    assert answer.returncode == 0
    assert json.loads(answer.stdout)["orphaned"]["count"] == 0


def test_a_doubled_file(output: Output) -> None:
    (file,) = output.files()
    shutil.copy(file, file.with_name("copy.parquet"))
    tree = output.report(4)
    assert tree["doubled"]["count"] == 5
    assert "three.tif" in tree["doubled"]["first"]


def test_a_torn_file_is_named_and_not_trusted(output: Output) -> None:
    (file,) = output.files()
    file.write_bytes(file.read_bytes()[:-20])
    tree = output.report(4)
    assert tree["distrusted"]["count"] == 1
    assert str(file) in tree["distrusted"]["first"][0]
    assert tree["missing"]["count"] == 5
    assert output.run().returncode == 2
    file.unlink()
    assert output.run().returncode == 3
    assert output.report(0)["pages"] == 7


def test_a_file_of_another_output_is_named_and_not_trusted(output: Output, tmp_path: Path) -> None:
    """It would fill in what lacks, with rows of other settings."""
    elsewhere = Output(tmp_path / "elsewhere")
    shutil.copytree(output.source, elsewhere.source)
    assert elsewhere.run("--set", "decode.pdf_dpi=90").returncode == 3
    (file,) = elsewhere.files()
    output.files()[0].unlink()
    shutil.copy(file, output.folder / "pages" / "foreign.parquet")
    tree = output.report(4)
    assert "other settings" in tree["distrusted"]["first"][0]
    assert tree["pages"] == 0
    answer = output.run()
    assert answer.returncode == 2
    assert "foreign.parquet" in answer.stderr


def test_other_files_are_named(output: Output) -> None:
    (output.folder / "pages" / "notes.txt").write_text("mine")
    assert output.report(0)["other"] == {"count": 1, "first": ["pages/notes.txt"]}


def test_names_are_limited(output: Output) -> None:
    output.files()[0].unlink()
    answer = output.verify("--names", "2")
    assert answer.returncode == 4
    assert "and 3 more" in answer.stdout


def test_without_an_output(output: Output) -> None:
    answer = rayocr("verify", "-i", output.source, "-o", output.folder / "nothing")
    assert answer.returncode == 2
    assert "There is no output of rayocr" in answer.stderr
    assert not (output.folder / "nothing").exists()


def test_it_looks_on_while_a_run_is_at_work(output: Output) -> None:
    import time

    from pipelines.lock import LOCK, RunLock
    from pipelines.stores.local import LocalStore

    with RunLock(LocalStore(str(output.folder)), "busy", clock=time.time):
        answer = output.verify()
        assert (output.folder / LOCK).exists()
    assert answer.returncode == 0
    assert "Run busy on" in answer.stderr


def test_a_replacement_that_was_cut_off_is_said(output: Output) -> None:
    (output.folder / "_swap").mkdir()
    (output.folder / "_swap" / "20261201T000000-00000001-1.json").write_text("[]")
    answer = output.verify()
    assert "cut off" in answer.stderr


def test_damage_where_nobody_looks_is_found_by_deep_and_refused_by_compact(output: Output) -> None:
    from tests.pipelines.test_seal import in_text

    (file,) = output.files()
    damaged = in_text(file.read_bytes())
    file.write_bytes(damaged)
    assert output.verify().returncode == 0, "the columns that pages are counted by are whole"
    answer = output.verify("--deep")
    assert answer.returncode == 4
    assert "its content is not what was written" in answer.stdout.replace("\n", " ")
    picture(80).save(output.source / "new.png")
    assert output.run("--set", "output.max_failed_fraction=1").returncode == 0
    answer = rayocr("compact", "-o", output.folder)
    assert answer.returncode == 2
    assert [line[:7] for line in answer.stderr.splitlines()[-3:]] == ["error: ", "why:   ", "do:    "]
    assert f"{file} is damaged" in answer.stderr
    assert file.read_bytes() == damaged


def test_deep_says_how_many_files_have_no_checksums(output: Output) -> None:
    import pyarrow.parquet as pq

    assert "Every byte of every file in pages/ was read" in output.verify("--deep").stderr
    (file,) = output.files()
    table = pq.read_table(file)
    metadata = {name: value for name, value in table.schema.metadata.items() if name != b"sealed"}
    pq.write_table(table.replace_schema_metadata(metadata), file)
    answer = output.verify("--deep")
    assert answer.returncode == 0
    assert "1 of these files are of an older release and have no checksums" in answer.stderr


def test_rows_of_a_newer_release_end_every_command_in_three_lines(output: Output) -> None:
    import pyarrow.parquet as pq

    (file,) = output.files()
    table = pq.read_table(file)
    metadata = {**table.schema.metadata, b"schema_version": b"999"}
    del metadata[b"sealed"]
    pq.write_table(table.replace_schema_metadata(metadata), file)
    content = file.read_bytes()
    show = rayocr("show", "page-000.png", "-o", output.folder)
    for answer in (output.run(), output.verify(), rayocr("compact", "-o", output.folder), show):
        assert answer.returncode == 2, answer.stderr
        assert "was written by a newer rayocr (schema 999)" in answer.stderr
        assert "Traceback" not in answer.stderr
    assert file.read_bytes() == content
