"""`output.dedup` as its users meet it: equal content is recognised once, and every page is there once."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines.config import load_config
from pipelines.retry import Retry
from pipelines.run import run
from pipelines.run_state import Options
from pipelines.summary import Summary
from pipelines.verify import verify
from tests.cli import ROOT, environ, rayocr
from tests.cli import rows as rows_of
from tests.pictures import folder_of_pictures, picture, tiff

BAD = "0a0b0c"
TOLD = (
    "text",
    "lines",
    "status",
    "page_count",
    "content_sha256",
    "width",
    "height",
    "format",
    "fingerprint",
    "notices",
)

_DYING = """
import os, signal, sys
from pipelines import dedup, parquet, stage
from rayocr.__main__ import main

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def before(*_):
    die()

def half(*arguments):
    yield next(tables(*arguments))
    die()

def staged(rows, *arguments):
    receipt = stage_file(rows, *arguments)
    if not rows.column("attempts")[0].as_py():
        die()
    return receipt

tables, stage_file = dedup.copies, stage.stage_file
if sys.argv[1] == "before":
    dedup.copies = before
elif sys.argv[1] == "staged":
    stage.stage_file = staged
else:
    parquet.GROUP_ROWS = dedup.GROUP_ROWS = 1
    dedup.copies = half
main(sys.argv[2:])
"""
"""`rayocr`, killed at a moment of the copying: `before` it, when the first copies are `staged` and not
published, or when `half` are published."""


class Job:
    """A source and its output."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "in"
        self.output = folder / "out"

    def command(self, name: str, *options: str) -> list[str | Path]:
        """The command line of rayocr."""
        sets = [part for one in self.settings() for part in ("-s", one)]
        return [name, "-i", self.source, "-o", self.output, *sets, *options]

    def settings(self, act: str = "none") -> list[str]:
        engine = ["engine.engine=fake", f"engine.fake={{'{BAD}': '{act}'}}"]
        return [*engine, "resources.runner=inline", "output.dedup=true", "output.max_failed_fraction=1"]

    def run(self, *overrides: str, act: str = "none", retry: Retry | None = None) -> Summary:
        """Run to its end in this process, and check that every page is there once."""
        flags = {"source.path": str(self.source), "output.path": str(self.output)}
        config = load_config(None, [*self.settings(act), *overrides], flags)
        summary = run(config, options=Options(retry))
        assert summary.exit_code == verify(config).exit_code == 0, summary
        self.rows()
        return summary

    def rows(self) -> dict[tuple[str, int], dict[str, Any]]:
        """By key and page, each of which is there once; `duplicate_of` as a key."""
        found = rows_of(self.output)
        assert max(Counter((row["key"], row["page_index"]) for row in found).values()) == 1
        keys = {row["document_id"]: row["key"] for row in found}
        return {
            (row["key"], row["page_index"]): row
            | {"duplicate_of": keys.get(row["duplicate_of"], row["duplicate_of"])}
            for row in found
        }

    def originals(self) -> dict[str, str | None]:
        """What each document is a copy of."""
        return {key: row["duplicate_of"] for (key, _), row in self.rows().items()}

    def same(self, one: str, other: str) -> bool:
        """Whether the rows of two documents tell the same."""
        mine, theirs = (
            [
                (page, *(row[name] for name in TOLD))
                for (key, page), row in self.rows().items()
                if key == document
            ]
            for document in (one, other)
        )
        return mine == theirs


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Two pictures and a document of three pages, and twins of two of them."""
    job = Job(tmp_path)
    folder_of_pictures(job.source, 2)
    tiff(job.source / "three.tif", 3, seed=50)
    shutil.copy(job.source / "page-000.png", job.source / "twin.png")
    shutil.copy(job.source / "three.tif", job.source / "twin.tif")
    return job


@pytest.mark.parametrize("runner", ["inline", pytest.param("ray", marks=[pytest.mark.ray, pytest.mark.slow])])
def test_equal_content_is_recognised_once(job: Job, runner: str) -> None:
    answer = rayocr(*job.command("run", "--runner", runner))
    assert answer.returncode == 0, answer.stderr
    assert "2 documents have the content of others" in answer.stderr
    assert "4 pages of documents with the content of others" in answer.stdout
    (file,) = job.output.glob("runs/*.json")
    summary = json.loads(file.read_text())
    assert (summary["pages"], summary["new_pages"], summary["copied"]) == (9, 5, 4)
    assert sum(row["attempts"] for row in job.rows().values()) == 5
    own = dict.fromkeys(("page-000.png", "page-001.png", "three.tif"))
    assert job.originals() == {**own, "twin.png": "page-000.png", "twin.tif": "three.tif"}
    assert job.same("twin.png", "page-000.png") and job.same("twin.tif", "three.tif")
    assert not job.same("twin.png", "page-001.png")

    before = set(job.output.glob("pages/*"))
    again = rayocr(*job.command("run", "--runner", runner))
    assert again.returncode == 0, again.stderr
    assert "nothing was left to do" in again.stdout
    assert set(job.output.glob("pages/*")) == before


def test_without_it_everything_is_recognised(job: Job) -> None:
    summary = job.run("output.dedup=false")
    assert (summary.new_pages, summary.copied) == (9, 0)
    assert set(job.originals().values()) == {None}
    assert job.same("twin.tif", "three.tif")
    shutil.copy(job.source / "page-000.png", job.source / "later.png")
    assert job.run().copied == 1  # it may be turned on later


def test_twins_that_come_later_need_no_engine(job: Job) -> None:
    job.run()
    for number in range(3):
        shutil.copy(job.source / "three.tif", job.source / f"later-{number}.tif")
    (job.source / "three.tif").unlink()
    summary = job.run("engine.fake={'init': 'exit'}")  # no engine would start
    assert (summary.new_pages, summary.copied) == (0, 9)
    assert {job.originals()[f"later-{number}.tif"] for number in range(3)} == {"three.tif"}


def test_twins_of_what_failed_have_their_own_turn(tmp_path: Path) -> None:
    job = Job(tmp_path)
    folder_of_pictures(job.source, 2, corners={0: BAD})
    first, *rest = (picture(number, corner=BAD if number == 1 else None) for number in range(3))
    first.save(job.source / "three.tif", save_all=True, append_images=rest)
    for name in ("page-000.png", "three.tif"):
        shutil.copy(job.source / name, job.source / f"twin-{name}")
    summary = job.run(act="raise")
    assert (summary.failed, summary.new_pages, summary.copied) == (4, 9, 0)
    assert set(job.originals().values()) == {None}

    summary = job.run(retry=Retry())
    assert (summary.failed, summary.tried_again, summary.copied) == (0, 2, 2)
    assert job.same("twin-page-000.png", "page-000.png") and job.same("twin-three.tif", "three.tif")
    copied = {key for key, row in job.rows().items() if row["duplicate_of"]}
    assert copied == {("twin-page-000.png", 0), ("twin-three.tif", 1)}


def test_twins_of_what_cannot_be_opened(tmp_path: Path) -> None:
    job = Job(tmp_path)
    folder_of_pictures(job.source, 1)
    for name in ("a.png", "b.png"):
        (job.source / name).write_bytes(b"\x89PNG\r\n\x1a\n")
    summary = job.run()
    assert (summary.failed, summary.copied) == (2, 0)
    assert summary.error_codes == {"decode.corrupt": 2}


def test_documents_that_change(job: Job) -> None:
    """A copy becomes another's copy, an original goes its own way, and one is only touched."""
    job.run()
    texts = {key: row["text"] for key, row in job.rows().items()}
    shutil.copy(job.source / "page-001.png", job.source / "twin.png")
    picture(99).save(job.source / "page-000.png")
    (job.source / "three.tif").touch()
    summary = job.run()
    assert (summary.new_pages, summary.copied) == (1, 4)
    own = dict.fromkeys(("page-000.png", "page-001.png", "three.tif"))
    assert job.originals() == {**own, "twin.png": "page-001.png", "twin.tif": "three.tif"}
    assert {key for key, row in job.rows().items() if row["text"] != texts[key]} == {
        ("page-000.png", 0),
        ("twin.png", 0),
    }


@pytest.mark.parametrize("moment", ["before", "staged", "half"])
def test_a_driver_that_is_killed_while_it_copies(job: Job, tmp_path: Path, moment: str) -> None:
    program = tmp_path / "dying.py"
    program.write_text(_DYING)
    died = subprocess.run(
        [sys.executable, program, moment, *map(str, job.command("run"))],
        env=environ(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stdout + died.stderr
    assert len(job.rows()) == (6 if moment == "half" else 5)
    summary = job.run()
    assert (summary.pages, summary.new_pages) == (9, 0)
    assert summary.copied == (3 if moment == "half" else 4)
    assert job.same("twin.png", "page-000.png") and job.same("twin.tif", "three.tif")
    assert not list(job.output.glob("_staging/*/*"))

    answer = rayocr("compact", "-o", job.output)
    assert answer.returncode == 0, answer.stderr
    assert (job.run().new_pages, len(list(job.output.glob("pages/*")))) == (0, 1)
