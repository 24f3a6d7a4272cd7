"""`rayocr plan --probe N` and `resources.probe` as their users meet them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli import rayocr, rows
from tests.drawn import page, words
from tests.models import require_model
from tests.pictures import folder_of_pictures, tiff

FAKE = ("--set", "engine.engine=fake", "--runner", "inline")


def three_lines(stderr: str) -> dict[str, str]:
    """The error that a command ended with."""
    lines = [line for line in stderr.splitlines() if not line.startswith("rayocr:")]
    assert [line.partition(":")[0] for line in lines] == ["error", "why", "do"], stderr
    return {label: text.strip() for label, _, text in (line.partition(":") for line in lines)}


def test_a_probe_replaces_estimates_and_writes_nothing(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 6)
    (source / "broken.png").write_text("no picture")
    answer = rayocr("plan", "-i", source, "-o", tmp_path / "out", *FAKE, "--probe", "7")
    assert answer.returncode == 0, answer.stderr
    plan, _, probe = answer.stdout.partition("probe: ")
    assert "measured on 6 pages" in plan
    assert "an estimate" not in plan
    assert "7 documents" in probe
    assert "could not be read: 1" in " ".join(probe.split())
    assert "CPU s to recognise a page" in probe
    assert "pages_per_second" in probe
    assert not (tmp_path / "out" / "pages").exists()
    assert not (tmp_path / "out" / "rayocr.json").exists()


def test_a_probe_as_json(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 3)
    tiff(source / "five.tif", 5)
    answer = rayocr("plan", "-i", source, "-o", tmp_path / "out", *FAKE, "--probe", "20", "--json")
    assert answer.returncode == 0, answer.stderr
    tree = json.loads(answer.stdout)
    found = tree["probe"]["measured"]
    assert found["recognition"]["pages"] == 8
    assert found["decoding"]["a_document"] == 2
    assert tree["plan"]["pages_per_second"]["reason"].startswith("measured on 8 pages")
    assert "2 pages a document" in tree["plan"]["expected_seconds"]["reason"]
    changes = {change["name"]: change for change in tree["probe"]["changes"]}
    assert changes["pages a document"] == {
        "kind": "figure",
        "name": "pages a document",
        "before": "1",
        "after": "2",
    }
    assert tree["probe"]["before"]["pages_per_second"]["value"] != tree["plan"]["pages_per_second"]["value"]
    plain = json.loads(rayocr("plan", "-i", source, "-o", tmp_path / "out", *FAKE, "--json").stdout)
    assert "probe" not in plain
    assert plain["plan"]["cpu_hours"]["value"] > 0


def test_a_run_probes_first_and_keeps_the_figures(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 5)
    command = ("run", "-i", source, "-o", tmp_path / "out", *FAKE, "-s", "resources.probe=2")
    answer = rayocr(*command)
    assert answer.returncode == 0, answer.stderr
    assert "measured on 2 pages" in answer.stderr
    assert len(rows(tmp_path / "out")) == 5
    (file,) = (tmp_path / "out" / "runs").iterdir()
    summary = json.loads(file.read_text())
    assert summary["probe"]["measured"]["recognition"]["pages"] == 2
    assert summary["plan"]["pages_per_second"]["reason"].startswith("measured on 2 pages")
    assert summary["startup_s"]["probe"] > 0
    again = rayocr(*command)
    assert "nothing was left to do" in again.stdout
    assert "probe" not in again.stderr
    other = rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE)
    assert other.returncode == 0, "the probe is no part of the output's fingerprint"


def test_a_run_over_unreadable_documents_goes_on_without_figures(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "broken.png").write_text("no picture")
    answer = rayocr("run", "-i", tmp_path / "in", "-o", tmp_path / "out", *FAKE, "-s", "resources.probe=2")
    assert answer.returncode == 3, answer.stderr
    assert "the plan keeps its estimates" in answer.stderr
    assert [row["error_code"] for row in rows(tmp_path / "out")] == ["decode.unsupported"]


def test_a_source_that_cannot_be_read_is_an_error_of_three_lines(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "broken.png").write_text("no picture")
    answer = rayocr("plan", "-i", tmp_path / "in", "-o", tmp_path / "out", *FAKE, "--probe", "2")
    assert answer.returncode == 2
    assert "broken.png" in three_lines(answer.stderr)["why"]


@pytest.mark.parametrize(("act", "words"), [("exit", "exited with code 9"), ("raise", "told to raise")])
def test_an_engine_that_cannot_start_is_an_error_of_three_lines(tmp_path: Path, act: str, words: str) -> None:
    source = folder_of_pictures(tmp_path / "in", 1)
    fake = ("-s", f"engine.fake={{init: {act}}}")
    answer = rayocr("plan", "-i", source, "-o", tmp_path / "out", *FAKE, *fake, "--probe", "1")
    assert answer.returncode == 2
    assert words in three_lines(answer.stderr)["why"]


@pytest.mark.parametrize("number", ["0", "-3", "many"])
def test_a_number_that_is_none_is_refused(tmp_path: Path, number: str) -> None:
    answer = rayocr("plan", "-i", tmp_path, "-o", tmp_path / "out", *FAKE, "--probe", number)
    assert answer.returncode == 2
    assert "--probe" in answer.stderr


def test_where_nothing_is_left_nothing_is_probed(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 1)
    assert rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE).returncode == 0
    answer = rayocr("plan", "-i", source, "-o", tmp_path / "out", *FAKE, "--probe", "2")
    assert answer.returncode == 0
    assert "nothing was probed" in answer.stderr
    assert "measured" not in answer.stdout


@pytest.mark.models
@pytest.mark.slow
def test_the_fast_engine_on_drawn_pages(tmp_path: Path) -> None:
    require_model()
    for number in range(3):
        Image.fromarray(page(words(number, 4))).save(tmp_path / f"{number}.png")
    answer = rayocr("plan", "-i", tmp_path, "-o", tmp_path / "out", "--probe", "2", "--json")
    assert answer.returncode == 0, answer.stderr
    tree = json.loads(answer.stdout)
    found = tree["probe"]["measured"]["recognition"]
    assert (found["pages"], found["failed"]) == (2, 0)
    assert found["cpu_s"] > 0
    assert found["memory_mb"] > 100
    assert tree["plan"]["memory_per_actor_mb"]["value"] > found["memory_mb"]
