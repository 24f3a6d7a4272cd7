"""Reading gives the bytes or a code: from disks, from stores, and in time."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from actors.contracts import DocRef
from actors.errors import ConfigError, PageError
from actors.leaving import DeadDiskError, Leaving
from actors.read import read_document
from actors.settings import DecodeConfig
from actors.store_errors import read_error
from actors.uris import escape_name

CONFIG = DecodeConfig()


def ref(uri: object, size: int | None = None) -> DocRef:
    return DocRef("id", "key", str(uri), "v", size_bytes=size)


def code(uri: object, config: DecodeConfig = CONFIG, size: int | None = None) -> str:
    with pytest.raises(PageError) as caught:
        read_document(ref(uri, size), config)
    assert caught.value.message
    return caught.value.code


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryFileSystem:
    monkeypatch.setattr("actors.read._PAUSES_S", (0.0, 0.0, 0.0))
    filesystem = fsspec.filesystem("memory")
    filesystem.pipe_file("/bucket/a.png", b"content")
    filesystem.pipe_file("/bucket/empty", b"")
    return filesystem


@pytest.mark.parametrize(
    "name", ["plain", "with two  spaces", "#hash?%20*[x]", "-dash", "ü", "u\u0308", "a\\b"]
)
def test_local_files_of_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(name.encode())
    assert read_document(ref(tmp_path / name), CONFIG) == name.encode()
    assert read_document(ref(f"file://{tmp_path}/{name}"), CONFIG) == name.encode()


def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        path.write_bytes(b"x")
    except OSError:
        pytest.skip("this disk wants names to be UTF-8")
    assert read_document(ref(escape_name(str(path))), CONFIG) == b"x"


def test_local_faults(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "nowhere").symlink_to("gone")
    assert code(tmp_path / "empty") == "read.empty"
    assert code(tmp_path / "missing") == "read.missing"
    assert code(tmp_path / "empty" / "below") == "read.missing"
    assert code(tmp_path / "nowhere") == "read.missing"
    assert code(tmp_path / ("n" * 300)) == "read.missing"
    assert code(f"{tmp_path}/a\0b") == "read.missing"
    assert code(tmp_path / "loop") == "read.denied"


@pytest.mark.timeout(10)
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        assert code(path) == "read.denied"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "secret").chmod(0)
    assert code(tmp_path / "secret") == "read.denied"


def test_too_large(tmp_path: Path, store: MemoryFileSystem) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(3 << 30)
    assert code(tmp_path / "sparse") == "read.too_large"
    tiny = DecodeConfig(max_file_mb=1e-6)
    assert code("memory://bucket/a.png", tiny) == "read.too_large"
    assert code("memory://bucket/a.png", tiny, size=1 << 20) == "read.too_large"
    assert code("memory://bucket/a.png", tiny, size=0) == "read.too_large"


@pytest.mark.usefixtures("store")
def test_a_store() -> None:
    assert read_document(ref("memory://bucket/a.png"), CONFIG) == b"content"
    assert read_document(ref("memory://bucket/a.png", size=7), CONFIG) == b"content"
    assert code("memory://bucket/empty") == "read.empty"
    assert code("memory://bucket/missing") == "read.missing"
    assert code("memory://bucket") == "read.denied"
    assert code("nosuchscheme://bucket/a") == "read.denied"


def failing(monkeypatch: pytest.MonkeyPatch, *outcomes: Exception | bytes) -> list[int]:
    """Let the store act out what is listed, one try after the other; the last for ever."""
    calls: list[int] = []

    def cat_file(self: MemoryFileSystem, path: str, **_: object) -> bytes:
        calls.append(1)
        outcome = outcomes[min(len(calls), len(outcomes)) - 1]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(MemoryFileSystem, "cat_file", cat_file)
    return calls


@pytest.mark.usefixtures("store")
def test_passing_errors_are_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = failing(monkeypatch, OSError(errno.EBUSY, "slow"), ConnectionResetError("gone"), b"there")
    assert read_document(ref("memory://bucket/a.png"), CONFIG) == b"there"
    assert len(calls) == 3


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("error", "expected", "tries"),
    [
        (OSError(errno.EBUSY, "slow down"), "read.throttled", 4),
        (ConnectionResetError("reset"), "read.interrupted", 4),
        (RuntimeError("what is this"), "read.interrupted", 4),
        (PermissionError("no"), "read.denied", 1),
        (FileNotFoundError("no"), "read.missing", 1),
    ],
)
def test_lasting_errors(monkeypatch: pytest.MonkeyPatch, error: Exception, expected: str, tries: int) -> None:
    calls = failing(monkeypatch, error)
    assert code("memory://bucket/a.png") == expected
    assert len(calls) == tries


@pytest.mark.usefixtures("store")
def test_a_store_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryFileSystem, "cat_file", lambda *_, **__: time.sleep(30))
    started = time.monotonic()
    assert code("memory://bucket/a.png", DecodeConfig(read_timeout_s=0.3)) == "read.timeout"
    assert time.monotonic() - started < 5


def test_a_disk_that_fails_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.read._PAUSES_S", (0.0, 0.0, 0.0))
    (tmp_path / "a").write_bytes(b"x")
    outcomes: list[Exception | bytes] = [OSError(errno.EIO, "i/o"), b"x"]

    def read_local(path: str, settings: DecodeConfig) -> bytes:
        outcome = outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr("actors.read._read_local", read_local)
    assert read_document(ref(tmp_path / "a"), CONFIG) == b"x"
    outcomes[:] = [OSError(errno.EIO, "i/o")]
    assert code(tmp_path / "a") == "read.interrupted"


def named(name: str, **attributes: object) -> Callable[..., Exception]:
    return type(name, (Exception,), attributes)


def client_error(store_code: str, status: int) -> Exception:
    response = {"Error": {"Code": store_code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return named("ClientError", response=response)("as told")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (client_error("SlowDown", 503), "read.throttled"),
        (client_error("NoSuchKey", 404), "read.missing"),
        (client_error("Unheard", 403), "read.denied"),
        (client_error("InternalError", 500), "read.interrupted"),
        (client_error("InvalidObjectState", 403), "read.denied"),
        (named("HttpError", code=429)("gcsfs"), "read.throttled"),
        (named("HttpError", code="503")("gcsfs"), "read.interrupted"),
        (named("HttpResponseError", status_code=404)("azure"), "read.missing"),
        (named("HttpResponseError", error_code="ServerBusy")("azure"), "read.throttled"),
        (named("ClientResponseError", status=401)("aiohttp"), "read.denied"),
        (named("NoCredentialsError")("botocore"), "read.denied"),
        (named("FSTimeoutError")("fsspec"), "read.timeout"),
        (named("EndpointConnectionError")("botocore"), "read.interrupted"),
        (TimeoutError(), "read.timeout"),
        (ConfigError("no such scheme"), "read.denied"),
        (MemoryError(), "read.too_large"),
        (PageError("read.empty", "x"), "read.empty"),
    ],
)
def test_what_stores_raise(error: Exception, expected: str) -> None:
    assert read_error(error).code == expected


def test_the_cause_counts() -> None:
    try:
        try:
            raise client_error("SlowDown", 503)
        except Exception as cause:
            raise OSError("please try again") from cause
    except OSError as error:
        assert read_error(error).code == "read.throttled"


def test_files_of_the_kernel_are_refused(tmp_path: Path) -> None:
    for name in ("/proc/kmsg", "/proc/self/status", "/sys/kernel/notes"):
        if Path(name).exists():
            (tmp_path / "link").symlink_to(name)
            assert code(tmp_path / "link") == "read.denied"
            (tmp_path / "link").unlink()


def test_a_disk_that_does_not_answer_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    held, real = threading.Event(), os.fstat
    monkeypatch.setattr("actors.read.os.fstat", lambda file: (held.wait(30), real(file))[1])
    try:
        assert code(tmp_path / "a.png", DecodeConfig(read_timeout_s=0.2)) == "read.timeout"
    finally:
        held.set()


def test_reads_that_hang_are_bounded_in_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next document is no failed row of its own: what hangs is the disk. When it answers, all goes on."""
    held, real = threading.Event(), os.fstat
    monkeypatch.setattr("actors.read._OF_DISKS", Leaving(2))
    monkeypatch.setattr("actors.read.os.fstat", lambda file: (held.wait(30), real(file))[1])
    brief = DecodeConfig(read_timeout_s=0.1)
    (tmp_path / "a.png").write_bytes(b"x")
    try:
        for _ in range(2):
            assert code(tmp_path / "a.png", brief) == "read.timeout"
        before = threading.active_count()
        for _ in range(5):
            with pytest.raises(DeadDiskError, match="2 documents hang") as caught:
                read_document(ref(tmp_path / "a.png"), brief)
        assert threading.active_count() == before
        assert (caught.value.exit_code, "key" in caught.value.why) == (4, True)
    finally:
        held.set()
    for thread in threading.enumerate():
        if thread.name == "rayocr-read":
            thread.join(10)
    assert read_document(ref(tmp_path / "a.png"), CONFIG) == b"x"


def test_a_file_that_grows_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(bytes(3 << 20))
    real = os.fstat
    small = lambda file: os.stat_result((*real(file)[:6], 10, *real(file)[7:10]))  # noqa: E731
    monkeypatch.setattr("actors.read.os.fstat", small)
    assert code(tmp_path / "a", DecodeConfig(max_file_mb=1)) == "read.too_large"
    assert len(read_document(ref(tmp_path / "a"), CONFIG)) == 3 << 20
