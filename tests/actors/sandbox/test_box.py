"""The box around decoders and engines: what is refused in it is done without it, by the same code."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.deadline import deadline
from actors.process import ChildDiedError, ChildProcess
from actors.sandbox.box import possible
from actors.sandbox.environment import decoder_environment, engine_environment
from actors.wire import Bounds
from tests.actors.sandbox.attempts import CODEC, Scene, Tried

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="the box is Linux's"),
    pytest.mark.skipif(bool(possible().lacking), reason=f"this kernel: {possible()}"),
]

REFUSED = (
    "connect",
    "socketpair",
    "queue a signal",
    "open /etc/passwd to write",
    "open /etc/passwd to read",
    "read a secret",
    "append to a file",
    "truncate a file",
    "write a file",
    "make a folder",
    "remove a file",
    "move a file",
    "link a file",
    "change a mode",
    "list a folder",
    "read the parent's environment",
    "read the parent's memory",
    "fork",
    "kill the parent",
    "signal by a pipe",
    "limits of the parent",
    "open the parent's process",
    "namespace",
    "memory file",
    "execve",
    "ptrace",
)
REFUSED_TO_ENGINES = (
    "connect",
    "socketpair",
    "queue a signal",
    "read the parent's memory",
    "fork",
    "kill the parent",
    "limits of the parent",
    "open the parent's process",
    "namespace",
    "execve",
    "ptrace",
)
Try = Callable[[str], Tried]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    secret = tmp_path / "secret"
    secret.write_text("the key")
    (tmp_path / "to-remove").write_text("")
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server,), daemon=True).start()
        yield Scene(os.getpid(), server.getsockname()[1], str(secret), str(tmp_path))


def _accept(server: socket.socket) -> None:
    try:
        while True:
            server.accept()[0].close()
    except OSError:
        return


class Trier:
    """A child that tries things; a fresh one where the last was lost."""

    def __init__(self, box: str) -> None:
        self._box = box
        self._child: ChildProcess | None = None

    @property
    def child(self) -> ChildProcess:
        if self._child is None or not self._child.alive:
            self.close()
            self._child = ChildProcess(
                "tests.actors.sandbox.attempts:serve", (self._box,), watches_itself=True
            )
            assert self._answer() == Tried(None, "")
        return self._child

    def __call__(self, name: str, scene: Scene) -> Tried:
        self.child.send((name, scene))
        try:
            return self._answer()
        except ChildDiedError as error:
            return Tried(f"became another program, exit {error.exit_code}", "")

    def close(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _answer(self) -> Tried:
        assert self._child is not None
        return self._child.receive_message(CODEC, Bounds(10_000), deadline(60, self._child.pid))


@pytest.fixture(scope="module", params=["decoder", "engine", "none"])
def trier(request: pytest.FixtureRequest) -> Iterator[Trier]:
    found = Trier(request.param)
    yield found
    found.close()


@pytest.mark.parametrize("trier", ["decoder"], indirect=True, scope="module")
@pytest.mark.parametrize("attempt", REFUSED)
def test_a_decoder_is_refused(trier: Trier, attempt: str, scene: Scene) -> None:
    tried = trier(attempt, scene)
    assert tried.done is None and "PermissionError" in tried.why, tried
    assert Path(scene.secret).read_text() == "the key"


@pytest.mark.parametrize("trier", ["engine"], indirect=True, scope="module")
@pytest.mark.parametrize("attempt", REFUSED_TO_ENGINES)
def test_an_engine_is_refused(trier: Trier, attempt: str, scene: Scene) -> None:
    tried = trier(attempt, scene)
    assert tried.done is None and "PermissionError" in tried.why, tried


@pytest.mark.parametrize("trier", ["none"], indirect=True, scope="module")
@pytest.mark.parametrize("attempt", REFUSED)
def test_without_a_box_it_is_done(trier: Trier, attempt: str, scene: Scene) -> None:
    tried = trier(attempt, scene)
    if tried.done is None and os.geteuid() != 0:
        pytest.skip(f"this user may not do it anyway: {tried.why}")
    assert tried.done is not None, tried


@pytest.mark.parametrize(("trier", "attempt"), [
    ("decoder", "thread"), ("decoder", "read a library"), ("engine", "thread"), ("engine", "read a library"),
    ("engine", "write a file"),
], indirect=["trier"])  # fmt: skip
def test_what_libraries_need_is_left(trier: Trier, attempt: str, scene: Scene) -> None:
    assert trier(attempt, scene).done is not None


@pytest.mark.parametrize("trier", ["decoder"], indirect=True)
def test_every_thread_is_in_the_box(trier: Trier) -> None:
    tasks = list(Path(f"/proc/{trier.child.pid}/task").iterdir())
    assert len(tasks) >= 2
    for task in tasks:
        lines = dict(
            line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line
        )
        assert lines["Seccomp"] == "2" and lines["NoNewPrivs"] == "1"
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(lines[kind], 16) == 0 or (kind == "CapBnd" and os.geteuid() != 0)


def test_a_decoder_sees_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from actors.decoding.child import Decoder
    from actors.settings import DecodeConfig

    secrets = (
        "AWS_SECRET_ACCESS_KEY",
        "RAYOCR_SOURCE__STORAGE_OPTIONS",
        "RAY_ADDRESS",
        "HF_TOKEN",
        "OMP_TOKEN",
    )
    for name in secrets:
        monkeypatch.setenv(name, "canary")
    for sandbox, seen in (("auto", False), ("off", True)):
        with Decoder(DecodeConfig(sandbox=sandbox)) as decoder:
            list(decoder.pages(b"no picture"))
            try:
                environment = Path(f"/proc/{decoder.pid}/environ").read_bytes()
            except PermissionError:
                assert not seen, "only root may look into a child in its box"
                continue
        assert (b"canary" in environment) == seen


def test_allowed_variables() -> None:
    given = dict.fromkeys(
        ("LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "HOME", "PATH", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS",
         "AWS_ACCESS_KEY_ID", "GITHUB_TOKEN", "RAYOCR_DECODE__PASSWORDS", "RAY_ADDRESS", "HTTPS_PROXY",
         "CUDA_API_KEY", "LANGCHAIN_API_KEY", "FLAGS_x_secret", "SSH_AUTH_SOCK", "LD_PRELOAD",
         "PYTHONSTARTUP"),
        "x",
    )  # fmt: skip
    assert set(decoder_environment(given)) == {"LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH"}
    assert set(engine_environment(given)) == {
        *(
            "LANG",
            "LC_ALL",
            "TZ",
            "LD_LIBRARY_PATH",
            "HOME",
            "PATH",
            "CUDA_VISIBLE_DEVICES",
            "OMP_NUM_THREADS",
        )
    }
