"""What a child answers is parsed: declared messages come through whole, and nothing else does anything."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
from collections.abc import Iterator
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.attached import Attached, Attachment
from actors.codec import Codec
from actors.contracts import DecodedPage, DecodeInfo, EngineInfo, Fault, Line, PageResult, Word
from actors.deadline import deadline
from actors.decoding import messages as decoder
from actors.decoding.child import Decoder
from actors.decoding.messages import Content, Idle, Opened, Unconfined
from actors.engines import messages as engine
from actors.engines.messages import Answer, Failure, Refused
from actors.errors import ConfigError, ModelError
from actors.gauge import Usage
from actors.governor import Relief
from actors.process import ChildAnswerError, ChildProcess, ChildTimeoutError
from actors.settings import DecodeConfig
from actors.wire import Bounds, FrameError, frame_parts, read_frame
from tests.actors.lying_child import Bomb, framed

CHILD = "tests.actors.lying_child"
BOUNDS = Bounds(1 << 20, 1 << 20)
texts = st.text(st.characters(), max_size=30)
numbers = st.floats(allow_nan=False)
whole = st.integers(-(1 << 63), (1 << 63) - 1)
faults = st.builds(Fault, texts, texts)
notices = st.lists(texts, max_size=3).map(tuple)
pictures = st.tuples(st.integers(1, 9), st.integers(1, 9)).map(
    lambda size: np.arange(size[0] * size[1] * 3, dtype=np.uint8).reshape(*size, 3)
)
pages = st.builds(
    DecodedPage,
    whole,
    st.none() | whole,
    st.none() | texts,
    st.none() | pictures,
    st.none() | faults,
    st.none() | numbers,
    st.none() | st.builds(DecodeInfo, whole, st.none() | numbers, numbers),
    numbers,
    notices,
)
polygons = st.lists(numbers, min_size=8, max_size=8).map(tuple)
words = st.none() | st.lists(st.builds(Word, texts, polygons), max_size=2).map(tuple)
lines = st.builds(Line, texts, numbers, polygons, whole, words)
results = st.builds(
    PageResult,
    st.lists(lines, max_size=3).map(tuple),
    whole,
    st.none() | faults,
    notices,
    st.lists(numbers, max_size=3).map(tuple),
    st.none() | numbers,
)
reliefs = st.builds(
    Relief,
    st.booleans(),
    st.booleans(),
    whole,
    st.none() | st.builds(Usage, whole, numbers, st.none() | numbers, st.booleans(), st.none() | whole),
)
FROM_DECODERS = st.one_of(
    pages,
    faults,
    st.builds(Idle, numbers, numbers),
    st.builds(Opened, whole, texts, notices),
    st.builds(Unconfined, notices),
    st.builds(Content, st.binary(max_size=50)),
    st.builds(Attached, st.lists(st.builds(Attachment, whole, texts), max_size=3).map(tuple), whole),
)
FROM_ENGINES = st.one_of(
    st.builds(
        Answer,
        st.lists(results, max_size=3).map(tuple),
        reliefs,
        st.none() | st.builds(Failure, st.booleans(), texts),
    ),
    st.builds(EngineInfo, *[texts] * 4, *[st.dictionaries(texts, texts, max_size=3)] * 2, texts, whole),
    st.builds(Refused, st.sampled_from(["ConfigError", "ModelError"]), texts, texts, texts),
)


def parsed(codec: Codec, data: bytes, bounds: Bounds = BOUNDS) -> Any:
    stream = io.BytesIO(data)

    def fill(view: memoryview) -> None:
        if stream.readinto(view) < len(view):
            raise EOFError

    return codec.decode(*read_frame(fill, bounds))


def same(one: object, other: object) -> bool:
    """Equal in all fields, those that comparison leaves out too."""
    if isinstance(one, DecodedPage) and isinstance(other, DecodedPage):
        if (one.image is None) != (other.image is None):
            return False
        if one.image is not None and not (
            np.array_equal(one.image, other.image) and other.image.flags.writeable
        ):
            return False
        return all(
            getattr(one, name) == getattr(other, name) for name in DecodedPage.__slots__ if name != "image"
        )
    return type(one) is type(other) and repr(one) == repr(other)


@settings(deadline=None, max_examples=150)
@given(FROM_DECODERS)
def test_messages_of_decoders_come_through(message: object) -> None:
    assert same(message, parsed(decoder.CODEC, framed(decoder.CODEC, message)))


@settings(deadline=None, max_examples=150)
@given(FROM_ENGINES)
def test_messages_of_engines_come_through(message: object) -> None:
    assert same(message, parsed(engine.CODEC, framed(engine.CODEC, message)))


def test_scalars_of_numpy_become_numbers_of_the_same_value() -> None:
    line = Line(np.str_("a"), np.float32(0.1), tuple(np.arange(8, dtype=np.float32) / 3), np.int64(2))
    answer = Answer((PageResult((line,), np.int16(90)),), Relief())
    (found,) = parsed(engine.CODEC, framed(engine.CODEC, answer)).results
    assert found.lines[0] == line and found.rotation == 90
    assert type(found.lines[0].score) is float and type(found.lines[0].block) is int


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_any_bytes_are_a_message_or_refused(data: st.DataObject) -> None:
    """Random bytes, random heads, and valid frames with bytes changed, cut, and put in."""
    codec, messages = data.draw(
        st.sampled_from([(decoder.CODEC, FROM_DECODERS), (engine.CODEC, FROM_ENGINES)])
    )
    frame = bytearray(framed(codec, data.draw(messages)))
    match data.draw(st.sampled_from(["bytes", "head", "mutated", "cut"])):
        case "bytes":
            frame = bytearray(data.draw(st.binary(max_size=200)))
        case "head":
            frame = bytearray(b"".join(frame_parts(data.draw(st.binary(max_size=100)), [])))
        case "mutated":
            for _ in range(data.draw(st.integers(1, 4))):
                frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
        case "cut":
            del frame[data.draw(st.integers(0, len(frame))) :]
    try:
        message = parsed(codec, bytes(frame))
    except (FrameError, EOFError):
        return
    assert same(message, parsed(codec, framed(codec, message)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=10) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=20,
)


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(["DecodedPage", "Opened", "Attached", "Answer", "EngineInfo", "Refused", "Idle"]), JSON
)
def test_any_fields_are_a_message_or_refused(name: str, value: object) -> None:
    for codec in (decoder.CODEC, engine.CODEC):
        try:
            codec.decode(json.dumps([name, value]).encode(), [np.zeros(27, np.uint8)])
        except FrameError:
            continue
        raise AssertionError("no message above has a buffer that random fields name")


@pytest.mark.parametrize("head", [
    b"[" * 100_000, b'{"a":' * 50_000, b"1" * 5000, b'["Idle",[1,' + b"9" * 5000 + b"]]", b"\xff\xfe", b"",
    b'["Idle",[1e999,true]]', b'["os.system",["x"]]', b'["Codec",[]]', b'[["Idle"],[1,2]]',
    b'["Idle",{"fresh_mb":1}]',
    b'["Idle",[1,2,3]]', b'["Idle",[1]]', b'["Opened",[1.0,"png",[]]]', b'["Opened",[true,"png",[]]]',
    b'["DecodedPage",[0,1,"png",[-1,-3,3],null,null,null,0,[]]]',
    b'["DecodedPage",[0,1,"png",[9,1,3,1],null,null,null,0,[]]]',
    b'["DecodedPage",[0,1,"png",[4611686018427387904,4,3],null,null,null,0,[]]]',
    b'["Content",[26]]', b'["Content",[27.0]]', b'["Idle",[1,2]]',
])  # fmt: skip
def test_heads_that_no_child_of_ours_sends(head: bytes) -> None:
    with pytest.raises(FrameError):
        decoder.CODEC.decode(head, [np.zeros(27, np.uint8)])


@pytest.mark.parametrize(("length", "count", "sizes"), [
    (1 << 31, 0, ()), (2, 2, (1, 1)), (2, 1 << 31, ()), (2, 1, ((1 << 64) - 1,)), (2, 1, ((1 << 20) + 1,)),
])  # fmt: skip
def test_what_a_frame_claims_is_not_allocated(length: int, count: int, sizes: tuple[int, ...]) -> None:
    claim = struct.pack("!4sII", b"rayo", length, count) + struct.pack(f"!{len(sizes)}Q", *sizes)
    tracemalloc.start()
    with pytest.raises(FrameError):
        parsed(decoder.CODEC, claim + bytes(100))
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_errors_keep_their_kind() -> None:
    error = Refused.of(ModelError("what", "why", "remedy")).error
    assert type(error) is ModelError and (error.what, error.why, error.remedy) == ("what", "why", "remedy")


@pytest.mark.parametrize("message", [
    Opened(20001, "pdf"), Opened(0, "pdf"), Opened(1, "pdf", ("no.notice",)), Fault("no.code", "x"),
    DecodedPage(0, 1, "png"), DecodedPage(0, None, "png", image=np.zeros((1, 1, 3), np.uint8)),
    DecodedPage(0, 1, "png", fault=Fault("os.error", "x")),
    Attached((Attachment(0, "../x"),)), Attached((Attachment(0, "a"), Attachment(1, "a"))),
    Attached((Attachment(0, "a"), Attachment(0, "b"))), Attached((Attachment(-1, "a"),)),
    Attached((Attachment(0, ".."),)), Attached((Attachment(0, "a\x1b[2J"),)),
])  # fmt: skip
def test_well_formed_and_still_no_answer_of_ours(message: object) -> None:
    with pytest.raises(FrameError):
        decoder.check(message, DecodeConfig())


@pytest.mark.faults
@pytest.mark.parametrize("how", ["pickle", "as before", "in a frame", "rows of others"])
def test_a_bomb_does_nothing(how: str, tmp_path: Path) -> None:
    path = tmp_path / "made"
    with ChildProcess(f"{CHILD}:explode", (how, str(path))) as child:
        with pytest.raises(ChildAnswerError, match="cannot be read"):
            child.receive_message(decoder.CODEC, BOUNDS, deadline(60, child.pid))
        assert not path.exists()


def test_the_bomb_goes_off_where_it_is_unpickled(tmp_path: Path) -> None:
    """Or the test above would show nothing."""
    here, there = Pipe()
    there.send(Bomb(str(tmp_path / "made")))
    here.recv()
    assert (tmp_path / "made").exists()


@pytest.mark.faults
@pytest.mark.parametrize("how", ["half a frame", "drop by drop"])
def test_half_an_answer_is_late(how: str, tmp_path: Path) -> None:
    with (
        ChildProcess(f"{CHILD}:explode", (how, str(tmp_path))) as child,
        pytest.raises(ChildTimeoutError),
    ):
        child.receive_message(decoder.CODEC, Bounds(1 << 20, 1 << 30), deadline(0.8, child.pid))


@pytest.mark.faults
def test_who_takes_nothing_is_late() -> None:
    with ChildProcess(f"{CHILD}:deaf") as child, pytest.raises(ChildTimeoutError):
        child.send_by(np.zeros(8 << 20, np.uint8), deadline(0.8, child.pid))


@pytest.mark.faults
def test_a_child_that_was_taken_over_loses_and_doubles_no_page() -> None:
    """Each lies in its own way; every page of the document has its row, once, and says that it failed."""
    for lie in ("twice", "skip", "early", "other", "more", "idle first", "unasked", "bytes"):
        with Decoder(DecodeConfig(timeout_s=30, sandbox="off"), f"{CHILD}:lie") as liar:
            found = list(liar.pages(lie.encode()))
        indexes = [page.page_index for page in found]
        assert indexes == sorted(set(indexes)), lie
        crashed = any(page.fault is not None and page.fault.code == "decode.crashed" for page in found)
        assert crashed or lie == "twice", lie  # of which the first of each is as good as any
        if found[0].page_count is not None:
            assert indexes == [0, 1, 2], lie


def test_a_config_error_of_a_missing_box_is_three_lines() -> None:
    from actors.decoding.start import no_box

    error = no_box(("the kernel filters no system calls (seccomp)",))
    assert isinstance(error, ConfigError) and error.exit_code == 2 and len(str(error).splitlines()) == 3


@pytest.fixture(autouse=True)
def no_trace_left() -> Iterator[None]:
    yield
    tracemalloc.stop()
