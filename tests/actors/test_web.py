"""Web servers are data: bounded, redirects checked, options for their own host alone."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from actors.access import Access
from actors.contracts import DocRef
from actors.errors import ConfigError, PageError
from actors.read import read_document
from actors.settings import DecodeConfig
from actors.web import look
from pipelines.sources import list_documents
from pipelines.sources.config import SourceConfig

TINY = DecodeConfig(max_file_mb=1, read_timeout_s=20)
BEARER = {"client_kwargs": {"headers": {"Authorization": "Bearer CANARY"}}}


class Server(ThreadingHTTPServer):
    """Answers by path, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[tuple[str, str | None]] = []
        self.target = ""
        self.keeps = False
        self.connections = 0
        self.cookies: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Server

    def setup(self) -> None:
        self.server.connections += 1
        if self.server.keeps:
            self.protocol_version = "HTTP/1.1"
        super().setup()

    def do_HEAD(self) -> None:
        self.server.asked.append((f"HEAD {self.path}", None))
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", self.server.target)
        else:
            self.send_response({"/gone": 404, "/signed": 403}.get(self.path, 200))
            self.send_header("ETag", '"v1"')
        self.send_header("Content-Length", "7")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Authorization"]))
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", self.server.target)
            self.end_headers()
            return
        self.send_response(404 if self.path == "/gone" else 200)
        if self.path == "/bomb":
            self.send_header("Content-Encoding", "gzip")
        if self.server.keeps:
            self.send_header("Content-Length", "7")
            self.send_header("Set-Cookie", "tracked=yes")
            self.server.cookies.append(self.headers["Cookie"])
        if self.path == "/lies":
            self.send_header("Content-Length", "10000000")
        self.end_headers()
        try:
            if self.path == "/bomb":
                self.wfile.write(gzip.compress(bytes(64 << 20)))
            while self.path == "/endless":
                self.wfile.write(bytes(1 << 16))
            self.wfile.write(b"content")
        except OSError:
            pass  # the reader has enough

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    both = Server(), Server()
    for one in both:
        threading.Thread(target=one.serve_forever, args=(0.01,), daemon=True).start()
    yield both
    for one in both:
        one.shutdown()
        one.server_close()


def read(url: str, access: Access | None = None) -> bytes:
    return read_document(DocRef("id", "key", url, "v"), TINY, access)


def code(url: str, access: Access | None = None) -> str:
    with pytest.raises(PageError) as caught:
        read(url, access)
    return caught.value.code


@pytest.mark.parametrize("path", ["endless", "bomb", "lies"])
def test_a_body_is_bounded_whatever_the_server_says(servers: tuple[Server, Server], path: str) -> None:
    assert code(f"{servers[0].url}/{path}") == "read.too_large"


def test_a_document_and_one_that_is_missing(servers: tuple[Server, Server]) -> None:
    assert read(f"{servers[0].url}/a") == b"content"
    assert code(f"{servers[0].url}/gone") == "read.missing"


def test_options_go_to_their_own_host_alone(servers: tuple[Server, Server]) -> None:
    own, other = servers
    access = Access(f"{own.url}/list.txt", BEARER, allow=("private",), listed=True)
    for server in servers:
        assert read(f"{server.url}/a", access) == b"content"
    own.target = f"{other.url}/b"
    assert read(f"{own.url}/redirect", access) == b"content"
    assert own.asked == [("/a", "Bearer CANARY"), ("/redirect", "Bearer CANARY")]
    assert other.asked == [("/a", None), ("/b", None)]
    per_host = Access("list.txt", host_options={other.url: BEARER})
    assert read(f"{other.url}/c", per_host) == b"content"
    assert other.asked[-1] == ("/c", "Bearer CANARY")


def test_a_list_from_elsewhere_reaches_no_private_host(servers: tuple[Server, Server]) -> None:
    own, other = servers
    access = Access(f"{own.url}/list.txt", listed=True)
    port = other.server_port
    spelled = "127.0.0.1 localhost 2130706433 0x7f000001 0 127.1 [::1] [::ffff:127.0.0.1] [64:ff9b::7f00:1]"
    for host in f"{spelled} 0.0.0.0 10.0.0.1 100.64.0.1 224.0.0.1".split():
        assert code(f"http://{host}:{port}/a", access) == "read.denied", host
    assert other.asked == []
    assert read(f"{own.url}/a", access) == b"content"
    for entry in ("private", "127.0.0.1", f"127.0.0.1:{port}", "127.0.0.0/8"):
        allowed = Access(f"{own.url}/list.txt", allow=(entry,), listed=True)
        assert read(f"{other.url}/a", allowed) == b"content"


def test_metadata_addresses_need_to_be_named() -> None:
    for host in ("169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "[::ffff:169.254.169.254]"):
        assert code(f"http://{host}/a", Access("list.txt", allow=("private",))) == "read.denied"


def test_redirects_are_checked(servers: tuple[Server, Server]) -> None:
    own, _ = servers
    access = Access(f"{own.url}/redirect")
    for target in ("http://127.0.0.2:9/a", "http://169.254.169.254/", "file:///etc/passwd", "/redirect"):
        own.target = target
        assert code(f"{own.url}/redirect", access) == "read.denied", target
    own.target = "a"
    assert read(f"{own.url}/redirect", access) == b"content"


@pytest.mark.parametrize(
    "address",
    ["/etc/hostname", "file:///etc/hostname", "memory://a/b", "ftp://example.org/a", "sftp://example.org/a"],
)
def test_a_list_from_elsewhere_names_no_file_and_no_odd_scheme(address: str) -> None:
    assert code(address, Access("https://example.org/list.txt", listed=True)) == "read.denied"


def test_files_of_this_machine_can_be_allowed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b").write_bytes(b"content")
    access = Access("https://example.org/list.txt", allow=(f"{tmp_path}/in/",), listed=True)
    assert read(f"{tmp_path}/in/b", access) == b"content"
    assert code(f"{tmp_path}/in/../a", access) == "read.denied"
    assert code(f"{tmp_path}/a", access) == "read.denied"


def test_options_of_buckets() -> None:
    options = {"key": "CANARY"}
    assert Access("s3://a/list.csv", options).options_for("s3a://a/b.png") == options
    assert Access("s3://a/list.csv", options).options_for("s3://b/b.png") == {}
    assert Access("list.csv", options).options_for("s3://b/b.png") == options
    assert Access("list.csv", options).options_for("abfs://c@other.dfs.core.windows.net/b") == {}
    assert "CANARY" not in repr(Access("list.csv", options))


def test_connections_are_kept_for_one_access_alone(servers: tuple[Server, Server]) -> None:
    """Twenty documents take one connection; what may reach less takes no connection of another's."""
    own, _ = servers
    own.keeps = True
    access = Access(f"{own.url}/list.txt")
    for _ in range(20):
        assert read(f"{own.url}/a", access) == b"content"
    assert own.connections == 1
    assert set(own.cookies) == {None}, "a server's cookies are not kept"
    assert code(f"{own.url}/a", Access("https://example.org/list.txt", listed=True)) == "read.denied"
    assert read(f"{own.url}/a", Access(f"{own.url}/list.txt", BEARER)) == b"content"
    assert own.connections == 2
    assert [told for _, told in own.asked] == [None] * 20 + ["Bearer CANARY"]


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """A resolver that gives these addresses, one after the other; returns what it was asked."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        address = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, *_, **named: getaddrinfo(host, port))
    return asked


def test_a_name_that_is_bound_anew_reaches_no_private_host(
    servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public address first and loopback afterwards: the connection goes to the one that was checked."""
    own, _ = servers
    connected: list[str] = []

    async def connect(_loop: object, sock: socket.socket, address: tuple[str, int]) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError("nobody is there")

    monkeypatch.setattr("asyncio.selector_events.BaseSelectorEventLoop.sock_connect", connect)
    monkeypatch.setattr("actors.read._PAUSES_S", ())
    asked = resolving(monkeypatch, "93.184.215.14", "127.0.0.1")
    access = Access("https://example.org/list.txt", listed=True)
    url = f"http://rebound.example:{own.server_port}/a"
    assert code(url, access) == "read.interrupted"
    assert asked and set(connected) == {"93.184.215.14"}
    resolving(monkeypatch, "127.0.0.1")
    connected.clear()
    assert code(f"http://other.example:{own.server_port}/a", access) == "read.denied"
    assert connected == [] and own.asked == []


def test_a_typed_address_is_looked_at_hop_by_hop(servers: tuple[Server, Server]) -> None:
    own, other = servers
    found = look(f"{own.url}/a", Access(f"{own.url}/a"))
    assert (found["size"], found["ETag"], found["type"]) == (7, '"v1"', "file")
    assert look(f"{own.url}/signed", Access(f"{own.url}/signed"))["type"] == "file"
    with pytest.raises(FileNotFoundError):
        look(f"{own.url}/gone", Access(f"{own.url}/gone"))
    for target in (
        "http://169.254.169.254/latest",
        f"http://localhost:{other.server_port}/b",
        "file:///etc/passwd",
    ):
        own.target = target
        with pytest.raises(PageError, match=r"allow|no web address"):
            look(f"{own.url}/redirect", Access(f"{own.url}/redirect"))
        with pytest.raises(ConfigError, match="cannot be reached"):
            list(list_documents(SourceConfig(path=f"{own.url}/redirect")))
    assert other.asked == []
    (ref,) = list_documents(SourceConfig(path=f"{own.url}/a.png"))
    assert (ref.key, ref.version, ref.size_bytes) == ("a.png", "v1", 7)
