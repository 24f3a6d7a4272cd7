"""Pages that do not fit into the engine's memory: batches are halved, pages scaled down, and none is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.contracts import DecodedPage, DocRef, Image, Line, Page, PageResult, Word, document_id
from actors.engines.fake import FakeEngine
from actors.journal import MemoryJournal
from actors.portions import Portion
from actors.recognise import recognise
from actors.rows import Recognised
from actors.settings import EngineConfig
from actors.smaller import halved, scaled_back


class CountingEngine(FakeEngine):
    """The fake engine, with the sizes of its calls."""

    def __init__(self, **acts: str) -> None:
        super().__init__(EngineConfig(engine="fake", fake=acts))
        self.calls: list[list[int]] = []

    def recognize(self, pages: Sequence[Image]) -> list[PageResult]:
        self.calls.append([page.shape[0] * page.shape[1] for page in pages])
        return super().recognize(pages)


def page(number: int, height: int = 4, width: int = 4, corner: tuple[int, int, int] = (1, 2, 3)) -> Page:
    key = f"{number:03}.png"
    image = np.random.default_rng(number).integers(0, 255, (height, width, 3), dtype=np.uint8)
    image[0, 0] = corner
    return Page(DocRef(document_id(key), key, key, "v"), DecodedPage(0, 1, "png", image=image))


def alone(one: Page, engine: FakeEngine) -> PageResult:
    return recognise([one], engine, MemoryJournal())[0].result


def codes(answers: Sequence[Recognised]) -> list[str | None]:
    return [answer.result.fault.code if answer.result.fault else None for answer in answers]


SIDES = st.tuples(st.integers(1, 30), st.integers(1, 30))


@settings(deadline=None, max_examples=200)
@given(
    sizes=st.lists(SIDES, min_size=1, max_size=24),
    fits=st.integers(1, 1000),
    batch=st.integers(1, 12),
)
def test_with_an_allocator_that_refuses_every_page_is_as_it_is_alone(
    sizes: list[tuple[int, int]], fits: int, batch: int
) -> None:
    pages = [page(number, *size) for number, size in enumerate(sizes)]
    engine, portion, journal = CountingEngine(fits=str(fits)), Portion(), MemoryJournal()
    answers = [
        answer
        for start in range(0, len(pages), batch)
        for answer in recognise(pages[start : start + batch], engine, journal, portion=portion)
    ]
    assert [answer.page for answer in answers] == pages
    assert [answer.result for answer in answers] == [alone(one, engine) for one in pages]
    assert not journal.deaths([one.identity for one in pages]), "pages that did not fit are no suspects"
    for one, answer in zip(pages, answers, strict=True):
        image = one.decoded.image
        assert image is not None
        assert (answer.result.fault is None) == (-(-image.shape[0] // 2) * -(-image.shape[1] // 2) <= fits)


def test_a_batch_is_halved_and_not_taken_apart() -> None:
    engine = CountingEngine(fits="64")
    answers = recognise([page(number) for number in range(16)], engine, MemoryJournal())
    assert [sum(call) for call in engine.calls] == [256, 128, 64, 64, 64, 64]
    assert {answer.attempts for answer in answers[:4]} == {3}


def test_what_was_learned_holds_for_later_batches() -> None:
    engine, portion = CountingEngine(fits="64"), Portion()
    for start in (0, 16, 32):
        pages = [page(number) for number in range(start, start + 16)]
        answers = recognise(pages, engine, MemoryJournal(), portion=portion)
        assert codes(answers) == [None] * 16
    assert sum(sum(call) > 64 for call in engine.calls) == 2, "refused in the first batch alone"
    assert portion.halvings == 2


def test_a_limit_grows_again_and_is_not_tried_often() -> None:
    engine, portion = CountingEngine(fits="64"), Portion()
    for start in range(0, 16 * 100, 16):
        recognise(
            [page(number) for number in range(start, start + 16)], engine, MemoryJournal(), portion=portion
        )
    refused = sum(sum(call) > 64 for call in engine.calls)
    assert 3 <= refused <= 2 + len(engine.calls) / 50


def test_large_pages_do_not_split_batches_of_small_ones() -> None:
    engine, portion = CountingEngine(fits="1000"), Portion()
    recognise([page(number, 30, 30) for number in range(4)], engine, MemoryJournal(), portion=portion)
    engine.calls.clear()
    recognise([page(number) for number in range(16)], engine, MemoryJournal(), portion=portion)
    assert [len(call) for call in engine.calls] == [16]


def test_a_page_that_does_not_fit_alone_is_read_at_half_its_sides() -> None:
    engine = CountingEngine(fits="200")
    one = page(1, 21, 30)
    (answer,) = recognise([one], engine, MemoryJournal())
    assert engine.calls == [[630], [630], [11 * 15]], "first again, after a release"
    assert answer.attempts == 3
    assert answer.result.lines[0].text == "page 15x11"
    assert answer.result.lines[0].polygon == (0, 0, 30, 0, 30, 10.5, 0, 10.5)


class PiecesEngine(CountingEngine):
    """Its memory falls to pieces: with each call the largest one is smaller, until it is given back."""

    def __init__(self, whole: int, lost: int) -> None:
        super().__init__()
        self._whole, self._lost, self._piece = whole, lost, whole

    def recognize(self, pages: Sequence[Image]) -> list[PageResult]:
        wanted = sum(one.shape[0] * one.shape[1] for one in pages)
        if wanted > self._piece:
            raise MemoryError("Failed to allocate memory for requested buffer")
        self._piece -= self._lost
        return super().recognize(pages)

    def release(self) -> None:
        self._piece = self._whole


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=40), st.integers(1, 60), st.integers(1, 12))
def test_memory_in_pieces_costs_no_page_its_size(sides: list[int], lost: int, batch: int) -> None:
    """There is always enough for the largest page, in one piece only after a release."""
    pages = [page(number, side, 20) for number, side in enumerate(sides)]
    engine, portion = PiecesEngine(400, lost), Portion()
    answers = [
        answer
        for start in range(0, len(pages), batch)
        for answer in recognise(pages[start : start + batch], engine, MemoryJournal(), portion=portion)
    ]
    expected = FakeEngine(EngineConfig(engine="fake"))
    assert [answer.result for answer in answers] == [alone(one, expected) for one in pages]


class NeighbouredEngine(CountingEngine):
    """A neighbour takes of its card for some calls, and leaves again."""

    def recognize(self, pages: Sequence[Image]) -> list[PageResult]:
        self._fits = 48 if 5 <= len(self.calls) < 40 else 256
        return super().recognize(pages)


def test_a_neighbour_that_comes_and_goes_costs_no_page_and_not_the_batches_for_ever() -> None:
    engine, portion = NeighbouredEngine(), Portion()
    for start in range(0, 16 * 500, 16):
        pages = [page(number) for number in range(start, start + 16)]
        answers = recognise(pages, engine, MemoryJournal(), portion=portion)
        assert codes(answers) == [None] * 16
        assert [answer.result.lines[0].text for answer in answers] == ["page 4x4"] * 16
    sizes = [len(call) for call in engine.calls]
    assert max(sizes[:5]) == 16
    assert max(sizes[10:40]) <= 3
    assert sizes[-8:] == [16] * 8, "all of it again"


def test_a_page_that_does_not_fit_at_all_is_failed_and_takes_no_other_along() -> None:
    engine = CountingEngine(fits="20")
    answers = recognise([page(1), page(2, 16, 16), page(3)], engine, MemoryJournal())
    assert codes(answers) == [None, "ocr.out_of_memory", None]


def test_an_engine_that_says_so_of_one_page_is_asked_for_its_half() -> None:
    engine = CountingEngine(ff0000="memory")
    answers = recognise([page(1), page(2, corner=(255, 0, 0)), page(3)], engine, MemoryJournal())
    assert codes(answers) == [None, None, None], "half of the page has another colour in its corner"
    assert answers[1].result.lines[0].text == "page 2x2"


def test_memory_and_other_faults_in_one_batch() -> None:
    engine = CountingEngine(fits="40", ff0000="raise", **{"00ff00": "wrong_count"})
    corners = {2: (255, 0, 0), 5: (0, 255, 0)}
    pages = [page(number, corner=corners.get(number, (1, 2, 3))) for number in range(8)]
    answers = recognise(pages, engine, MemoryJournal())
    assert codes(answers) == [None, None, "ocr.failed", None, None, "ocr.failed", None, None]


def test_memory_that_runs_short_halves_down_to_the_largest_page_that_fitted() -> None:
    portion = Portion()
    portion.halve()
    assert portion.halvings == 0, "nothing was handed over yet"
    pages = [page(number) for number in range(8)]
    portion.fitted(pages)
    for expected in (4, 2, 1, 1):
        portion.halve()
        assert portion.first(pages) == expected
    assert portion.halvings == 3


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_come_back_in_the_pages_pixels(rotation: int) -> None:
    full = np.zeros((21, 30, 3), np.uint8)
    small = halved(full)
    assert small.shape == (11, 15, 3)
    turned = rotation in (90, 270)
    width, height = (11.0, 15.0) if turned else (15.0, 11.0)
    whole = (0.0, 0.0, width, 0.0, width, height, 0.0, height)
    result = PageResult((Line("a", 1.0, whole, words=(Word("a", whole),)),), rotation)
    back = scaled_back(result, small, full)
    expected_width, expected_height = (21.0, 30.0) if turned else (30.0, 21.0)
    expected = (0.0, 0.0, expected_width, 0.0, expected_width, expected_height, 0.0, expected_height)
    assert back.lines[0].polygon == pytest.approx(expected)
    assert back.lines[0].words is not None
    assert back.lines[0].words[0].polygon == pytest.approx(expected)
    assert replace(back, lines=()) == replace(result, lines=())


def test_half_a_picture_is_the_mean_of_its_pixels() -> None:
    image = np.array([[0, 10, 20], [30, 40, 50]], np.uint8)[..., None].repeat(3, axis=2)
    assert halved(image)[..., 0].tolist() == [[20, 35]]
