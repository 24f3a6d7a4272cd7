"""This release goes on from the outputs of earlier ones: a fixture for each version of the schema."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from actors.schema import SCHEMA_VERSION
from tests.cli import rayocr, rows
from tests.fixtures.make_output import FIXTURES, folder_of, lay_out
from tests.pictures import picture, tiff


def on(folder: Path, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    arguments = ("-i", folder / "source", "-o", folder / "output", *options)
    return rayocr(name, folder / "settings.yaml", *arguments)


def test_there_is_one_of_this_version() -> None:
    assert folder_of(SCHEMA_VERSION).is_dir(), "python -m tests.fixtures.make_output"


@pytest.mark.parametrize("fixture", sorted(FIXTURES.glob("output-v*")), ids=lambda path: path.name)
def test_an_older_output_is_gone_on_with(fixture: Path, tmp_path: Path) -> None:
    folder = lay_out(fixture, tmp_path / "job")
    output = folder / "output"
    before = {(row["key"], row["page_index"]): row["text"] for row in rows(output)}
    assert len(before) == 8

    answer = on(folder, "run", "--set", "layout.order=reading")
    assert answer.returncode == 2, "another text is another output, and what differs is said"
    assert "layout.order" in answer.stderr
    answer = on(folder, "run")
    assert answer.returncode == 0, answer.stderr
    assert "nothing was left to do" in answer.stdout
    assert on(folder, "verify").returncode == 0

    picture(99).save(folder / "source" / "page-001.png")
    tiff(folder / "source" / "three.tif", 2, seed=80)
    assert on(folder, "verify").returncode == 4
    answer = on(folder, "run", "--retry-failed", "ocr")
    assert answer.returncode == 0, answer.stderr
    found = rows(output)
    pages = Counter((row["key"], row["page_index"]) for row in found)
    assert pages == Counter(key for key in before if key != ("three.tif", 2))
    changed = {row["key"] for row in found if row["text"] != before[row["key"], row["page_index"]]}
    assert changed == {"page-001.png", "three.tif"}

    answer = rayocr("compact", "-o", output)
    assert answer.returncode == 0, answer.stderr
    assert "became 1 (7 rows)" in answer.stdout
    assert on(folder, "verify").returncode == 0
