"""Hostile documents among good ones: the good ones have the text that they have alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli import rayocr, rows
from tests.data import require_data
from tests.pictures import folder_of_pictures

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600)]

GOOD = 200
FEW = 60
FAKE = ("--set", "engine.engine=fake", "--runner", "inline", "--set", "output.max_failed_fraction=1")
COLUMNS = ["key", "page_index", "status", "error_code", "text"]


def recognised(source: Path, output: Path, *options: str) -> dict[tuple[str, int], dict[str, Any]]:
    """A run's rows, by key and page."""
    answer = rayocr("run", "-i", source, "-o", output, *FAKE, *options, timeout=500)
    assert answer.returncode == 0, answer.stderr
    found = {(row["key"], row["page_index"]): row for row in rows(output, COLUMNS)}
    assert len(found) == len(rows(output, ["key"]))
    return found


@pytest.mark.data
def test_good_pages_among_the_hostile_are_as_they_are_alone(tmp_path: Path) -> None:
    hostile = require_data("hostile")
    alone = recognised(folder_of_pictures(tmp_path / "good", GOOD), tmp_path / "alone")
    folder_of_pictures(tmp_path / "mixed", GOOD)
    shutil.copytree(hostile, tmp_path / "mixed" / "hostile")
    mixed = recognised(tmp_path / "mixed", tmp_path / "out", "--set", "decode.timeout_s=5")
    assert len(alone) == GOOD
    assert {row["status"] for row in alone.values()} == {"ok"}
    assert {page: mixed[page] for page in alone} == alone
    others = [row for (key, _), row in mixed.items() if key.startswith("hostile/")]
    documents = {row["key"] for row in others}
    assert len(documents) >= 100
    assert any(row["status"] == "failed" for row in others)


def test_a_page_that_crashes_and_one_that_hangs(tmp_path: Path, injected: Callable[[str, int], None]) -> None:
    bad = {20: "ff0000", 40: "0000ff"}
    alone = recognised(folder_of_pictures(tmp_path / "good", FEW), tmp_path / "alone")
    folder_of_pictures(tmp_path / "mixed", FEW, corners=bad)
    acts = ("--set", "engine.fake={ff0000: crash, 0000ff: hang}", "--set", "ocr.timeout_s=1")
    mixed = recognised(tmp_path / "mixed", tmp_path / "out", *acts)
    codes = {f"page-{number:03}.png": code for number, code in ((20, "ocr.crashed"), (40, "ocr.timeout"))}
    for (key, page), row in mixed.items():
        assert row["error_code"] == codes.get(key)
        assert key in codes or row == alone[key, page]
    injected("segfault", 1)
    injected("hang", 1)
