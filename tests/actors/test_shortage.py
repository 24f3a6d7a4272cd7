"""What the machine lacks is waited for, then ends a run, and becomes no row of a page."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.contracts import DocRef, EngineInfo, Image, PageResult
from actors.decode import fault_of
from actors.decoding.child import Decoder
from actors.documents import read_and_decode
from actors.engines.child import ChildEngine
from actors.errors import IncompleteError, PageError
from actors.recognise import _ask
from actors.settings import DecodeConfig, EngineConfig, ModelsConfig
from actors.shortage import ShortageError, despite_shortage, shortage_in, shortage_of


def os_error(code: int) -> OSError:
    return OSError(code, os.strerror(code))


def failing(*errors: Exception) -> Callable[[], str]:
    """Raises these one after the other, then returns."""
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return call


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.shortage.time.sleep", lambda _seconds: None)


def test_pauses_grow_and_the_call_goes_on() -> None:
    slept: list[float] = []
    call = failing(os_error(errno.EMFILE), os_error(errno.ENOMEM), MemoryError())
    assert despite_shortage(call, sleep=slept.append) == "done"
    assert slept == sorted(slept) and len(slept) == 3


def test_the_last_try_names_the_shortage_and_the_cause() -> None:
    with pytest.raises(ShortageError) as end:
        despite_shortage(failing(*[os_error(errno.ENFILE)] * 99))
    assert isinstance(end.value, IncompleteError)
    assert "open files" in end.value.what
    assert os.strerror(errno.ENFILE) in end.value.why
    assert "ulimit -n" in end.value.remedy


@pytest.mark.parametrize("error", [os_error(errno.ENOENT), os_error(errno.EACCES), ValueError(), KeyError()])
def test_any_other_error_passes_at_once(error: Exception) -> None:
    with pytest.raises(type(error)):
        despite_shortage(failing(error), at_start=True)


def test_what_only_the_start_of_a_process_lacks() -> None:
    for code in (errno.EAGAIN, errno.ENOSPC):
        assert shortage_of(os_error(code)) is None
        assert shortage_of(os_error(code), at_start=True) is not None


def test_the_cause_of_an_error_counts() -> None:
    try:
        try:
            raise os_error(errno.EMFILE)
        except OSError as cause:
            raise PageError("read.throttled", "the store") from cause
    except PageError as error:
        assert shortage_of(error) is not None


@pytest.mark.parametrize(
    "words",
    [
        "ImportError: libz.so.1: cannot open shared object file: Too many open files",
        "bash: fork: retry: Resource temporarily unavailable",
        "OpenBLAS blas_thread_init: pthread_create failed for thread 3 of 8",
        "ImportError: x.so: failed to map segment from shared object",
        "OSError: [Errno 28] No space left on device",
    ],
)
def test_last_words_of_a_process(words: str) -> None:
    assert shortage_in(words) is not None
    assert shortage_in("ModuleNotFoundError: No module named cv2") is None


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_a_document_that_cannot_be_opened_for_lack_of_descriptors_gets_no_row(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"x")

    def refuse(_ref: DocRef, *_rest: Any) -> bytes:
        raise PageError("read.throttled", "as read_document says it") from os_error(code)

    monkeypatch.setattr("actors.documents.read_document", refuse)
    ref = DocRef("0" * 32, "a.png", str(path), "v")
    with Decoder(DecodeConfig()) as decoder, pytest.raises(ShortageError):
        list(read_and_decode(ref, decoder, DecodeConfig()))


def test_what_a_decoder_raises_for_a_shortage_is_no_damage() -> None:
    assert fault_of(os_error(errno.EIO)).code == "decode.corrupt"
    assert fault_of(MemoryError()).code == "decode.too_large", "the page's own limit"
    for error in (os_error(errno.EMFILE), RuntimeError("can't start new thread")):
        with pytest.raises(ShortageError):
            fault_of(error)


def test_memory_that_the_system_bounds_is_no_limit_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.decode.is_capped", lambda: True)
    with pytest.raises(ShortageError, match="memory"):
        fault_of(MemoryError())


class Short:
    """An engine that lacks something."""

    info: EngineInfo

    def __init__(self, error: Exception) -> None:
        self._error = error

    def recognize(self, pages: list[Image]) -> list[PageResult]:
        raise self._error

    def release(self) -> None: ...

    def close(self) -> None: ...


def test_an_engine_that_cannot_start_a_thread_blames_no_page() -> None:
    pages = [np.zeros((4, 4, 3), np.uint8)]
    with pytest.raises(ShortageError):
        _ask(pages, Short(RuntimeError("can't start new thread")))
    assert not isinstance(_ask(pages, Short(ValueError("a bug"))), list), "that is the page's"


@pytest.mark.faults
@pytest.mark.parametrize(
    "error", [BlockingIOError(errno.EAGAIN, "again"), os_error(errno.EMFILE), MemoryError()]
)
def test_an_engine_whose_fresh_process_cannot_be_started_blames_no_page(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = EngineConfig.model_validate({"engine": "fake", "fake": {"ff0000": "crash"}})
    engine = ChildEngine(config, ModelsConfig(), 1, 30.0)
    engine._drop()

    def none(*_arguments: Any, **_named: Any) -> Any:
        raise error

    monkeypatch.setattr("actors.process.subprocess.Popen", none)
    with pytest.raises(ShortageError):
        _ask([np.zeros((4, 4, 3), np.uint8)], engine)
    engine.close()
