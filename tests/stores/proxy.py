"""A proxy on loopback before the S3 server, which refuses the requests that a test tells it to."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

_REFUSALS = {
    500: ("InternalError", "We encountered an internal error. Please try again."),
    503: ("SlowDown", "Please reduce your request rate."),
}
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}

Rule = Callable[[int, str, str], bool]
"""Whether to refuse: number of the request from 1, method, path with the bucket."""


@dataclass
class Proxy:
    """`refuses` and `status` may be changed at any time; `refused` counts by method."""

    backend: str
    refuses: Rule = field(default=lambda *_: False)
    status: int = 503
    endpoint: str = ""
    requests: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def takes(self, method: str, path: str) -> bool:
        """Count a request, and say whether it goes on."""
        with self.lock:
            self.requests += 1
            if self.refuses(self.requests, method, path):
                self.refused[method] += 1
                return False
        return True


@contextmanager
def proxy(backend: str) -> Iterator[Proxy]:
    """A proxy before the server at `backend`, which ends with the context."""
    state = Proxy(backend)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    server.daemon_threads = True
    state.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(state: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            assert "Transfer-Encoding" not in self.headers
            body = self.rfile.read(length)
            if state.takes(self.command, unquote(urlsplit(self.path).path)):
                self.forward(body)
            else:
                code, message = _REFUSALS[state.status]
                error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
                self.answer(state.status, {"Content-Type": "application/xml"}, error.encode())

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_one  # noqa: N815

        def forward(self, body: bytes) -> None:
            connection = http.client.HTTPConnection(urlsplit(state.backend).netloc, timeout=30)
            try:
                connection.request(self.command, self.path, body, dict(self.headers.items()))
                response = connection.getresponse()
                content = response.read()
            finally:
                connection.close()
            headers = {name: value for name, value in response.getheaders() if name.lower() not in _HOP}
            self.answer(response.status, headers, content, response.getheader("Content-Length"))

        def answer(
            self, status: int, headers: dict[str, str], body: bytes, length: str | None = None
        ) -> None:
            head = self.command == "HEAD"
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", (length or "0") if head else str(len(body)))
            self.end_headers()
            if not head:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
