"""Sources as they are, as users meet them: another one, one that moved, new names, documents that left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines.config import load_config
from pipelines.run import run
from pipelines.run_state import Options
from pipelines.summary import Summary
from pipelines.verify import verify
from tests.cli import ROOT, environ, rayocr, rows, start
from tests.pictures import folder_of_pictures, picture, tiff

FAKE = ("-s", "engine.engine=fake", "--runner", "inline")
NO_ENGINE = "engine.fake={'init': 'exit'}"


class Job:
    """A source and its output."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "in"
        self.output = folder / "out"

    def cli(self, *options: str | Path) -> subprocess.CompletedProcess[str]:
        return rayocr("run", "-i", self.source, "-o", self.output, *FAKE, *options)

    def run(self, *overrides: str, **options: Any) -> Summary:
        """In this process; every page is there once afterwards, and no row is anybody's that is not told."""
        flags = {"source.path": str(self.source), "output.path": str(self.output)}
        sets = ["engine.engine=fake", "resources.runner=inline", *overrides]
        config = load_config(None, sets, flags)
        summary = run(config, options=Options(**options))
        assert summary.exit_code == verify(config).exit_code == 0, summary
        assert max(Counter((row["key"], row["page_index"]) for row in rows(self.output)).values()) == 1
        return summary

    def documents(self) -> list[str]:
        return sorted({row["key"] for row in rows(self.output, ["key"])})

    def card(self) -> dict[str, Any]:
        tree: dict[str, Any] = json.loads((self.output / "rayocr.json").read_text())
        return tree


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Three pictures in two folders, and a document of three pages; all recognised."""
    job = Job(tmp_path)
    folder_of_pictures(job.source / "box", 2)
    picture(30).save(job.source / "top.png")
    tiff(job.source / "three.tif", 3, seed=50)
    assert job.run().new_pages == 6
    return job


def test_another_source_is_refused_with_the_difference(job: Job, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    picture(90).save(other / "z.png")
    before = job.card()
    answer = rayocr("run", "-i", other, "-o", job.output, *FAKE)
    assert answer.returncode == 2
    assert len(answer.stderr.splitlines()) == 3
    assert f"source.path: {job.source} there, {other} now" in answer.stderr
    assert "0 documents are in both, 4 only in the output (box/page-000.png, " in answer.stderr
    assert "1 only in the source (z.png)" in answer.stderr
    assert "--add-source" in answer.stderr
    assert job.card() == before and len(job.documents()) == 4

    meant = rayocr("run", "-i", other, "-o", job.output, *FAKE, "--add-source")
    assert meant.returncode == 0, meant.stderr
    assert [Path(one["path"]).name for one in job.card()["sources"]] == ["in", "other"]
    for source in (job.source, other):  # both are known by now
        again = rayocr("run", "-i", source, "-o", job.output, *FAKE)
        assert again.returncode == 0, again.stderr


def test_another_source_with_the_same_names_needs_a_name(job: Job, tmp_path: Path) -> None:
    """Its documents would take the place of the others."""
    texts = {row["key"]: row["text"] for row in rows(job.output)}
    other = tmp_path / "other"
    shutil.copytree(job.source, other)
    for number, file in enumerate(sorted(other.rglob("*.png"))):
        picture(200 + number, 80, 50).save(file)
    answer = rayocr("run", "-i", other, "-o", job.output, *FAKE, "--add-source")
    assert answer.returncode == 2
    assert "4 documents are in both (3 of them with other content)" in answer.stderr
    assert "source.name=NAME" in answer.stderr
    named = rayocr("run", "-i", other, "-o", job.output, *FAKE, "--add-source", "-s", "source.name=b")
    assert named.returncode == 0, named.stderr
    assert {key: text for key, text in _texts(job).items() if not key.startswith("b/")} == texts
    assert len(job.documents()) == 8


def test_a_name_that_was_forgotten_does_not_do_everything_again(job: Job) -> None:
    answer = job.cli("-s", "source.name=letters")
    assert answer.returncode == 2
    assert "source.name: none there, letters now" in answer.stderr


def test_a_source_that_moved_goes_on_without_an_engine(job: Job, tmp_path: Path) -> None:
    """All times differ, as after an upload; one document is new."""
    moved = Job(tmp_path)
    moved.source = tmp_path / "moved"
    shutil.copytree(job.source, moved.source)
    for file in moved.source.rglob("*.*"):
        os.utime(file, (1, 1))
    answer = moved.cli("-s", NO_ENGINE)
    assert answer.returncode == 0, answer.stderr
    assert f"the source was {job.source} and is {moved.source} now" in answer.stderr
    assert "4 documents were touched" in answer.stderr
    assert [one["path"] for one in job.card()["sources"]] == [str(moved.source)]
    assert len(rows(job.output)) == 6
    assert {row["uri"].startswith(str(moved.source)) for row in rows(job.output)} == {True}
    picture(31).save(moved.source / "new.png")
    assert moved.run().new_pages == 1


def test_a_source_that_moved_and_lost_documents_is_refused(job: Job, tmp_path: Path) -> None:
    shutil.copytree(job.source, tmp_path / "moved")
    (tmp_path / "moved" / "top.png").unlink()
    job.source = tmp_path / "moved"
    answer = job.cli()
    assert answer.returncode == 2
    assert "3 documents are in both, 1 only in the output (top.png), 0 only in the source" in answer.stderr
    assert job.cli("--add-source").returncode == 0
    assert [one["path"] for one in job.card()["sources"]] == [str(job.source)], (
        "it is the same, with less in it"
    )


def test_an_output_that_remembers_no_source_goes_on_as_before(job: Job, tmp_path: Path) -> None:
    card = job.card()
    del card["sources"]
    (job.output / "rayocr.json").write_text(json.dumps(card))
    other = Job(tmp_path)
    other.source = tmp_path / "other"
    other.source.mkdir()
    picture(90).save(other.source / "z.png")
    assert other.run().new_pages == 1
    assert "sources" not in job.card()
    assert job.run().new_pages == 0


def test_a_renamed_document_keeps_its_recognition(job: Job) -> None:
    (job.source / "three.tif").rename(job.source / "3.tif")
    answer = job.cli("-s", NO_ENGINE)
    assert answer.returncode == 0, answer.stderr
    assert (
        "1 document was renamed (three.tif is 3.tif): rows are taken over, without an engine" in answer.stderr
    )
    assert "--forget takes out those of their old names" in answer.stderr
    new = [row for row in rows(job.output) if row["key"] == "3.tif"]
    old = [row for row in rows(job.output) if row["key"] == "three.tif"]
    assert [(row["text"], row["page_index"]) for row in new] == [
        (row["text"], row["page_index"]) for row in old
    ]
    assert {row["duplicate_of"] for row in new} == {old[0]["document_id"]}


def test_a_renamed_folder_keeps_its_recognition_and_the_old_names_go(job: Job) -> None:
    before = {row["text"] for row in rows(job.output)}
    (job.source / "box").rename(job.source / "case")
    answer = job.cli("-s", NO_ENGINE, "--forget")
    assert answer.returncode == 0, answer.stderr
    assert "2 documents were renamed (box/page-000.png is case/page-000.png, " in answer.stderr
    assert "forgotten: 2 documents that left the source: box/page-000.png, box/page-001.png" in answer.stderr
    assert job.documents() == ["case/page-000.png", "case/page-001.png", "three.tif", "top.png"]
    assert {row["text"] for row in rows(job.output)} == before
    assert {row["duplicate_of"] for row in rows(job.output)} == {None}
    assert job.run().orphaned == 0


def test_everything_renamed_at_once(job: Job) -> None:
    for name in ("box", "three.tif", "top.png"):
        (job.source / name).rename(job.source / f"new-{name}")
    summary = job.run(NO_ENGINE, forget=True)
    assert (summary.new_pages, summary.copied, summary.forgotten) == (0, 6, 4)
    assert all(key.startswith("new-") for key in job.documents())


def test_forget_takes_out_what_left_and_nothing_else(job: Job) -> None:
    (job.source / "top.png").unlink()
    plain = job.cli()
    assert "1 documents with rows are no longer in the source" in plain.stderr
    assert "top.png" in job.documents()
    answer = job.cli("--forget")
    assert answer.returncode == 0, answer.stderr
    assert "forgotten: 1 document that left the source: top.png" in answer.stderr
    assert "no longer in the source" not in answer.stderr
    assert "forgotten" in answer.stdout
    assert job.documents() == ["box/page-000.png", "box/page-001.png", "three.tif"]
    assert len(rows(job.output)) == 5
    assert not (job.output / "_swap").exists()
    assert "no document left the source" in job.cli("--forget").stderr


def test_forget_stops_at_a_disk_that_is_not_mounted(job: Job) -> None:
    shutil.rmtree(job.source / "box")
    (job.source / "box").mkdir()
    answer = job.cli("--forget")
    assert answer.returncode == 2
    assert f"--forget stops at {job.source}/box: nothing is in it." in answer.stderr
    (job.source / "box").rmdir()
    (job.source / "box").symlink_to(job.source / "nowhere")
    assert job.cli("--forget").returncode == 2
    (job.source / "box").unlink()
    assert len(job.documents()) == 4
    assert job.cli("--forget").returncode == 0
    assert job.documents() == ["three.tif", "top.png"]


def test_forget_never_empties_an_output(job: Job) -> None:
    shutil.rmtree(job.source)
    assert job.cli("--forget").returncode == 2, "it is gone"
    job.source.mkdir()
    assert "There is nothing to recognise" in job.cli("--forget").stderr
    picture(99).save(job.source / "other.png")
    answer = job.cli("--forget")
    assert answer.returncode == 2
    assert "None of its 4 documents is in the source" in answer.stderr
    assert "needs the whole source" in job.cli("--forget", "--limit", "1").stderr
    assert len(rows(job.output)) == 6


def test_forget_leaves_the_documents_of_other_sources(job: Job, tmp_path: Path) -> None:
    shutil.copytree(job.source, tmp_path / "other")
    shutil.move(tmp_path / "other" / "three.tif", tmp_path / "other" / "four.tif")
    for add, name in ((True, "a"), (True, "b")):
        other = Job(tmp_path)
        other.source = tmp_path / "other"
        other.run(f"source.name={name}", add_source=add)
    (tmp_path / "other" / "top.png").unlink()
    assert other.run("source.name=b", forget=True).forgotten == 1
    assert (
        "a/top.png" in job.documents() and "top.png" in job.documents() and "b/top.png" not in job.documents()
    )
    (job.source / "top.png").unlink()
    assert job.run(forget=True).forgotten == 1
    assert "a/top.png" in job.documents() and "top.png" not in job.documents()


def test_nothing_is_forgotten_before_all_is_there(job: Job) -> None:
    """An engine that does not start: what is new lacks, so what left stays."""
    (job.source / "top.png").unlink()
    picture(31, 90, 90).save(job.source / "new.png")
    answer = job.cli("--forget", "-s", NO_ENGINE)
    assert answer.returncode == 4, answer.stderr
    assert "top.png" in job.documents()
    assert job.cli("--forget").returncode == 0
    assert "top.png" not in job.documents() and "new.png" in job.documents()


_DYING = """
import os, signal, sys
from pipelines.stores.local import LocalStore
from rayocr.__main__ import main

left = int(sys.argv[1])

def dying(name):
    plain = getattr(LocalStore, name)
    def call(self, path, *rest):
        global left
        if swapping or path.startswith("_swap/"):
            swapping.append(path)
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return plain(self, path, *rest)
    return call

swapping = []
for name in ("put", "move", "delete"):
    setattr(LocalStore, name, dying(name))
main(sys.argv[2:])
"""
"""`rayocr`, killed before its n-th change from the journal of replacements on."""


@pytest.mark.faults
@pytest.mark.parametrize("changes", range(5))
def test_killed_while_it_forgets(job: Job, changes: int) -> None:
    (job.source / "top.png").unlink()
    command = ["run", "-i", str(job.source), "-o", str(job.output), *FAKE, "--forget"]
    dying = [sys.executable, "-c", _DYING, str(changes), *command]
    died = subprocess.run(dying, env=environ(), cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert job.cli().returncode == 0
    found = Counter((row["key"], row["page_index"]) for row in rows(job.output))
    assert set(found.values()) == {1}
    assert set(found) - {("top.png", 0)} == {
        ("box/page-000.png", 0),
        ("box/page-001.png", 0),
        *(("three.tif", page) for page in range(3)),
    }


def test_a_refused_run_claims_nothing(tmp_path: Path) -> None:
    """By a plan that cannot be: then other settings are welcome."""
    source = folder_of_pictures(tmp_path / "in", 1)
    line = ("run", "-i", source, "-o", tmp_path / "out", *FAKE)
    answer = rayocr(*line, "-s", "resources.actors=500", "-s", "decode.pdf_dpi=90")
    assert answer.returncode == 2, answer.stderr
    assert not (tmp_path / "out" / "rayocr.json").exists()
    assert rayocr(*line).returncode == 0


def test_a_run_that_was_killed_before_its_first_page_claims_nothing(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 2)
    line = ("run", "-i", source, "-o", tmp_path / "out", *FAKE)
    killed = start(*line, "-s", "decode.pdf_dpi=90", "-s", "engine.fake={'*': 'sleep:60'}")
    card = tmp_path / "out" / "rayocr.json"
    for _ in range(600):
        if card.exists():
            break
        time.sleep(0.1)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=30)
    assert '"90"' in card.read_text()
    fresh = rayocr(*line, "--fresh-output")
    assert fresh.returncode == 0, fresh.stderr
    assert not (tmp_path / "out-2").exists()
    assert '"90"' not in card.read_text()
    assert rayocr(*line, "-s", "decode.pdf_dpi=90").returncode == 2, "now it has pages"


def test_what_is_left_out_is_said_in_one_line(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 1)
    for name in ("@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found"):
        folder_of_pictures(source / name, 1)
    for name in (".Trash-1000", ".AppleDouble"):
        folder_of_pictures(source / "box" / name, 1)
    for name in ("~$letter.docx", ".~lock.letter.odt#", "Thumbs.db", "ehthumbs.db", "Icon\r", "notes.txt"):
        (source / name).write_bytes(b"x")
    answer = rayocr("plan", "-i", source, "-o", tmp_path / "out", *FAKE)
    assert "1 of 1 documents to do" in answer.stdout
    (line,) = [line for line in answer.stderr.splitlines() if "left out" in line]
    assert line.startswith("rayocr: left out by name: 6 files and 7 folders (.* 3, ")
    run = rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE)
    assert line in run.stderr


def test_a_long_list_is_planned_in_seconds(tmp_path: Path) -> None:
    """20,000 names here; 200,000 took 2.5 CPU seconds."""
    names = "".join(f"Kästen/{number // 100:03}/Übersicht {number:06}.tif\n" for number in range(20_000))
    (tmp_path / "list.txt").write_text(names)
    begin = time.monotonic()
    answer = rayocr("plan", "-i", tmp_path / "list.txt", "-o", tmp_path / "out", *FAKE)
    assert "20,000 of 20,000 documents to do" in answer.stdout
    assert time.monotonic() - begin < 30


def _texts(job: Job) -> dict[str, str]:
    return {row["key"]: row["text"] for row in rows(job.output)}
