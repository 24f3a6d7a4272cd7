"""The killable decoder: whatever a document does, each of its pages is given once, in order."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from actors.contracts import DecodedPage
from actors.decode import decode_document
from actors.decoding.child import Decoder
from actors.errors import IncompleteError
from actors.process import ChildProcess
from actors.settings import DecodeConfig
from actors.shortage import ShortageError
from tests.actors.hostile_child import script

pytestmark = pytest.mark.faults
CONFIG = DecodeConfig(timeout_s=30.0, memory_limit_mb=512, sandbox="off")
SCRIPTED = "tests.actors.hostile_child:serve_scripts"


@pytest.fixture(scope="module")
def scripted() -> Iterator[Decoder]:
    with Decoder(CONFIG, SCRIPTED) as decoder:
        yield decoder


@pytest.fixture(scope="module")
def impatient() -> Iterator[Decoder]:
    """For what hangs. What doesn't must not be taken for it where the machine is busy: two seconds."""
    with Decoder(CONFIG.model_copy(update={"timeout_s": 2.0}), SCRIPTED) as decoder:
        yield decoder


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder(DecodeConfig()) as real:
        yield real


def outcome(pages: list[DecodedPage]) -> list[tuple[int, str]]:
    return [(page.page_index, page.fault.code if page.fault else "ok") for page in pages]


def png(width: int = 30, height: int = 20) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def test_gives_what_the_decoder_gives(decoder: Decoder) -> None:
    ours, theirs = list(decoder.pages(png())), list(decode_document(png(), DecodeConfig()))
    assert outcome(ours) == outcome(theirs) == [(0, "ok")]
    assert np.array_equal(ours[0].image, theirs[0].image)
    assert ours[0].image.flags.c_contiguous and ours[0].info == theirs[0].info


def test_stays_warm(decoder: Decoder) -> None:
    assert outcome(list(decoder.pages(png()))) == [(0, "ok")]
    pids = set()
    for _ in range(20):
        list(decoder.pages(png()))
        pids.add(decoder.pid)
    assert pids == {decoder.pid}
    assert decoder.pid != os.getpid()


@pytest.mark.parametrize("content", [b"", b"no picture", png()[:60]])
def test_bad_content_keeps_the_child(decoder: Decoder, content: bytes) -> None:
    list(decoder.pages(png()))
    pid = decoder.pid
    (page,) = decoder.pages(content)
    assert page.fault is not None and page.image is None
    assert decoder.pid == pid


def test_memoryview_and_large_content(decoder: Decoder) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (900, 1100, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "BMP")
    (page,) = decoder.pages(memoryview(buffer.getvalue()))
    assert np.array_equal(page.image, noise)


def test_a_page_that_hangs_is_lost_alone(impatient: Decoder) -> None:
    started = time.monotonic()
    pages = list(impatient.pages(script("ok", "hang", "ok")))
    assert outcome(pages) == [(0, "ok"), (1, "decode.timeout"), (2, "ok")]
    assert {page.page_count for page in pages} == {3} and {page.format for page in pages} == {"script"}
    assert 2.0 <= time.monotonic() - started < 30.0
    assert "2 s" in pages[1].fault.message


def test_an_opening_that_hangs_is_one_page(impatient: Decoder) -> None:
    (page,) = impatient.pages(script("ok", "ok", opening="hang"))
    assert (page.page_index, page.page_count, page.fault.code) == (0, None, "decode.timeout")


def test_gives_up_after_three_pages(impatient: Decoder) -> None:
    pages = list(impatient.pages(script("hang", "ok", "hang", "hang", "ok", "ok")))
    codes = ["decode.timeout", "ok", *["decode.timeout"] * 4]
    assert outcome(pages) == list(enumerate(codes))


def test_a_page_that_kills_is_tried_twice(scripted: Decoder, tmp_path: Path) -> None:
    marker = tmp_path / "log"
    pages = list(scripted.pages(script("ok", "die", "ok", marker=marker)))
    assert outcome(pages) == [(0, "ok"), (1, "decode.crashed"), (2, "ok")]
    assert marker.read_text().split() == ["0", "1", "1", "2"]
    assert "SIGSEGV" in pages[1].fault.message


def test_a_crash_that_passes_leaves_no_trace(scripted: Decoder, tmp_path: Path) -> None:
    pages = list(scripted.pages(script("ok", "die once", "ok", marker=tmp_path / "log")))
    assert outcome(pages) == [(0, "ok"), (1, "ok"), (2, "ok")]


def test_an_opening_that_kills_is_one_page(scripted: Decoder) -> None:
    (page,) = scripted.pages(script("ok", opening="die"))
    assert (page.page_index, page.page_count, page.fault.code) == (0, None, "decode.crashed")


def test_a_death_behind_the_last_page_adds_no_row(scripted: Decoder) -> None:
    assert outcome(list(scripted.pages(script("ok", "ok", closing="die")))) == [(0, "ok"), (1, "ok")]


def test_skipped_pages_stay_skipped(impatient: Decoder) -> None:
    pages = list(impatient.pages(script("ok", "die", "ok", "hang", "ok"), skip=(0, 1)))
    assert outcome(pages) == [(2, "ok"), (3, "decode.timeout"), (4, "ok")]
    assert list(impatient.pages(script("ok", "ok"), skip=(0, 1))) == []


def test_no_second_row_for_a_done_page_of_a_document_that_went_bad(scripted: Decoder) -> None:
    for opening in ("die", "refuse"):
        (page,) = scripted.pages(script("ok", "ok", opening=opening), skip=(0,))
        assert (page.page_index, page.page_count) == (1, None)


def test_memory_has_a_limit() -> None:
    with Decoder(DecodeConfig(memory_limit_mb=512, sandbox="off"), SCRIPTED) as decoder:
        pages = list(decoder.pages(script("ok", "swallow", "ok")))
        assert outcome(pages) == [(0, "ok"), (1, "decode.too_large"), (2, "ok")]
        assert "memory_limit_mb" in pages[1].fault.message
        (page,) = decoder.pages(memoryview(bytes(513 << 20)))
        assert (page.fault.code, page.page_count) == ("decode.too_large", None)


def test_leaving_early_ends_the_child_and_the_next_document_is_fine(scripted: Decoder) -> None:
    pages = scripted.pages(script("ok", "ok", "ok"))
    next(pages)
    pages.close()
    assert scripted.pid is None
    assert outcome(list(scripted.pages(script("ok")))) == [(0, "ok")]


def test_a_child_killed_from_outside_is_replaced(scripted: Decoder) -> None:
    list(scripted.pages(script("ok")))
    os.kill(scripted.pid, 9)
    time.sleep(0.2)
    assert outcome(list(scripted.pages(script("ok", "ok")))) == [(0, "ok"), (1, "ok")]


def test_where_no_child_can_be_started_no_page_is_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.process.sys.executable", "/nowhere/python")
    with Decoder(CONFIG) as decoder, pytest.raises(IncompleteError, match="No decoder can be started") as end:
        list(decoder.pages(png()))
    assert "FileNotFoundError" in end.value.why


def test_a_child_that_cannot_load_its_target_blames_no_page() -> None:
    hostile = Decoder(CONFIG, "tests.actors.hostile_child:no_such_function")
    with hostile as decoder, pytest.raises(IncompleteError) as end:
        list(decoder.pages(png()))
    assert "no_such_function" in end.value.why


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOSPC])
def test_a_shortage_at_the_start_of_a_child_is_waited_for(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []
    real = subprocess.Popen

    def popen(*arguments: Any, **named: Any) -> Any:
        tries.append(1)
        if len(tries) < 3:
            raise OSError(code, os.strerror(code))
        return real(*arguments, **named)

    monkeypatch.setattr("actors.process.subprocess.Popen", popen)
    monkeypatch.setattr("actors.shortage.time.sleep", lambda _seconds: None)
    with Decoder(CONFIG) as decoder:
        assert outcome(list(decoder.pages(png()))) == [(0, "ok")]
    assert len(tries) == 3


@pytest.mark.parametrize(
    "error",
    [
        BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
        OSError(errno.EMFILE, "Too many open files"),
        FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp', '/var/tmp']"),
        RuntimeError("can't start new thread"),
        MemoryError(),
    ],
    ids=repr,
)
def test_a_shortage_that_lasts_ends_the_run_and_is_named(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_arguments: Any, **_named: Any) -> Any:
        raise error

    monkeypatch.setattr("actors.process.tempfile.TemporaryFile", none)
    monkeypatch.setattr("actors.shortage.time.sleep", lambda _seconds: None)
    with Decoder(CONFIG) as decoder, pytest.raises(ShortageError, match="is short of") as end:
        list(decoder.pages(png()))
    assert end.value.exit_code == 4 and end.value.why and "same command" in end.value.remedy


def test_a_shortage_in_the_child_is_tried_again_and_no_fault_of_the_page(
    scripted: Decoder, tmp_path: Path
) -> None:
    pages = list(scripted.pages(script("ok", "short once", "ok", marker=tmp_path / "log")))
    assert outcome(pages) == [(0, "ok"), (1, "ok"), (2, "ok")]


def test_a_child_that_says_for_ever_that_it_is_short_does_not_end_the_run(
    scripted: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be hostile; other children start, so that the machine has what they need."""
    monkeypatch.setattr("actors.decoding.child.PAUSES_S", (0.1,))
    pages = list(scripted.pages(script("ok", "short", "ok", marker=tmp_path / "log")))
    assert outcome(pages) == [(0, "ok"), (1, "decode.crashed"), (2, "ok")]
    assert "short of open files" in pages[1].fault.message


def test_memory_that_the_system_bounds_ends_the_run(
    scripted: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.decoding.child.PAUSES_S", (0.1,))
    monkeypatch.setattr("actors.decoding.child.capped_below", lambda _mb: True)
    with pytest.raises(ShortageError, match="short of memory"):
        list(scripted.pages(script("no memory")))


def test_a_picture_that_the_parent_has_no_memory_for_is_no_fault_of_the_page(
    scripted: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def receive(_child: ChildProcess, *_rest: object) -> Any:
        raise MemoryError

    monkeypatch.setattr("actors.decoding.child.PAUSES_S", (0.1,))
    assert outcome(list(scripted.pages(script("ok")))) == [(0, "ok")]
    monkeypatch.setattr(ChildProcess, "receive_message", receive)
    with pytest.raises(ShortageError, match="short of memory"):
        list(scripted.pages(script("ok")))


@pytest.mark.slow
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["ok", "ok", "fail", "die", "swallow"]), min_size=1, max_size=6),
    st.sets(st.integers(0, 6), max_size=3),
    st.sampled_from(["ok", "die"]),
)
def test_one_row_a_page_whatever_happens(
    scripted: Decoder, pages: list[str], skip: set[int], closing: str
) -> None:
    found = list(scripted.pages(script(*pages, closing=closing), skip))
    assert [page.page_index for page in found] == [i for i in range(len(pages)) if i not in skip]
    assert all((page.image is None) != (page.fault is None) for page in found)
    lost = 0
    for page in found:
        told = pages[page.page_index]
        if lost < 3:
            assert (page.fault is None) == (told == "ok")
        lost += told == "die"
