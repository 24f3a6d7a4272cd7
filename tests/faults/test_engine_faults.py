"""Everything that an engine can do to a run, under both runners: rows, exit code, memory, and resuming."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from actors.governor import MOST_IN_VAIN
from tests.cli import rayocr, rows, start
from tests.faults.processes import Tree
from tests.pictures import folder_of_pictures, picture

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600)]

RUNNERS = ["inline", pytest.param("ray", marks=pytest.mark.ray)]
FAKE = ("--set", "engine.engine=fake", "--set", "output.max_failed_fraction=1")

PAGES, BATCH, LEAK_MB, MOST_MB = 36, 4, 30, 400
CORNERS = {5: "00ff00", 6: "ffff00", 7: "ff0000", 9: "ff0000", 10: "ff0000", 14: "0000ff"}
"""A batch of four with an exception, a wrong count and a crash; one with two crashes; one with a hang."""

SMALLER, TOO_LARGE = 18, 26
"""A page that fits at half its sides, and one that does not fit even then."""

ACTS = (
    "engine.fake={ff0000: crash, 00ff00: raise, ffff00: wrong_count, 0000ff: hang, "
    f"fits: '10000', '*': 'lose:{LEAK_MB}'}}"
)
CODES = {
    5: "ocr.failed",
    6: "ocr.failed",
    7: "ocr.crashed",
    9: "ocr.crashed",
    10: "ocr.crashed",
    14: "ocr.timeout",
    TOO_LARGE: "ocr.out_of_memory",
}


@dataclass(frozen=True)
class Watched:
    """A command that ended: what it said, and the most memory in MiB that an engine's process took."""

    code: int
    errors: str
    engine_mb: int


def source_of(folder: Path) -> Path:
    folder_of_pictures(folder, PAGES, corners=CORNERS)
    picture(SMALLER, 150, 100).save(folder / f"page-{SMALLER:03}.png")
    picture(TOO_LARGE, 300, 200).save(folder / f"page-{TOO_LARGE:03}.png")
    return folder


def watched(process: subprocess.Popen[str]) -> Watched:
    """Let a command end, and look at its engines all the time."""
    tree, largest = Tree(process.pid), 0
    while process.poll() is None:
        for engine in tree.of_kind("engine"):
            with contextlib.suppress(psutil.Error):
                info = engine.memory_info()
                largest = max(largest, info.rss - info.shared)
        time.sleep(0.1)
    _, errors = process.communicate()
    return Watched(process.returncode, errors, largest >> 20)


def summaries(output: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in sorted((output / "runs").glob("*.json"))]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("undisturbed")
    answer = rayocr("run", "-i", source_of(folder / "in"), "-o", folder / "out", *FAKE, "--runner", "inline")
    assert answer.returncode == 0, answer.stderr
    yield rows(folder / "out")


@pytest.mark.parametrize("runner", RUNNERS)
def test_all_faults_in_one_run(
    runner: str, tmp_path: Path, undisturbed: list[dict[str, Any]], injected: Callable[[str, int], None]
) -> None:
    source, output = source_of(tmp_path / "in"), tmp_path / "out"
    limits = (f"resources.batch_pages={BATCH}", f"resources.engine_memory_mb={MOST_MB}", "ocr.timeout_s=2")
    settings = [word for one in (ACTS, "resources.actors=1", *limits) for word in ("--set", one)]
    ended = watched(start("run", "-i", source, "-o", output, *FAKE, "--runner", runner, *settings))
    assert ended.code == 0, ended.errors
    assert "Traceback" not in ended.errors
    for why in ("gave no answer within 2 s", "outgrew its memory"):
        assert f" {why}" in ended.errors
    assert "an engine was replaced: it " in ended.errors

    found = rows(output)
    assert [row["key"] for row in found] == [f"page-{number:03}.png" for number in range(PAGES)]
    assert {number: row["error_code"] for number, row in enumerate(found) if row["error_code"]} == CODES
    for number, (row, alone) in enumerate(zip(found, undisturbed, strict=True)):
        if number == SMALLER:
            assert row["text"].startswith("page 75x50")
            assert row["lines"][0]["polygon"] == alone["lines"][0]["polygon"]
        elif number not in CODES:
            assert (row["text"], row["lines"]) == (alone["text"], alone["lines"])
    assert all(row["attempts"] == 1 for row in found[-BATCH:]), "being replaced is no attempt of a page"

    assert ended.engine_mb <= MOST_MB + BATCH * LEAK_MB, "what one batch takes may come on top"
    (summary,) = summaries(output)
    assert summary["replaced"] >= 1
    assert summary["shrunk"] >= 1
    injected("segfault", 3)
    injected("hang", 1)

    again = rayocr("run", "-i", source, "-o", output, *FAKE, "--runner", "inline")
    assert again.returncode == 0, again.stderr
    assert "nothing was left to do" in again.stdout
    assert rows(output) == found
    if runner == "ray":
        return  # the output is the same, and so is what comes next
    retried = rayocr("run", "-i", source, "-o", output, *FAKE, "--runner", "inline", "--retry-failed")
    assert retried.returncode == 0, retried.stderr
    assert [row["text"] for number, row in enumerate(rows(output)) if number != SMALLER] == [
        row["text"] for number, row in enumerate(undisturbed) if number != SMALLER
    ]


def three_lines(answer: subprocess.CompletedProcess[str], *words: str) -> None:
    """The command ended as incomplete, and its last words are three lines with these in them."""
    assert answer.returncode == 4, answer.stderr
    assert "Traceback" not in answer.stderr
    last = answer.stderr.strip().splitlines()[-3:]
    assert last[0].startswith("rayocr: ")
    for word in words:
        assert word in "\n".join(last)


@pytest.mark.parametrize("runner", RUNNERS)
def test_an_engine_that_is_too_large_when_it_starts_ends_the_run(runner: str, tmp_path: Path) -> None:
    source, output = folder_of_pictures(tmp_path / "in", 3), tmp_path / "out"
    options = ("--set", "engine.fake={init: 'lose:600'}", "--set", "resources.engine_memory_mb=500")
    answer = rayocr("run", "-i", source, "-o", output, *FAKE, "--runner", runner, *options)
    three_lines(answer, "before its first page", "allows 500", "Raise resources.engine_memory_mb")


def test_a_run_with_too_little_memory_keeps_what_it_did_and_goes_on_with_more(tmp_path: Path) -> None:
    source, output = folder_of_pictures(tmp_path / "in", 9), tmp_path / "out"
    one_by_one = ("--set", "resources.actors=1", "--set", "resources.batch_pages=1")
    command = ("run", "-i", source, "-o", output, *FAKE, "--runner", "inline", *one_by_one)
    hungry = ("--set", "engine.fake={'*': 'lose:150'}")
    three_lines(
        rayocr(*command, *hungry, "--set", "resources.engine_memory_mb=150"),
        "outgrow their memory with their first batch",
        "Raise resources.engine_memory_mb",
    )
    assert len(rows(output)) == MOST_IN_VAIN
    enough = rayocr(*command, *hungry, "--set", "resources.engine_memory_mb=350")
    assert enough.returncode == 0, enough.stderr
    assert "engines replaced: " in enough.stdout
    assert [row["status"] for row in rows(output)] == ["ok"] * 9
    assert len({row["run_id"] for row in rows(output)}) == 2


@pytest.mark.parametrize(("act", "words"), [("raise", "told to raise"), ("crash", "SIGSEGV")])
def test_an_engine_that_cannot_be_built_ends_the_run_at_once(act: str, words: str, tmp_path: Path) -> None:
    """With Ray: tests/cluster/test_ray_faults.py."""
    source = folder_of_pictures(tmp_path / "in", 3)
    began = time.monotonic()
    options = ("--runner", "inline", "--set", f"engine.fake={{init: {act}}}")
    answer = rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE, *options)
    three_lines(answer, words)
    assert time.monotonic() - began < 60


def test_an_engine_that_dies_only_later_while_it_is_built_ends_the_run_too(tmp_path: Path) -> None:
    """Its first process works; the next, in place of one that a page killed, cannot be built."""
    source, marker = folder_of_pictures(tmp_path / "in", 6, corners={1: "ff0000"}), tmp_path / "built"
    options = ("--runner", "inline", "--set", f"engine.fake={{ff0000: crash, init: 'once:{marker}'}}")
    answer = rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE, *options)
    three_lines(answer, "FileExistsError")
    assert rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE, "--runner", "inline").returncode == 0
    assert len(rows(tmp_path / "out")) == 6
