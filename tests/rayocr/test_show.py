"""`rayocr show`: a page of an output, a page that is read now, and what is said where there is none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipelines.parquet import parquet_of
from tests.cli import ROOT, command, environ, rayocr, rows
from tests.drawn import letters, page
from tests.models import require_model
from tests.pictures import folder_of_pictures, picture, tiff


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("show")
    source = folder_of_pictures(folder / "source", 2)
    tiff(source / "three.tif", 3, seed=5)
    (source / "broken.png").write_bytes((source / "page-000.png").read_bytes()[:80])
    answer = rayocr(
        "run", "-i", source, "-o", folder / "out", "-s", "engine.engine=fake", "--runner", "inline"
    )
    assert answer.returncode in (0, 3), answer.stderr
    return folder


def test_a_page_of_an_output(job: Path, tmp_path: Path) -> None:
    target = tmp_path / "page.png"
    answer = rayocr("show", "three.tif", "-p", "2", "-o", job / "out", "--picture", target)
    assert answer.returncode == 0, answer.stderr
    row = next(row for row in rows(job / "out") if (row["key"], row["page_index"]) == ("three.tif", 2))
    assert answer.stdout == row["text"] + "\n"
    assert str(target) in answer.stderr
    with Image.open(target) as drawn:
        assert drawn.size == (row["width"], row["height"])


def test_a_page_of_an_output_by_its_path_from_here(job: Path, tmp_path: Path) -> None:
    path = os.path.relpath(job / "source" / "page-001.png", ROOT)
    answer = rayocr("show", path, "-o", job / "out", "--picture", tmp_path / "page.png")
    assert answer.returncode == 0, answer.stderr


def test_markdown_of_a_page(job: Path, tmp_path: Path) -> None:
    answer = rayocr("show", "page-001.png", "-o", job / "out", "--markdown", "--picture", tmp_path / "x.png")
    assert answer.returncode == 0, answer.stderr
    row = next(row for row in rows(job / "out") if row["key"] == "page-001.png")
    assert letters(answer.stdout) == letters(row["text"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("page-01.png",), "Did you mean page-001.png?"),
        (("three.tif", "-p", "7"), "Its pages are 0, 1, 2."),
        (("broken.png",), "Fetch or scan the file again"),
    ],
)
def test_a_page_that_is_not_there(job: Path, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    answer = rayocr("show", *arguments, "-o", job / "out", "--picture", tmp_path / "x.png")
    assert answer.returncode == 2
    assert said in answer.stderr
    assert len(answer.stderr.splitlines()) == 3, "what, why, what to do"
    assert not (tmp_path / "x.png").exists()


def test_a_document_that_has_changed_since(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "source", 1)
    rayocr("run", "-i", source, "-o", tmp_path / "out", "-s", "engine.engine=fake", "--runner", "inline")
    picture(77).save(source / "page-000.png")
    answer = rayocr("show", "page-000.png", "-o", tmp_path / "out", "--picture", tmp_path / "x.png")
    assert answer.returncode == 2
    assert "no longer what was read" in answer.stderr


def test_notices_of_a_page_are_said(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 2, corners={0: "0a0b0c"})
    settings = ("-s", "engine.engine=fake", "-s", "engine.fake={0a0b0c: unread}")
    answer = rayocr("run", "-i", source, "-o", tmp_path / "out", *settings, "--runner", "inline")
    assert answer.returncode == 0, answer.stderr
    written = ("page-000.png", "-o", tmp_path / "out")
    for of_page in (written, (source / "page-000.png", *settings)):
        answer = rayocr("show", *of_page, "--picture", tmp_path / "page.png")
        assert answer.returncode == 0, answer.stderr
        assert "text.unread: Text was found on the page and not read" in answer.stderr
        assert "no text was found" not in answer.stderr


def test_a_file_is_read_now(tmp_path: Path) -> None:
    require_model()
    sheet = page(["Read this page", "and draw its blocks"], 30)
    Image.fromarray(np.rot90(sheet, 2)).save(tmp_path / "turned.png")
    options = ("-s", "engine.page_orientation=true", "--picture", tmp_path / "x.png")
    answer = rayocr("show", tmp_path / "turned.png", *options)
    assert answer.returncode == 0, answer.stderr
    assert letters(answer.stdout) == letters("Read this page and draw its blocks")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    answer = rayocr("show", tmp_path / "none.png", "--picture", tmp_path / "x.png")
    assert answer.returncode == 2
    assert "read.missing" in answer.stderr


def test_an_output_that_is_not_there(tmp_path: Path) -> None:
    answer = rayocr("show", "page-000.png", "-o", tmp_path / "none", "--picture", tmp_path / "x.png")
    assert answer.returncode == 2
    assert "There is no output of rayocr" in answer.stderr


@pytest.mark.parametrize("name", ["x.xyz", "x", "none/x.png"])
def test_a_picture_that_cannot_be_written(job: Path, tmp_path: Path, name: str) -> None:
    answer = rayocr("show", "page-000.png", "-o", job / "out", "--picture", tmp_path / name)
    assert answer.returncode == 2
    assert len(answer.stderr.splitlines()) == 3, "what, why, what to do"
    assert "picture" in answer.stderr
    assert not (tmp_path / name).exists()


def test_a_scan_beside_a_scan_is_not_drawn_over(job: Path, tmp_path: Path) -> None:
    (tmp_path / "page-000-0.png").write_bytes(b"another page of the user")
    arguments = command("show", "page-000.png", "-o", job / "out")
    subprocess.run(arguments, cwd=tmp_path, env=environ(), capture_output=True, check=True)
    assert (tmp_path / "page-000-0.png").read_bytes() == b"another page of the user"
    assert (tmp_path / "page-000-0.blocks.png").is_file()


def test_a_page_without_text_says_so(tmp_path: Path) -> None:
    require_model()
    Image.new("RGB", (300, 400), "white").save(tmp_path / "blank.png")
    answer = rayocr("show", tmp_path / "blank.png", "--picture", tmp_path / "x.png")
    assert answer.returncode == 0, answer.stderr
    assert "no text was found" in answer.stderr


def test_a_file_that_only_a_row_names_is_not_opened(tmp_path: Path) -> None:
    """Of an output that says of its page that it is another file of ours, with that file's very hash."""
    source = folder_of_pictures(tmp_path / "in" / "source", 1)
    output = tmp_path / "in" / "out"
    rayocr("run", "-i", source, "-o", output, "-s", "engine.engine=fake", "--runner", "inline")
    secret = tmp_path / "private" / "page-000.png"
    secret.parent.mkdir()
    (source / "page-000.png").rename(secret)
    (file,) = (output / "pages").glob("*.parquet")
    table = pq.read_table(file)
    place = table.column_names.index("uri")
    forged = table.set_column(place, table.schema.field("uri"), pa.array([f"file://{secret}"] * len(table)))
    file.write_bytes(parquet_of([forged], forged.schema))
    options = ("-o", output, "--picture", tmp_path / "x.png")
    answer = rayocr("show", "page-000.png", *options)
    assert answer.returncode == 2 and len(answer.stderr.splitlines()) == 3
    assert "which you did not" in answer.stderr
    assert not (tmp_path / "x.png").exists()
    for allowed in ((f"file://{secret}",), ("page-000.png", "-s", f"source.allow=[{secret.parent}]")):
        answer = rayocr("show", *allowed, *options)
        assert answer.returncode == 0, answer.stderr
