"""No secret of an address, option or variable is printed or written, whether commands succeed or fail."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actors.contracts import document_id
from tests.cli import ROOT, environ, rows
from tests.pictures import picture

CANARY = "CANARY"
FAKE = ("-s", "engine.engine=fake", "-s", "decode.read_timeout_s=1", "--runner", "inline")
SIGNED = "X-Amz-Credential=CANARY1%2Fx&X-Amz-Date=1&X-Amz-Signature=CANARY2"
AGAIN = "X-Amz-Credential=CANARY1%2Fx&X-Amz-Date=2&X-Amz-Signature=CANARY3"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "CANARY",
    "AWS_SECRET_ACCESS_KEY": "CANARY",
    "AWS_SESSION_TOKEN": "CANARY",
    "RAYOCR_SOURCE__STORAGE_OPTIONS": "{client_kwargs: {headers: {X-Secret: CANARY}}}",
}
IN_ONE_PROCESS = """
import json, sys
from rayocr.__main__ import _exit_code
for command in json.load(sys.stdin):
    for stream in (sys.stdout, sys.stderr):
        print("=====", flush=True, file=stream)
    print("exit", _exit_code(command), flush=True, file=sys.stderr)
"""


class Answer(BaseHTTPRequestHandler):
    """A picture for who has a signature or a password; other paths fail in their ways."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self.wfile.write(self._answer())

    def _answer(self) -> bytes:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        given = base64.b64decode((self.headers["Authorization"] or "").removeprefix("Basic "))
        opens = given == b"CANARY:CANARY" or any(CANARY in one for ones in query.values() for one in ones)
        if parts.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/broken?X-Amz-Signature=CANARY")
            body = b""
        elif parts.path.startswith("/broken") or not opens:
            self.send_response(500 if opens else 403, "no")
            body = b"no"
        else:
            self.send_response(200)
            seed = 1 + int(query.get("id", ["0"])[0])
            body = content(seed) if parts.path.endswith(".png") else b"b.png?X-Amz-Signature=CANARY\n"
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return body

    def log_message(self, *_args: object) -> None:
        """Nothing."""


def content(seed: int) -> bytes:
    file = io.BytesIO()
    picture(seed).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def host() -> Iterator[str]:
    """`127.0.0.1:PORT` of a server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@dataclass
class Told:
    """What commands printed, one entry each, and their exit codes."""

    out: list[str]
    err: list[str]
    codes: list[int] = field(default_factory=list)


def run(commands: list[list[str]], folder: Path, **environment: str) -> Told:
    """Run commands one after the other in one process of their own, in a folder."""
    answer = subprocess.run(
        [sys.executable, "-c", IN_ONE_PROCESS],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        env=environ(**ENVIRONMENT, **environment, PYTHONPATH=str(ROOT)),
        cwd=folder,
        timeout=170,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    told = Told(answer.stdout.split("=====\n")[1:], answer.stderr.split("=====\n")[1:])
    told.codes = [int(one.rpartition("exit ")[2]) for one in told.err]
    return told


def leaks(told: Told, commands: list[list[str]], folder: Path) -> list[str]:
    """Where a canary was printed or written. `folder`: of what commands wrote, by names and contents."""
    found = [
        f"{command}: {line}"
        for command, out, err in zip(commands, told.out, told.err, strict=True)
        for line in f"{out}\n{err}".splitlines()
        if CANARY in line
    ]
    for path in folder.rglob("*"):
        text = str(path.relative_to(folder))
        if path.is_file():
            text += path.read_bytes().decode("latin-1")
            if path.suffix == ".parquet":  # pages are compressed
                text += str(pq.read_table(path).to_pylist()) + str(pq.read_schema(path).metadata)
        if CANARY in text:
            found.append(f"file {path}")
    return found


def manifest(path: Path, *addresses: str) -> str:
    path.write_text("\n".join(addresses) + "\n")
    return str(path)


def test_signed_documents_are_read_and_leave_no_secret(host: str, tmp_path: Path) -> None:
    work, away = tmp_path / "work", tmp_path / "away"
    work.mkdir()
    away.mkdir()
    listed = [
        f"http://CANARY:CANARY@{host}/a.png",
        f"http://{host}/b.png?id=1&{SIGNED}&page=2",
        f"http://{host}/b.png?id=2&{SIGNED}",
        f"http://{host}/b.png?id=2&{AGAIN}",
        f"http://{host}/c.png?key=CANARY1",
        f"http://{host}/c.png?key=CANARY2",
        f"http://{host}/broken.png?{SIGNED}",
        f"http://{host}/redirect?sv=1&sig=CANARY",
        f"http://{host}/d.png?token=denied",
    ]
    again = manifest(away / "again.txt", *(one.replace(SIGNED, AGAIN) for one in listed))
    source = str(away / "first.parquet")
    meta = [f"of https://u:CANARY@{host}/x?X-Goog-Signature=CANARY" for _ in listed]
    pq.write_table(pa.table({"uri": listed, "origin": meta}), source)
    name = f"http://{host}/b.png?id=2"
    commands = [
        ["run", "-i", source, "-o", "out", *FAKE],
        ["run", "-i", source, "-o", "out", *FAKE, "--retry-failed"],
        ["verify", "-i", source, "-o", "out", *FAKE],
        ["verify", "-i", again, "-o", "out", *FAKE],
        ["plan", "-i", again, "-o", "out", *FAKE, "--json"],
        ["show", f"{name}&{AGAIN}", "-o", "out"],
        ["show", f"{name}&{AGAIN}", *FAKE[:4]],
        ["show", listed[4], "-o", "out"],
        ["show", listed[6], "-o", "out"],
        ["show", name, "-o", "out"],
        ["run", "-i", f"http://CANARY:CANARY@{host}/list.txt?id=3&{SIGNED}", "-o", "remote", *FAKE],
        ["run", "-i", f"http://{host}/a.png?{SIGNED}", "-o", "one", *FAKE],
        ["run", "-i", f"http://{host}/a.png?{AGAIN}", "-o", "one", *FAKE],
    ]
    told = run(commands, work)
    assert leaks(told, commands, work) == []
    assert told.codes == [3, 3, 0, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0], told.err
    by_key = {row["key"]: row for row in rows(work / "out")}
    assert len(by_key) == 8
    assert sum(row["status"] != "failed" for row in by_key.values()) == 5
    assert all(row["uri"] == row["key"] for row in by_key.values())
    for key in (f"http://{host}/a.png", f"http://{host}/b.png?id=1&page=2", name):
        assert by_key[key]["document_id"] == document_id(key)
    hidden = {row["document_id"] for key, row in by_key.items() if "/c.png" in key}
    assert hidden == {document_id(one) for one in listed[4:6]}
    assert [row["key"] for row in rows(work / "one")] == ["a.png"]
    assert [row["uri"] for row in rows(work / "remote")] == [f"http://{host}/b.png"]
    assert json.loads(told.out[4])["pending"]["documents"] == 0
    assert {path.name for path in work.glob("*.png")} == {"b-0.blocks.png", "c-0.blocks.png"}


def test_commands_that_fail_show_no_secret(host: str, tmp_path: Path) -> None:
    work, away = tmp_path / "work", tmp_path / "away"
    work.mkdir()
    away.mkdir()
    (away / "in").mkdir()
    (away / "in" / "a.png").write_bytes(content(1))
    local = str(away / "in")
    closed = "127.0.0.1:9"
    bad = away / "bad.yaml"
    bad.write_text("source: {path: x, storage_options: {secret: CANARY, : }}\n")
    wrong = away / "wrong.yaml"
    wrong.write_text("source: {path: x, storage_options: CANARY}\noutput: {path: CANARY, file_mb: CANARY}\n")
    (away / "wide.csv").write_text(f"uri\nhttp://u:CANARY@{host}/a,b\n")
    (away / "no.csv").write_text(f"http://u:CANARY@{host}/a?X-Amz-Signature=CANARY,b\n")
    lists = {
        "scheme": f"htp://u:CANARY@{host}/a",
        "slip": "https:/u:CANARY@h/a?X-Amz-Signature=CANARY",
        "chain": f"simplecache::http://u:CANARY@{host}/a?sig=CANARY",
        "version": "s3://b/k?versionId=3&X-Amz-Signature=CANARY",
        "nohost": "https:///a?X-Amz-Signature=CANARY",
    }
    paths = {name: manifest(away / f"{name}.txt", line) for name, line in lists.items()}
    sources = [
        f"http://u:CANARY@{host}/a.txt",
        f"http://u:CANARY@{closed}/a.png",
        f"http://{closed}/list.txt?X-Amz-Signature=CANARY",
        f"http://u:CAN/ARY-CANARY@{host}/a.png",
        f"http://{host}/broken.png?sv=1&sig=CANARY",
        "ftp://u:CANARY@127.0.0.1:9/a",
        "s3://id:CANARY@bucket/a",
        f"HTTP://u:CANARY@{host}/a",
        f"/nowhere/http://u:CANARY@{host}/a?access_token=CANARY",
        *paths.values(),
        str(away / "wide.csv"),
        str(away / "no.csv"),
    ]
    models = f"models.source=http://u:CANARY@{closed}/m?token=CANARY"
    retries = "config_kwargs: {retries: {max_attempts: 0}}"
    s3 = f"{{endpoint_url: 'http://u:CANARY@{closed}', key: CANARY, secret: CANARY, {retries}}}"
    commands = [
        *(["run", "-i", one, "-o", "out", *FAKE] for one in sources),
        ["plan", "-i", sources[0], "-o", "out", *FAKE],
        ["verify", "-i", local, "-o", f"http://u:CANARY@{closed}/out?sig=CANARY"],
        ["run", "-i", local, "-o", f"http://u:CANARY@{host}/out?X-Amz-Signature=CANARY", *FAKE],
        ["run", "-i", local, "-o", "ftp://u:CANARY@127.0.0.1:9/out", *FAKE],
        ["compact", "-o", f"http://u:CANARY@{closed}/out?token=CANARY"],
        ["run", str(bad)],
        ["run", str(wrong)],
        ["run", "-i", local, "-o", "out", *FAKE, "-s", "source.storage_options:CANARY"],
        ["run", "-i", local, "-o", "out", *FAKE, "-s", "output.storage_options={key: CANARY"],
        ["run", "-i", local, "-o", "out", *FAKE, f"http://u:CANARY@{host}/x"],
        ["show", f"http://u:CANARY@{host}/broken.png?sig=CANARY", *FAKE[:4]],
        ["models", "fetch", "PP-OCRv6_small", "--cache", "cache", "--source", f"http://u:CANARY@{closed}/m"],
        [
            "models",
            "fetch",
            "PP-OCRv6_small",
            "--cache",
            "cache",
            "--source",
            "htp://u:CANARY@h/m?sig=CANARY",
        ],
        ["run", "-i", local, "-o", "out2", "--runner", "inline", "-s", "models.cache=cache", "-s", models],
    ]
    for name in ("source", "output"):
        pair = {"-i": local, "-o": "out3", "-i" if name == "source" else "-o": "s3://bucket/x"}
        options = [word for both in pair.items() for word in both]
        commands.append(["run", *options, *FAKE, "-s", f"{name}.storage_options={s3}"])
    told = run(commands, work, RAYOCR_DEBUG="1")
    assert leaks(told, commands, work) == []
    assert 0 not in told.codes


def test_a_traceback_that_was_asked_for_shows_no_secret(tmp_path: Path) -> None:
    code = (
        "import pipelines.preview, rayocr.__main__ as m\n"
        "def preview(config, view): raise KeyError('https://u:CAN' + 'ARY@h/a?X-Amz-Signature=CAN' + 'ARY')\n"
        "pipelines.preview.preview = preview\n"
        "m.main(['plan', '-i', '.', '-o', 'out'])\n"
    )
    for debug in ("", "1"):
        answer = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env=environ(RAYOCR_DEBUG=debug),
            cwd=tmp_path,
            check=False,
        )
        assert answer.returncode == 1
        assert "https://h/a" in answer.stderr
        assert CANARY not in answer.stderr
