"""What a person is told of pages with notices: rows, the end of a run, verify, plan, exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb

from tests.cli import rayocr, rows
from tests.pictures import folder_of_pictures, picture

FAKE = ("--set", "engine.engine=fake", "--set", "engine.fake={0a0b0c: unread}", "--runner", "inline")


def source_of(folder: Path) -> Path:
    source = folder_of_pictures(folder / "in", 5, corners={1: "0a0b0c", 3: "0a0b0c"})
    picture(9).resize((1, 1)).resize((20, 20)).save(source / "blank.png")
    return source


def test_text_that_was_found_and_dropped_is_never_empty(tmp_path: Path) -> None:
    source, output = source_of(tmp_path), tmp_path / "out"
    answer = rayocr("run", "-i", source, "-o", output, *FAKE)
    assert answer.returncode == 0, answer.stderr
    found = {row["key"]: row for row in rows(output)}
    unread, blank, good = found["page-001.png"], found["blank.png"], found["page-000.png"]
    assert (unread["status"], unread["text"], unread["notices"]) == ("ok", "", ["text.unread"])
    assert (unread["lines_found"], unread["lines_kept"]) == (2, 0)
    assert abs(unread["mean_score"] - 0.3) < 1e-6
    assert (blank["status"], blank["notices"], blank["lines_found"]) == ("empty", [], 0)
    assert (good["notices"], good["lines_found"], good["lines_kept"]) == ([], 2, 2)

    assert "text.unread 2: page-001.png page 0, page-003.png page 0" in answer.stdout
    (query,) = re.findall(r"^pages with notices: (.*)$", answer.stdout, re.MULTILINE)
    assert sorted(row[0] for row in duckdb.sql(query).fetchall()) == ["page-001.png", "page-003.png"]
    summary = json.loads(next((output / "runs").glob("*.json")).read_text())
    assert summary["noticed"] == 2
    assert summary["notices"] == {
        "text.unread": {"count": 2, "first": ["page-001.png page 0", "page-003.png page 0"]}
    }

    answer = rayocr("verify", "-i", source, "-o", output, "--names", "1")
    assert answer.returncode == 0
    assert "text.unread" in answer.stdout and "page-001.png page 0" in answer.stdout
    assert "and 1 more" in answer.stdout and "WHERE len(notices) > 0" in answer.stderr


def test_too_many_of_them_are_an_exit_code_where_that_is_wanted(tmp_path: Path) -> None:
    source = source_of(tmp_path)
    for most, code in ((0.33, 3), (0.34, 0)):
        answer = rayocr(
            "run", "-i", source, "-o", tmp_path / f"out-{code}", *FAKE,
            "--set", f"output.max_noticed_fraction={most}", "--quiet",
        )  # fmt: skip
        assert answer.returncode == code, answer.stderr
        if code:
            assert "complete, but too many pages have notices; 2 of 6 pages have notices" in answer.stderr


def test_a_probe_counts_them_before_a_run(tmp_path: Path) -> None:
    source = source_of(tmp_path)
    settings = ("-i", source, "-o", tmp_path / "out", *FAKE, "--set", "resources.probe=6")
    answer = rayocr("plan", *settings)
    assert answer.returncode == 0, answer.stderr
    assert "text.unread: 2 of the sample's pages: page-00" in answer.stdout
    told = json.loads(rayocr("plan", *settings, "--json").stdout)
    assert told["probe"]["measured"]["recognition"]["notices"]["text.unread"]["count"] == 2
