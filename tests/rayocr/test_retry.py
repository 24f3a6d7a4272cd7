"""`rayocr run --retry-failed` and `--fresh-output` as their users meet them; read back with DuckDB."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import duckdb

from tests.cli import rayocr, start
from tests.pictures import folder_of_pictures

BAD, LARGE = "0a0b0c", "0d0e0f"


def command(tmp_path: Path, *options: str | Path, act: str = "raise") -> list[str | Path]:
    return [
        *(
            "run",
            "-i",
            tmp_path / "in",
            "-o",
            tmp_path / "out",
            "--runner",
            "inline",
            "-s",
            "engine.engine=fake",
        ),
        *("-s", f"engine.fake={{'{BAD}': '{act}', '{LARGE}': 'large'}}"),
        *("-s", "output.max_failed_fraction=1"),
        *options,
    ]


def run(tmp_path: Path, *options: str | Path, act: str = "raise") -> subprocess.CompletedProcess[str]:
    return rayocr(*command(tmp_path, *options, act=act))


def query(tmp_path: Path, columns: str, rest: str = "ORDER BY key") -> list[tuple[Any, ...]]:
    return duckdb.sql(f"SELECT {columns} FROM '{tmp_path / 'out'}/pages/*.parquet' {rest}").fetchall()


def once(tmp_path: Path) -> None:
    (answer,) = query(tmp_path, "count(*) = count(DISTINCT (document_id, page_index)), ", rest="")
    assert answer == (True,)


def test_failed_pages_again(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 4, corners={1: BAD, 2: LARGE})
    (source / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert run(tmp_path).returncode == 0
    before = dict(query(tmp_path, "key, run_id"))
    failed = dict(query(tmp_path, "key, error_code", "WHERE status = 'failed'"))
    assert failed == {
        "broken.png": "decode.corrupt",
        "page-001.png": "ocr.failed",
        "page-002.png": "ocr.failed",
    }

    answer = run(tmp_path, "--retry-failed", "ocr", act="none")
    assert answer.returncode == 0, answer.stderr
    assert "2 pages that had failed" in answer.stdout
    once(tmp_path)
    after = dict(query(tmp_path, "key, run_id"))
    assert {key for key in after if after[key] != before[key]} == {"page-001.png", "page-002.png"}
    assert dict(query(tmp_path, "key, error_code", "WHERE status = 'failed'")) == {
        "broken.png": "decode.corrupt",
        "page-002.png": "ocr.failed",
    }
    assert not list((tmp_path / "out" / "_swap").glob("*"))

    answer = run(tmp_path, "--retry-failed", "--careful", act="none")
    assert answer.returncode == 0, answer.stderr
    once(tmp_path)
    assert query(tmp_path, "key", "WHERE status = 'failed'") == [("broken.png",)]
    card = json.loads((tmp_path / "out" / "rayocr.json").read_text())
    ((deviation, differs),) = card["deviations"].items()
    assert differs == {"engine.det_limit_side": "960"}
    assert dict(query(tmp_path, "key, fingerprint")) == {
        **dict.fromkeys(before, card["fingerprint"]),
        **dict.fromkeys(("broken.png", "page-002.png"), deviation),
    }
    verified = rayocr("verify", "-i", source, "-o", tmp_path / "out")
    assert verified.returncode == 0, verified.stdout
    again = run(tmp_path)
    assert again.returncode == 0, again.stderr
    assert "nothing was left to do" in again.stdout


def test_with_care_what_was_never_tried_has_the_output_s_own_settings(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 2, corners={1: LARGE})
    assert run(tmp_path).returncode == 0
    folder_of_pictures(source, 3, corners={1: LARGE})
    (source / "page-000.png").touch()
    assert run(tmp_path, "--retry-failed", "--careful").returncode == 0
    once(tmp_path)
    card = json.loads((tmp_path / "out" / "rayocr.json").read_text())
    other = {key for key, made in query(tmp_path, "key, fingerprint") if made != card["fingerprint"]}
    assert other == {"page-001.png"}
    assert query(tmp_path, "count(*)", "WHERE status = 'ok'") == [(3,)]


def test_a_retry_that_is_killed_is_finished_by_the_next_command(tmp_path: Path) -> None:
    folder_of_pictures(tmp_path / "in", 3, corners=dict.fromkeys(range(3), BAD))
    assert run(tmp_path).returncode == 0
    pages = tmp_path / "out" / "pages"
    first = set(pages.iterdir())
    slow = ("-s", "output.flush_seconds=0.01", "-s", "resources.batch_pages=1", "-s", "resources.actors=1")
    process = start(*command(tmp_path, "--retry-failed", *slow, act="sleep:1.5"))
    try:
        deadline = time.monotonic() + 60
        while len(set(pages.iterdir()) - first) < 1:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    tree = json.loads(rayocr("verify", "-i", tmp_path / "in", "-o", tmp_path / "out", "--json").stdout)
    assert tree["doubled"]["count"] >= 1
    answer = run(tmp_path)
    assert answer.returncode == 0, answer.stderr
    once(tmp_path)
    assert query(tmp_path, "count(*)", "WHERE status = 'ok'")[0][0] >= 1
    assert query(tmp_path, "count(*)", "") == [(3,)]


def test_codes_and_options_that_do_not_fit(tmp_path: Path) -> None:
    folder_of_pictures(tmp_path / "in", 1)
    answer = run(tmp_path, "--retry-failed", "ocr.timeuot")
    assert answer.returncode == 2
    assert "Did you mean ocr.timeout?" in answer.stderr
    assert run(tmp_path, "--careful").returncode == 2
    assert not (tmp_path / "out").exists()


def test_fresh_output_takes_another_folder_and_goes_on_there(tmp_path: Path) -> None:
    folder_of_pictures(tmp_path / "in", 2)
    assert run(tmp_path, "--fresh-output").returncode == 0
    assert not (tmp_path / "out-2").exists()
    refused = run(tmp_path, "-s", "decode.pdf_dpi=90")
    assert refused.returncode == 2
    assert "decode.pdf_dpi: 200 there, 90 now" in refused.stderr
    assert "--fresh-output" in refused.stderr
    before = sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "out").rglob("*"))
    answer = run(tmp_path, "-s", "decode.pdf_dpi=90", "--fresh-output")
    assert answer.returncode == 0, answer.stderr
    assert f"the output is {tmp_path / 'out-2'}" in answer.stderr
    assert len(list((tmp_path / "out-2" / "pages").iterdir())) >= 1
    again = run(tmp_path, "-s", "decode.pdf_dpi=90", "--fresh-output")
    assert "nothing was left to do" in again.stdout
    assert run(tmp_path, "-s", "decode.pdf_dpi=80", "--fresh-output").returncode == 0
    assert (tmp_path / "out-3").exists()
    assert sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "out").rglob("*")) == before
