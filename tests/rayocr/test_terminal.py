"""No name, message or text of a file reaches a terminal as anything but text: all commands, on a terminal and
in a pipe."""

from __future__ import annotations

import ast
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

import actors
import pipelines
import rayocr as package
from actors.schema import page_row_schema
from pipelines.stage import parquet_bytes
from pipelines.summary import notices_query
from tests.cli import command, environ
from tests.pictures import picture

NAMES = (
    b"\x1b]0;title\x07.png",
    b"\x1b[2J.png",
    b"a\nINJECTED rayocr: complete.png",
    b"b\rINJECTED.png",
    "gnp\u202e.png".encode(),
    "\x9b2J\x85INJECTED\u2028INJECTED.png".encode(),
    b"\xff\xfe\x9b2J.png",
    b"[red]markup[bold].png",
)
STYLE = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\x1b\[[0-9]*[AK]|\r\n|\r(?=\x1b\[2K)|\n")
"""What rich says to a terminal: colors, the cursor, the progress line; and ends of lines."""

ACTIVE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def on_a_terminal(*arguments: str | Path) -> str:
    """What a command writes to a terminal, stdout and stderr together."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        command(*arguments),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environ(TERM="xterm-256color"),
    )
    os.close(follower)
    parts = []
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # Linux says so when the last writer is gone
            break
        if not part:
            break
        parts.append(part)
    os.close(leader)
    process.wait(60)
    return b"".join(parts).decode("utf-8")


def in_a_pipe(*arguments: str | Path) -> str:
    """The same where nothing is colored."""
    answer = subprocess.run(command(*arguments), capture_output=True, env=environ(), check=False, timeout=120)
    return (answer.stdout + answer.stderr).decode("utf-8")


def check(printed: str) -> None:
    assert printed.strip()
    bare = STYLE.sub("\n", printed)
    assert ACTIVE.findall(bare) == [], repr(printed)
    assert not any(line.lstrip(" ─│").startswith("INJECTED") for line in bare.splitlines()), printed
    assert "Traceback" not in printed
    assert "it is a bug" not in printed


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "in"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        picture(number).save(folder / "plain.png")
        content = (folder / "plain.png").read_bytes()
        Path(os.fsdecode(bytes(folder) + b"/" + name)).write_bytes(content if number % 2 else content[:60])
    return folder


@pytest.mark.parametrize("look", [on_a_terminal, in_a_pipe], ids=["terminal", "pipe"])
def test_all_commands_over_hostile_names(source: Path, tmp_path: Path, look: object) -> None:
    assert callable(look)
    output = tmp_path / "out\x1b]0;x\x07"
    fake = ("-s", "engine.engine=fake", "--runner", "inline")
    arguments = ("-i", source, "-o", output)
    run = look("run", *arguments, *fake)
    check(run)
    Path(os.fsdecode(bytes(source) + b"/" + NAMES[1])).touch()
    (output / "pages" / "note\x1b[2J\nINJECTED").write_text("")
    for _file in output.glob("pages/*.parquet"):
        (output / "pages" / "c\x1b[2J\nINJECTED.parquet").write_bytes(_file.read_bytes())
    check(look("verify", *arguments))
    (output / "pages" / "d\x1b[2J\nINJECTED.parquet").write_bytes(b"PAR1")
    check(look("verify", *arguments))
    for asked in (
        ("run", *arguments, *fake, "-q"),
        ("compact", "-o", output),
        ("show", "c\x1b[2J\nINJECTED", "-o", output),
        ("run", "-i", source / "none\x1b[2J\nINJECTED", "-o", output),
        ("run", "x\x1b[2J\nINJECTED.yaml"),
        ("run", "--no\x1b[2J\nINJECTED"),
    ):
        check(look(*asked))
    if look is in_a_pipe:
        json.loads(look("verify", *arguments, "--json"))


def test_text_of_a_page_keeps_its_lines_and_nothing_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import numpy as np

    from actors.contracts import Line
    from pipelines.show import Shown
    from rayocr.__main__ import main

    text = "first\tcell\nsecond \x1b[2J\u202e\x9b\r end"
    line = Line("a \x1b[2J\nINJECTED\u202e", 0.9, (0.0, 0.0, 50.0, 0.0, 50.0, 10.0, 0.0, 10.0), 0)
    shown = Shown("k", text, np.zeros((20, 60, 3), np.uint8), (line,), ("odd\x1b[2J\nINJECTED",))
    monkeypatch.setattr("pipelines.show.page_of_document", lambda *_: shown)
    for options in ((), ("--markdown",)):
        with pytest.raises(SystemExit) as ended:
            main(["show", "x.png", "--picture", str(tmp_path / "p.png"), *options])
        assert not ended.value.code
        out, err = capsys.readouterr()
        check(out.replace("\t", " "))
        check(err)
        assert options or out == "first\tcell\nsecond \\x1b[2J\\u202e\\x9b\\r end\n"


@pytest.mark.parametrize("name", ["plain", "it's", "a\nb", "[x]*?", "\x1b[2J\u202e'"])
def test_the_query_is_inert_and_finds_the_files(tmp_path: Path, name: str) -> None:
    import duckdb

    folder = tmp_path / name / "pages"
    folder.mkdir(parents=True)
    row = {"document_id": "0" * 32, "page_index": 0, "status": "ok", "key": "k", "notices": ["page.turned"]}
    made = pa.Table.from_pylist([row], schema=page_row_schema())
    (folder / "a.parquet").write_bytes(parquet_bytes(made, "f"))
    query = notices_query(str(tmp_path / name))
    check(query)
    assert duckdb.sql(query).fetchall() == [("k", 0, ["page.turned"])]


def test_nothing_prints_but_through_the_terminal() -> None:
    """Commands print through rayocr.cli.terminal; a job's progress and a bundle's installer print alone."""
    found = set()
    for room in (actors, pipelines, package):
        root = Path(room.__path__[0])
        for file in root.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                called = ast.unparse(node.func)
                written = called.endswith(
                    (".echo", ".secho", "stdout.write", "stderr.write", "_stream.write")
                )
                if written or called in ("print", "Console", "StreamHandler", "logging.StreamHandler"):
                    found.add(file.relative_to(root.parent).as_posix())
    assert found == {
        "rayocr/cli/terminal.py",
        "pipelines/progress.py",
        "pipelines/bundle/install.py",
        "actors/claim.py",
    }, sys.version
