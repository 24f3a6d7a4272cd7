"""A source whose disk does not answer: the listing ends in time, and so does a command that is asked to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.errors import ConfigError
from pipelines.sources import list_documents
from pipelines.sources.answering import answering
from pipelines.sources.config import SourceConfig
from tests.cli import ROOT, environ


@pytest.fixture
def held() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def refused(path: Path) -> None:
    with pytest.raises(ConfigError, match="does not answer") as caught:
        list(list_documents(SourceConfig(path=str(path)), silence_s=0.3))
    assert "0.3 s" in caught.value.why
    assert caught.value.remedy


@pytest.mark.timeout(20)
@pytest.mark.parametrize("call", ["os.stat", "os.scandir"])
def test_a_folder_of_a_dead_mount(
    call: str, tmp_path: Path, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").touch()
    real = getattr(os, call.removeprefix("os."))
    dead = str(tmp_path / "in" / "a.png") if call == "os.stat" else str(tmp_path / "in")

    def waits(path: object, *rest: object, **named: object) -> object:
        if path == dead:
            held.wait(60)
        return real(path, *rest, **named)

    monkeypatch.setattr(call, waits)
    refused(tmp_path / "in")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("ending", ["txt", "csv", "parquet"])
def test_a_manifest_that_does_not_answer(ending: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"list.{ending}")
    refused(tmp_path / f"list.{ending}")
    (tmp_path / f"list.{ending}").open("r+b", buffering=0).close()  # lets the thread go


def test_a_manifest_may_come_by_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "list.txt")
    threading.Thread(target=lambda: (tmp_path / "list.txt").write_text("a.png\nb.png\n"), daemon=True).start()
    found = list_documents(SourceConfig(path=str(tmp_path / "list.txt")))
    assert [ref.key for ref in found] == ["a.png", "b.png"]


def test_work_is_no_silence_and_waiting_is() -> None:
    """A folder of which nothing is taken may be large: what computes is waited for."""

    def works() -> Iterator[int]:
        end = time.thread_time() + 0.8
        while time.thread_time() < end:
            pass
        yield 1

    assert list(answering(works, "x", 0.1)) == [1]


def test_errors_order_and_an_early_end() -> None:
    def fails() -> Iterator[int]:
        yield from range(1000)
        raise ConfigError("no")

    taken: list[int] = []
    with pytest.raises(ConfigError, match="no"):
        taken.extend(answering(fails, "x", 5))
    before = threading.active_count()
    few = answering(lambda: iter(range(10**9)), "x", 5)
    assert [next(few), next(few)] == [0, 1]
    few.close()  # type: ignore[attr-defined]
    end = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() <= before


@pytest.mark.timeout(60)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_that_waits_for_its_source(how: signal.Signals, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "list.txt")
    command = [sys.executable, "-m", "rayocr", "plan", "-i", str(tmp_path / "list.txt")]
    options = ["-o", str(tmp_path / "out"), "-s", "engine.engine=fake"]
    process = subprocess.Popen([*command, *options], cwd=ROOT, env=environ(), stderr=subprocess.PIPE)
    writer = _when_read(tmp_path / "list.txt")
    try:
        process.send_signal(how)
        assert process.wait(30) == 130
    finally:
        process.kill()
        os.close(writer)
    assert b"Traceback" not in process.communicate()[1]


def _when_read(pipe: Path) -> int:
    """An end of the pipe, kept open and silent, as soon as somebody opened the other one."""
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # ENXIO: nobody yet
            time.sleep(0.05)
