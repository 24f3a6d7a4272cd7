"""The recognise stage: one result a page, in order, whatever the engine does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from actors.contracts import (
    DecodedPage,
    DocRef,
    EngineInfo,
    Fault,
    Image,
    Line,
    Page,
    PageResult,
    document_id,
)
from actors.errors import EngineDiedError, IncompleteError
from actors.journal import MemoryJournal
from actors.recognise import recognise


def page(number: int, fault: Fault | None = None) -> Page:
    key = f"{number}.png"
    image = None if fault else np.full((4, 4, 3), number, dtype=np.uint8)
    return Page(DocRef(document_id(key), key, key, "v"), DecodedPage(0, 1, "png", image=image, fault=fault))


class ScriptedEngine:
    """Reads the grey value of a page; acts as told for some values."""

    def __init__(self, acts: dict[int, str]) -> None:
        self.acts = acts
        self.calls: list[list[int]] = []

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("scripted", "1", "none", "f32", {}, {})

    def recognize(self, pages: Sequence[Image]) -> list[PageResult]:
        values = [int(image[0, 0, 0]) for image in pages]
        self.calls.append(values)
        for value in values:
            act = self.acts.get(value)
            if act in ("ocr.crashed", "ocr.timeout"):
                raise EngineDiedError(act, "was killed by SIGSEGV")
            if act == "raise":
                raise ValueError("bad page")
            if act == "memory":
                raise MemoryError("too big")
            if act == "short":
                return []
        return [PageResult((Line(str(value), 1.0, (0.0,) * 8),)) for value in values]

    def release(self) -> None: ...

    def close(self) -> None: ...


def run(acts: dict[int, str], numbers: Sequence[int]) -> tuple[list[str], ScriptedEngine]:
    engine = ScriptedEngine(acts)
    answers = recognise([page(number) for number in numbers], engine, MemoryJournal())
    assert [answer.page.ref.key for answer in answers] == [f"{number}.png" for number in numbers]
    found = [
        answer.result.fault.code if answer.result.fault else answer.result.lines[0].text for answer in answers
    ]
    return found, engine


def test_one_call_for_a_batch_without_trouble() -> None:
    found, engine = run({}, [1, 2, 3])
    assert found == ["1", "2", "3"]
    assert engine.calls == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("act", "code"), [("raise", "ocr.failed"), ("memory", "ocr.out_of_memory"), ("short", "ocr.failed")]
)
def test_a_page_fails_alone(act: str, code: str) -> None:
    found, _ = run({2: act}, [1, 2, 3])
    assert found == ["1", code, "3"]


@pytest.mark.parametrize("code", ["ocr.crashed", "ocr.timeout"])
def test_a_killing_page_is_quarantined_after_two_deaths(code: str) -> None:
    found, engine = run({2: code}, [1, 2, 3])
    assert found == ["1", code, "3"]
    assert sum(2 in call for call in engine.calls) == 2, "once in the group, once alone"


def test_a_killing_page_tells_how_the_process_ended() -> None:
    answers = recognise([page(1)], ScriptedEngine({1: "ocr.crashed"}), MemoryJournal())
    fault = answers[0].result.fault
    assert fault is not None
    assert fault.message.endswith("2 of them alone; the last time its process was killed by SIGSEGV.")


def test_a_killing_page_alone_dies_twice_before_it_is_given_up() -> None:
    found, engine = run({1: "ocr.crashed"}, [1])
    assert found == ["ocr.crashed"]
    assert engine.calls == [[1], [1]]


def test_several_killing_pages_in_one_batch() -> None:
    found, _ = run({1: "ocr.crashed", 3: "ocr.timeout", 4: "raise"}, [0, 1, 2, 3, 4])
    assert found == ["0", "ocr.crashed", "2", "ocr.timeout", "ocr.failed"]


@pytest.mark.parametrize("tells", [True, False])
def test_a_pages_time_is_its_own_where_the_engine_tells_it(tells: bool) -> None:
    class Timed(ScriptedEngine):
        def recognize(self, pages: Sequence[Image]) -> list[PageResult]:
            time.sleep(0.02)
            found = super().recognize(pages)
            return (
                [replace(one, took_ms=10.0 * number) for number, one in enumerate(found)] if tells else found
            )

    answers = recognise([page(1), page(2), page(3)], Timed({}), MemoryJournal())
    shares = [answer.ocr_ms / sum(one.ocr_ms for one in answers) for answer in answers]
    assert shares == pytest.approx([0, 1 / 3, 2 / 3] if tells else [1 / 3] * 3)
    assert sum(answer.ocr_ms for answer in answers) >= 20


def test_a_page_that_was_not_decoded_never_meets_the_engine() -> None:
    engine = ScriptedEngine({})
    fault = Fault("decode.corrupt", "cut off")
    answers = recognise([page(1), page(2, fault), page(3)], engine, MemoryJournal())
    assert engine.calls == [[1, 3]]
    assert answers[1].page.decoded.fault == fault
    assert answers[1].attempts == 0


def test_suspects_of_a_dead_process_are_run_alone_after_the_others() -> None:
    journal = MemoryJournal()
    journal.note([page(1).identity, page(2).identity])
    engine = ScriptedEngine({})
    answers = recognise([page(1), page(2), page(3)], engine, journal)
    assert engine.calls == [[3], [1], [2]]
    assert [answer.attempts for answer in answers] == [2, 2, 1]
    assert not journal.deaths([answer.page.identity for answer in answers])


def test_an_engine_that_cannot_go_on_ends_the_run_and_fails_no_page() -> None:
    class Broken(ScriptedEngine):
        def recognize(self, pages: Sequence[Image]) -> list[PageResult]:
            raise IncompleteError("the engine could not be started")

    with pytest.raises(IncompleteError):
        recognise([page(1)], Broken({}), MemoryJournal())


def test_the_same_page_twice_in_a_batch_keeps_what_each_carried() -> None:
    twins = [replace(page(1), ref=replace(page(1).ref, meta={"shelf": shelf})) for shelf in "ab"]
    answers = recognise(twins, ScriptedEngine({}), MemoryJournal())
    assert [answer.page.ref.meta["shelf"] for answer in answers] == ["a", "b"]
