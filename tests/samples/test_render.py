"""The demo's pages: the same bytes each time, one file torn, and truth for every page."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cli import ROOT

pytest.importorskip("pylopdf_fonts_zh_cn", reason="the demo extra is not installed")
pytest.importorskip("reportlab", reason="the demo extra is not installed")

TORN = "photos/torn-in-half.jpg"


def _python(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "samples" / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60)


def _digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "pages"
    done = _python("render.py", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def truth(pages: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (pages.parent / "truth.jsonl").read_text("utf-8").splitlines()]


def _output(folder: Path, truth: list[dict[str, Any]], **changed: object) -> Path:
    """The output of a run that read everything, with some columns of the letter's row changed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = []
    for entry in truth:
        failed = entry["error_code"] is not None
        text = None if failed else "\n".join(entry["lines"])
        row = {"key": entry["key"], "page_index": entry["page_index"], "error_code": entry["error_code"]}
        row |= {"status": "failed" if failed else "ok", "mean_score": 0.99, "line_count": 1, "text": text}
        rows.append(row)
    letter = next(row for row in rows if row["key"].endswith("lighthouse.png"))
    letter.update(changed)
    (folder / "pages").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / "pages" / "a.parquet")
    return folder


def test_the_same_bytes_each_time(pages: Path, tmp_path: Path) -> None:
    assert _python("render.py", tmp_path / "again").returncode == 0
    assert _digests(tmp_path / "again") == _digests(pages)


def test_a_second_call_touches_nothing(pages: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in pages.rglob("*")}
    assert _python("render.py", pages).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in pages.rglob("*")} == before


def test_every_file_has_its_truth(pages: Path, truth: list[dict[str, Any]]) -> None:
    assert {entry["key"] for entry in truth} == set(_digests(pages))
    assert len({(entry["key"], entry["page_index"]) for entry in truth}) == len(truth) == 13
    assert [entry["key"] for entry in truth if entry["error_code"]] == [TORN]
    assert all(len(entry["lines"]) >= 6 for entry in truth if not entry["error_code"])


def test_only_the_torn_file_cannot_be_decoded(pages: Path) -> None:
    for path in pages.rglob("*.*"):
        if path == pages / TORN:
            with Image.open(path) as image, pytest.raises(OSError, match="truncated"):
                image.load()
        elif path.suffix != ".pdf":
            with Image.open(path) as image:
                image.load()


def test_page_counts(pages: Path) -> None:
    import pypdfium2

    with Image.open(pages / "office" / "logbook.tif") as tiff:
        assert (getattr(tiff, "n_frames", 1), tiff.mode, tiff.info["compression"]) == (3, "1", "group4")
    document = pypdfium2.PdfDocument(pages / "press" / "keepers-almanac.pdf")
    assert len(document) == 3
    layers = [bool(document[index].get_textpage().get_text_bounded().strip()) for index in range(3)]
    assert layers == [True, True, False]
    document.close()


def test_show_is_content_with_a_good_run(pages: Path, truth: list[dict[str, Any]], tmp_path: Path) -> None:
    done = _python("show.py", _output(tmp_path / "out", truth), pages.parent / "truth.jsonl")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Dear Wilhelmina" in done.stdout
    assert "山间茶馆" in done.stdout


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"key": TORN}, "no row"),
        ({"status": "failed", "error_code": "ocr.failed", "text": None}, "ocr.failed instead of text"),
        ({"text": "Dear Wilhelmina,"}, "of its words were found"),
    ],
)
def test_show_fails_where_a_page_is_wrong(
    pages: Path, truth: list[dict[str, Any]], tmp_path: Path, changed: dict[str, object], complaint: str
) -> None:
    done = _python("show.py", _output(tmp_path / "out", truth, **changed), pages.parent / "truth.jsonl")
    assert done.returncode == 1
    assert complaint in done.stderr


def test_show_says_when_there_is_no_output(tmp_path: Path) -> None:
    done = _python("show.py", tmp_path, tmp_path / "truth.jsonl")
    assert done.returncode == 1
    assert "holds no pages" in done.stderr
