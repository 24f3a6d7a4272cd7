"""The engine with work done ahead reads, bit for bit, what it reads in turn; here on a CPU."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.contracts import Image
from actors.engines.fast.ahead import THREADS, Hands, InTurn, Together
from actors.engines.fast.boxes import BoxRule
from actors.engines.fast.ctc import Reading
from actors.engines.fast.detection import Detector
from actors.engines.fast.engine import FastEngine
from actors.engines.fast.options import options_of, pace_of
from actors.engines.fast.orientation import turn
from actors.engines.fast.packing import PackRule
from actors.engines.fast.recognition import ReadRule, Recogniser, decoder
from actors.engines.fast.sides import LimitRule
from actors.engines.fast.stages import Stages
from actors.engines.fast.views import Scorer
from actors.runtimes.contracts import Array, Floats
from actors.settings import EngineConfig, ModelsConfig
from tests.actors.fast.sessions import Dark, Stub
from tests.drawn import page, words
from tests.models import require_model

QUICK = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
RULE = BoxRule(0.3, 0.6, 1.5, whole_pixels=False, max_candidates=1000)
CHARACTERS = ("", *"abcdefghijklmnopqrstuvwxyz")


class Shades(Stub):
    """Reads a letter for the shade of each step of 8 columns, and is as sure as the step is even."""

    def answer(self, batch: Floats) -> tuple[Array, ...]:
        count = batch.shape[3] // 8
        steps = batch[..., : 8 * count].reshape(len(batch), -1, count, 8).mean(axis=(1, 3))
        return (np.rint((steps + 1) * 13).astype(np.int64).clip(0, 26), 1 / (1 + np.abs(steps)))


@pytest.fixture
def together() -> Iterator[Together]:
    made = Together(3, Stages())
    yield made
    made.close()


def sheet(seed: int) -> Image:
    """A white page of one of a few sizes with some dark bars."""
    chance = random.Random(seed)
    width, height = chance.choice([(320, 160), (200, 260), (24, 20), (640, 320)])
    drawn = np.full((height, width, 3), 255, np.uint8)
    for _ in range(chance.randint(0, 5)):
        left, top = chance.randrange(width - 10), chance.randrange(height - 10)
        drawn[top : top + chance.randint(6, 30), left : left + chance.randint(8, 200)] = chance.randint(0, 60)
    return drawn


def same(one: Sequence[Sequence[Floats]], other: Sequence[Sequence[Floats]]) -> bool:
    return all(
        len(mine) == len(yours) and all(map(np.array_equal, mine, yours))
        for mine, yours in zip(one, other, strict=True)
    )


@QUICK
@given(seeds=st.lists(st.integers(0, 10_000), max_size=9), pixels=st.sampled_from([1, 120_000, 1 << 22]))
@pytest.mark.parametrize("row_counts", [(), (2, 1)])
def test_detection(together: Hands, seeds: list[int], pixels: int, row_counts: tuple[int, ...]) -> None:
    def found(hands: Hands) -> tuple[list[list[Floats]], list[tuple[int, ...]]]:
        session = Dark()
        scorer = Scorer(session, pixels, row_counts=row_counts, hands=hands, stages=Stages())
        detector = Detector(scorer, LimitRule(64, "min"), RULE)
        return detector.find(list(map(sheet, seeds))), session.shapes

    in_turn, shapes = found(InTurn())
    ahead, same_shapes = found(together)
    assert same(in_turn, ahead)
    assert shapes == same_shapes
    assert not row_counts or all(shape[0] in row_counts for shape in shapes)


def line(seed: int) -> Image:
    chance = np.random.default_rng(seed)
    size = (int(chance.integers(8, 60)), int(chance.integers(8, 900)), 3)
    return chance.integers(0, 256, size, dtype=np.uint8)


@QUICK
@given(seeds=st.lists(st.integers(0, 10_000), max_size=24), stock=st.booleans(), made_up=st.booleans())
def test_recognition(together: Hands, seeds: list[int], stock: bool, made_up: bool) -> None:
    def read(hands: Hands) -> tuple[list[Reading], list[tuple[int, ...]]]:
        session = Shades()
        rule = ReadRule(0.7, 0.8, PackRule(1280, (8, 4, 1), made_up=made_up), True)
        reader = Recogniser(session, decoder("best", CHARACTERS, None), rule, hands=hands, stages=Stages())
        lines = list(map(line, seeds))
        return reader.read_as_stock(lines) if stock else reader.read(lines), session.shapes

    assert read(InTurn()) == read(together)


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith(THREADS)]


def built(ahead: bool, around: Any = lambda part, session: session, **settings: Any) -> FastEngine:
    config = EngineConfig.model_validate(
        {"runtime": "onnxruntime", "precision": "float32", "threads": 1, **settings}
    )
    hands = (lambda stages: Together(2, stages)) if ahead else None
    return FastEngine(config, ModelsConfig(), around=around, hands=hands)


@pytest.mark.models
@pytest.mark.parametrize(
    "settings", [{"words": True}, {"page_orientation": True, "line_orientation": True}, {"compat": True}]
)
def test_pages_read_the_same(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    require_model()
    one, two = page(words(1, 5), 18), page(words(2, 3), 26)
    pages = [one, two, turn(two, 90), np.full((30, 30, 3), 255, np.uint8), turn(one, 180), one]
    small = pace_of("openvino", "cpu")  # several batches of few pages
    monkeypatch.setattr("actors.engines.fast.engine.options_of", lambda config, _: options_of(config, small))
    results = []
    for ahead in (False, True):
        engine = built(ahead, **settings)
        results.append([engine.recognize(pages), engine.recognize(pages[:1]), engine.recognize([])])
        assert bool(threads()) is ahead
        spent = engine.stages.read()
        assert {"prepare", "detection", "boxes", "crops", "strips", "recognition", "decode"} <= set(spent)
        assert ("waiting" in spent) is ahead
        engine.close()
        assert threads() == []
    assert results[0] == results[1]
    assert sum(len(result.lines) for result in results[0][0]) > 15


class Full:
    """A session without memory for more than one row."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def run(self, batch: Floats) -> tuple[Array, ...]:
        if len(batch) > 1:
            raise MemoryError("no room on the card")
        found: tuple[Array, ...] = self._session.run(batch)
        return found

    def release(self) -> None:
        self._session.release()


@pytest.mark.models
def test_a_batch_without_memory_is_told_and_the_next_is_read() -> None:
    require_model()
    sheets = [page(["hello world"], 28)] * 2
    engine = built(True, around=lambda part, session: Full(session))
    with pytest.raises(MemoryError, match="no room on the card"):
        engine.recognize(sheets)
    assert [line.text for line in engine.recognize(sheets[:1])[0].lines] == ["hello world"]
    engine.close()
    assert threads() == []


@pytest.mark.models
def test_without_memory_in_a_thread_it_is_the_same_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2

    def no_memory(*_: object) -> None:
        raise cv2.error("OpenCV: Insufficient memory (Failed to allocate 1 bytes)")

    require_model()
    engine = built(True)
    monkeypatch.setattr("actors.engines.fast.detection.find_boxes", no_memory)
    with pytest.raises(MemoryError, match="Insufficient memory"):
        engine.recognize([page(["hello world"], 28)])
    engine.close()


class Dirty:
    """Memory that is used again, with what was in it."""

    def take(self, shape: tuple[int, ...]) -> Floats:
        return np.full(shape, np.float32(7))

    def give_back(self, batch: Floats) -> None:
        """Nobody keeps it."""

    def release(self) -> None:
        """Nothing is kept."""


@pytest.mark.parametrize("made_up", [False, True])
def test_what_is_left_of_other_batches_is_not_read(made_up: bool) -> None:
    seen: list[list[Floats]] = []
    for inputs in (None, Dirty()):
        batches: list[Floats] = []

        class Watched(Shades):
            def answer(self, batch: Floats, batches: list[Floats] = batches) -> tuple[Array, ...]:
                batches.append(batch.copy())
                return super().answer(batch)

        rule = ReadRule(1.0, 0.0, PackRule(1280, (8, 1), made_up=made_up))
        reader = Recogniser(Watched(), decoder("best", CHARACTERS, None), rule, inputs=inputs)
        lines = [np.full((48, width, 3), 200, np.uint8) for width in (40, 44, 33, 70, 90, 20)]
        reader.read(lines)
        reader.read_as_stock(lines)
        seen.append(batches)
    assert all(map(np.array_equal, *seen))
    assert not seen[1][-1][:, :, :, -1].any(), "stock's lines are padded"
    assert made_up == any(not row.any() for batch in seen[1] for row in batch)
