"""The command line as its users meet it: output, exit codes, and errors of three lines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli import ROOT, environ, rayocr, rows, start
from tests.pictures import folder_of_pictures, picture, tiff

FAKE = ("--set", "engine.engine=fake", "--runner", "inline")


def test_help_is_instant_and_imports_nothing_heavy() -> None:
    code = (
        "import sys, rayocr.__main__ as m\n"
        "try: m.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'ray', 'paddle', 'paddleocr', 'onnxruntime', 'openvino', 'cv2', 'numpy', 'pyarrow'}\n"
        "found = heavy & set(sys.modules)\n"
        "assert not found, found\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ(), cwd=ROOT, check=False
    )
    assert answer.returncode == 0, answer.stderr
    for name in ("run", "plan", "models", "schema"):
        assert name in answer.stdout


def test_version() -> None:
    answer = rayocr("--version")
    assert answer.returncode == 0
    assert answer.stdout.startswith("rayocr, version ")


def test_schema_is_the_files_schema(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    folder_of_pictures(tmp_path / "in", 1)
    assert rayocr("run", "-i", tmp_path / "in", "-o", tmp_path / "out", *FAKE).returncode == 0
    printed = json.loads(rayocr("schema", "--json").stdout)
    (file,) = (tmp_path / "out" / "pages").iterdir()
    assert [column["name"] for column in printed["columns"]] == pq.read_schema(file).names
    assert pq.read_schema(file).metadata[b"schema_version"] == str(printed["schema_version"]).encode()


def test_a_run_gives_one_row_a_page_and_a_second_run_does_nothing(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 5)
    tiff(source / "three.tif", 3, seed=50)
    (source / "notes.txt").write_text("a sidecar")
    answer = rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE)
    assert answer.returncode == 0, answer.stderr
    assert "8 (8 ok, 0 empty, 0 failed)" in answer.stdout
    found = rows(tmp_path / "out")
    assert [(row["key"], row["page_index"]) for row in found] == [
        *((f"page-{number:03}.png", 0) for number in range(5)),
        *(("three.tif", page) for page in range(3)),
    ]
    assert {row["status"] for row in found} == {"ok"}
    before = sorted((tmp_path / "out" / "pages").iterdir())
    again = rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE)
    assert again.returncode == 0
    assert "nothing was left to do" in again.stdout
    assert sorted((tmp_path / "out" / "pages").iterdir()) == before
    assert not (tmp_path / "out" / "_staging").exists()
    assert not (tmp_path / "out" / "_lock.json").exists()
    assert len(list((tmp_path / "out" / "runs").glob("*.json"))) == 2
    plan = rayocr("plan", "-i", source, "-o", tmp_path / "out", *FAKE)
    assert plan.stdout == "plan: nothing is left to do, all 6 documents are there\n"


def test_a_refused_run_leaves_no_folder(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 1)
    nowhere = ("--set", f"models.cache={tmp_path / 'cache'}", "--set", f"models.source={tmp_path / 'none'}")
    answer = rayocr("run", "-i", source, "-o", tmp_path / "deep" / "out", *nowhere)
    assert answer.returncode == 2, answer.stderr
    assert not (tmp_path / "deep").exists()


def test_only_what_is_missing_is_done(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 3)
    assert rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE).returncode == 0
    first = {row["key"]: row["run_id"] for row in rows(tmp_path / "out")}
    for number in (3, 4):
        picture(number).save(source / f"page-{number:03}.png")
    answer = rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE)
    assert answer.returncode == 0, answer.stderr
    found = {row["key"]: row["run_id"] for row in rows(tmp_path / "out")}
    assert len(found) == len(rows(tmp_path / "out")) == 5
    assert {key: found[key] for key in first} == first


def test_a_bad_file_is_a_row_and_its_neighbours_are_untouched(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 4)
    (source / "broken.png").write_bytes((source / "page-000.png").read_bytes()[:80])
    (source / "empty.jpg").write_bytes(b"")
    (source / "prose.png").write_text("not a picture")
    answer = rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE)
    assert answer.returncode == 3, "3 of 7 pages failed, 5 % may"
    codes = {row["key"]: row["error_code"] for row in rows(tmp_path / "out")}
    assert codes.pop("broken.png") == "decode.corrupt"
    assert codes.pop("empty.jpg") == "read.empty"
    assert codes.pop("prose.png") == "decode.unsupported"
    assert set(codes.values()) == {None}
    allowed = rayocr(
        "run", "-i", source, "-o", tmp_path / "out", *FAKE, "--set", "output.max_failed_fraction=0.5"
    )
    assert allowed.returncode == 0


def test_a_quiet_run_tells_what_went_wrong_and_nothing_else(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 2)
    good = rayocr("run", "-i", source, "-o", tmp_path / "good", "-q", *FAKE)
    assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
    (source / "torn.png").write_bytes(b"no picture")
    bad = rayocr("run", "-i", source, "-o", tmp_path / "bad", "-q", *FAKE)
    assert (bad.returncode, bad.stdout) == (3, "")
    (line,) = bad.stderr.splitlines()
    assert line.startswith("rayocr: complete, but too many pages failed; 1 of 3 pages failed (decode.")


def test_an_unknown_key_names_its_neighbour(tmp_path: Path) -> None:
    answer = rayocr("run", "-i", tmp_path, "-o", tmp_path / "o", "--set", "engine.modle=x")
    assert answer.returncode == 2
    assert "did you mean engine.model?" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_folder_in_place_of_a_config_is_told_how_it_is_read(tmp_path: Path) -> None:
    answer = rayocr("run", tmp_path, tmp_path / "out")
    assert answer.returncode == 2
    assert f"To read it: rayocr run --input {tmp_path} --output FOLDER" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-i", "x"), "output.path (--output) is missing"),
        (
            ("-i", "x", "-o", "y", "-s", "source.include=a*"),
            'source.include: should be a list, such as ["a", "b"]',
        ),
        (("-i", "x", "-o", "y", "-s", "engine.words=maybe"), "engine.words: should be true or false"),
        (("-i", ".", "-o", "y", "-s", "engine.charset=klingon"), "There is no charset 'klingon'."),
    ],
)
def test_faults_are_told_without_python(arguments: tuple[str, ...], said: str) -> None:
    config_error(rayocr("run", *arguments), said)
    assert not Path("y").exists()


def config_error(answer: subprocess.CompletedProcess[str], *words: str) -> None:
    assert answer.returncode == 2, answer.stderr
    lines = [line for line in answer.stderr.splitlines() if line]
    assert lines[0].startswith("error:")
    assert len(lines) <= 3
    for word in words:
        assert word in answer.stderr


def test_errors_before_the_start_are_three_lines(tmp_path: Path) -> None:
    source, out = folder_of_pictures(tmp_path / "in", 1), tmp_path / "out"
    (tmp_path / "nothing").mkdir()
    (tmp_path / "file").write_text("")
    config_error(rayocr("run", "-i", tmp_path / "absent", "-o", out), "does not exist")
    config_error(rayocr("run", "-i", tmp_path / "nothing", "-o", out), "nothing to recognise")
    config_error(rayocr("run", "-i", source, "-o", tmp_path / "file" / "x", *FAKE), "Not a directory")
    config_error(
        rayocr("run", "-i", source, "-o", out, "--set", "engine.model=PP-OCRv6_smal"), "PP-OCRv6_small"
    )
    config_error(rayocr("run", "-i", source), "output")
    config_error(rayocr("run"), "--input")
    config_error(rayocr("run", tmp_path / "no.yaml"), "does not exist")
    config_error(rayocr("run", "-i", "S3://bucket/x", "-o", out), "s3://")
    config_error(rayocr("run", "-i", source, "-o", out, *FAKE, "--set", "resources.actors=99"), "CPUs")
    config_error(rayocr("run", "-i", source / "sub" / "..", "-o", source, *FAKE), "output")
    assert not out.exists() or not list(out.glob("pages/*"))


def test_an_output_inside_the_input_is_not_read(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 2)
    for _ in range(2):
        answer = rayocr("run", "-i", source, "-o", source / "out", *FAKE, "--set", "source.ignore=[]")
        assert answer.returncode == 0, answer.stderr
        assert len(rows(source / "out")) == 2


def test_another_model_is_not_mixed_in(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 1)
    assert rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE).returncode == 0
    answer = rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE, "--set", "decode.pdf_dpi=300")
    config_error(answer, "decode.pdf_dpi: 200 there, 300 now")


def test_ctrl_c_leaves_a_resumable_output(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 60)
    slow = ("--set", "engine.fake={'*': 'sleep:0.2'}")
    process = start("run", "-i", source, "-o", tmp_path / "out", *FAKE, *slow)
    assert process.stderr is not None
    for line in process.stderr:
        if "starting engines" in line:
            break
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert time.monotonic() - began < 10
    assert "interrupted" in output
    done = len(rows(tmp_path / "out"))
    assert 0 < done < 60
    assert rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE).returncode == 0
    assert len(rows(tmp_path / "out")) == 60


def test_two_runs_exclude_each_other(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 8)
    slow = ("--set", "engine.fake={'*': 'sleep:1'}")
    first = start("run", "-i", source, "-o", tmp_path / "out", *FAKE, *slow)
    lock = tmp_path / "out" / "_lock.json"
    deadline = time.monotonic() + 30
    while not lock.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    config_error(rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE), "Another run")
    assert first.wait(timeout=60) == 0


def test_a_crashing_page_takes_no_other_along(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 8, corners={2: "ff0000", 5: "00ff00"})
    acts = ("--set", "engine.fake={ff0000: crash, 00ff00: raise}", "--set", "output.max_failed_fraction=1")
    answer = rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE, *acts)
    assert answer.returncode == 0, answer.stderr
    codes = [row["error_code"] for row in rows(tmp_path / "out")]
    assert codes == [None, None, "ocr.crashed", None, None, "ocr.failed", None, None]


def test_a_hanging_page_times_out(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 3, corners={1: "ff0000"})
    acts = ("--set", "engine.fake={ff0000: hang}", "--set", "ocr.timeout_s=1")
    answer = rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE, *acts)
    assert answer.returncode == 3, answer.stderr
    assert [row["error_code"] for row in rows(tmp_path / "out")] == [None, "ocr.timeout", None]


def test_an_engine_that_cannot_start_fails_at_once(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 3)
    began = time.monotonic()
    answer = rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE, "--set", "engine.fake={init: crash}")
    assert answer.returncode == 4
    assert "SIGSEGV" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert time.monotonic() - began < 30


def test_plan_shows_reasons_and_starts_nothing(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 2)
    answer = rayocr("plan", "-i", source, "-o", tmp_path / "out", "--json")
    assert answer.returncode == 0, answer.stderr
    plan = json.loads(answer.stdout)["plan"]
    assert plan["runner"]["value"] == "inline"
    assert all(choice["reason"] for choice in plan.values())
    assert not (tmp_path / "out").exists()


def test_odd_names_survive(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    names = [
        "a b.png",
        "a#b.png",
        "a%20b.png",
        "a?b.png",
        "ünï.png",
        "-dash.png",
        "[x]*.png",
        "new\nline.png",
    ]
    for number, name in enumerate(names):
        picture(number).save(source / name)
    (source / "-dash.png").rename(os.fsdecode(os.fsencode(source / "-dash.png") + b"\xff.png"))
    answer = rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE)
    assert answer.returncode == 0, answer.stderr
    keys = {row["key"] for row in rows(tmp_path / "out")}
    assert len(keys) == len(names)
    assert "-dash.png\ufffdff.png" in keys


@pytest.mark.parametrize("reader", ["pandas", "polars", "duckdb"])
def test_other_libraries_read_the_output(tmp_path: Path, reader: str) -> None:
    source = folder_of_pictures(tmp_path / "in", 3)
    assert rayocr("run", "-i", source, "-o", tmp_path / "out", *FAKE).returncode == 0
    pattern = str(tmp_path / "out" / "pages" / "*.parquet")
    if reader == "pandas":
        import pandas as pd

        keys = pd.read_parquet(tmp_path / "out" / "pages")["key"].tolist()
    elif reader == "polars":
        import polars as pl

        keys = pl.read_parquet(pattern)["key"].to_list()
    else:
        import duckdb

        keys = [row[0] for row in duckdb.sql(f"select key from '{pattern}' where len(lines) > 1").fetchall()]
    assert sorted(keys) == ["page-000.png", "page-001.png", "page-002.png"]


def test_ctrl_c_in_a_long_document(tmp_path: Path) -> None:
    """The decoder waits for room then, and nobody makes it."""
    (tmp_path / "in").mkdir()
    tiff(tmp_path / "in" / "long.tif", 200)
    slow = ("--set", "engine.fake={'*': 'sleep:0.2'}")
    process = start("run", "-i", tmp_path / "in", "-o", tmp_path / "out", *FAKE, *slow)
    time.sleep(8)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    done = len(rows(tmp_path / "out"))
    assert 0 < done < 200
    assert rayocr("run", "-i", tmp_path / "in", "-o", tmp_path / "out", *FAKE).returncode == 0
    assert [row["page_index"] for row in rows(tmp_path / "out")] == list(range(200))


def test_a_full_disk_is_said_and_leaves_a_resumable_output(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 12)
    arguments = ["run", "-i", str(source), "-o", str(tmp_path / "out"), *FAKE]
    limited = ["bash", "-c", 'ulimit -f 12; exec "$0" "$@"', sys.executable, "-m", "rayocr", *arguments]
    answer = subprocess.run(
        limited, capture_output=True, text=True, env=environ(), cwd=ROOT, timeout=120, check=False
    )
    assert answer.returncode == 4, answer.stderr
    assert "Traceback" not in answer.stderr
    assert rayocr(*arguments).returncode == 0
    assert len(rows(tmp_path / "out")) == 12


def test_brackets_in_a_path_are_no_markup(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 1)
    answer = rayocr("run", "-i", source, "-o", tmp_path / "x[bold]y[" / "a]", *FAKE)
    assert answer.returncode == 0, answer.stderr
    assert "x[bold]y[/a]" in answer.stdout.replace("\n", "").replace(" ", "")


def test_a_traceback_commands_no_terminal() -> None:
    code = (
        "import pipelines.preview, rayocr.__main__ as m, threading\n"
        "def fail(*_): raise KeyError('a') from ValueError('x\\x1b[2J\\u202e\\x9b1m.png')\n"
        "def preview(config, view):\n"
        "    thread = threading.Thread(target=fail)\n"
        "    thread.start()\n"
        "    thread.join()\n"
        "    fail()\n"
        "pipelines.preview.preview = preview\n"
        "m.main(['plan', '-i', '.', '-o', 'out'])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env=environ(RAYOCR_DEBUG="1", PYTHONIOENCODING="utf-8"),
        cwd=ROOT,
        check=False,
    )
    said = answer.stderr.decode()
    assert answer.returncode == 1
    assert said.count("ValueError: x\\x1b[2J\\u202e\\x9b1m.png") == 2, said
    assert not set(said) & {"\x1b", "\u202e", "\x9b"}


def test_a_bug_is_said_in_three_lines_and_shown_on_request() -> None:
    code = (
        "import pipelines.preview, rayocr.__main__ as m\n"
        "def preview(config, view): raise KeyError('nobody thought of this')\n"
        "pipelines.preview.preview = preview\n"
        "m.main(['plan', '-i', '.', '-o', 'out'])\n"
    )
    for debug, lines in (("", 3), ("1", 99)):
        answer = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env=environ(RAYOCR_DEBUG=debug),
            cwd=ROOT,
            check=False,
        )
        assert answer.returncode == 1
        assert "nobody thought of this" in answer.stderr
        assert len(answer.stderr.splitlines()) <= lines
        assert ("Traceback" in answer.stderr) is bool(debug)
