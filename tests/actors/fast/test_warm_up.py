"""Shapes that an engine on a card is set up for before the first page: those that come, and not too many."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.contracts import PageResult
from actors.engines import describe_engine
from actors.engines.fast import classifier, page_classifier
from actors.engines.fast import engine as fast
from actors.engines.fast.glyphs import Look
from actors.engines.fast.options import FastOptions, options_of, pace_of
from actors.engines.fast.packing import WIDTHS, pack
from actors.engines.fast.warm_up import line_inputs, page_inputs, warm_up
from actors.runtimes.contracts import Array, Floats, Placement, Weights
from actors.settings import EngineConfig, ModelsConfig
from tests.models import require_model


def on_card(**settings: Any) -> FastOptions:
    config = EngineConfig(device="gpu", **settings)
    return options_of(config, pace_of("onnxruntime", "gpu"))


@given(widths=st.lists(st.sampled_from(WIDTHS), max_size=300))
def test_on_a_card_every_batch_of_lines_has_a_shape_that_it_was_set_up_for(widths: list[int]) -> None:
    options = on_card()
    shapes = {
        (len(batch.slots) + batch.empty, 3, options.read.rows(batch.width), batch.width)
        for batch in pack(widths, options.read.pack)
    }
    assert shapes <= set(line_inputs(options))


@settings(suppress_health_check=list(HealthCheck))
@given(letters=st.floats(4, 80), dpi=st.sampled_from([100, 150, 200, 300]))
def test_on_a_card_upright_pages_have_a_shape_that_it_was_set_up_for(
    letters: float, dpi: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "actors.engines.fast.sides.look", lambda _page: Look(letters, 100, 0, 0, letters, 1.0)
    )
    options = on_card()
    size = options.sides.size(np.zeros((round(dpi * 297 / 25.4), round(dpi * 210 / 25.4), 3), np.uint8))
    inputs = page_inputs(options)
    assert (1, 3, size.height, size.width) in inputs
    most = max(rows for rows, _, height, width in inputs if (height, width) == (size.height, size.width))
    assert most in options.det_row_counts
    assert most * size.height * size.width <= options.det_pixels


@pytest.mark.parametrize(
    "settings", [{}, {"compat": True}, {"det_limit_side": 960, "det_limit_type": "max"}, {"words": True}]
)
@pytest.mark.parametrize("device", ["gpu", "cpu"])
def test_they_are_few_and_none_is_there_twice(settings: dict[str, Any], device: str) -> None:
    options = options_of(EngineConfig(**settings), pace_of("onnxruntime", device))
    for inputs, most in ((line_inputs(options), 200), (page_inputs(options), 32)):
        assert 0 < len(inputs) <= most
        assert len(set(inputs)) == len(inputs)
        assert all(side % 4 == 0 for _, _, height, width in inputs for side in (height, width))


class Session:
    """Takes so many batches, and then has no memory for more."""

    def __init__(self, fits: int = 10_000) -> None:
        self._fits = fits
        self.shapes: list[tuple[int, ...]] = []

    def run(self, batch: Floats) -> tuple[Array, ...]:
        if len(self.shapes) == self._fits:
            raise MemoryError("no room on the card")
        assert not batch.any()
        assert batch.dtype == np.float32
        self.shapes.append(batch.shape)
        return (batch,)

    def release(self) -> None:
        """Nothing to give back."""


def test_what_does_not_fit_ends_it_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    session = Session(fits=1)
    assert warm_up(session, [(1, 3, 48, 32), (2, 3, 48, 64), (1, 3, 48, 64)], "lines") >= 0
    assert session.shapes == [(1, 3, 48, 32)]
    told = caplog.text
    assert "lines of 2 x 3 x 48 x 64 do not fit: no room on the card" in told
    assert "1 of 3 shapes of lines set up" in told


@pytest.mark.models
@pytest.mark.parametrize(
    ("device", "setting", "expected"), [("gpu", None, True), ("gpu", False, False), ("cpu", None, False)]
)
def test_the_device_decides_unless_it_is_said(
    monkeypatch: pytest.MonkeyPatch, device: str, setting: bool | None, expected: bool
) -> None:
    require_model()
    sessions: list[Session] = []

    def load(_runtime: str, _weights: Weights, _placement: Placement) -> Session:
        sessions.append(Session())
        return sessions[-1]

    monkeypatch.setattr(fast, "load", load)
    config = EngineConfig.model_validate({"device": device, "warm_up": setting, "line_orientation": True})
    engine = fast.FastEngine(config, ModelsConfig())
    pages, lines, of_page, judged = (session.shapes for session in sessions)
    if expected:
        options = on_card(line_orientation=True)
        assert (pages, lines) == (page_inputs(options), line_inputs(options))
        assert of_page == [page_classifier.SHAPE]
        assert judged == list(classifier.INPUTS)
        assert engine.warm_up_s > 0
    else:
        assert pages == lines == of_page == judged == []
        assert engine.warm_up_s == 0
    engine.close()


@pytest.mark.models
def test_models_take_these_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real ones, a few of each kind, on a CPU."""
    require_model()
    for name in ("line_inputs", "page_inputs"):
        original = getattr(fast, name)
        monkeypatch.setattr(fast, name, lambda options, original=original: original(options)[-2:])
    tree = {"runtime": "onnxruntime", "precision": "float32", "warm_up": True, "line_orientation": True}
    engine = fast.FastEngine(EngineConfig.model_validate(tree), ModelsConfig())
    assert engine.warm_up_s > 0
    assert engine.stages.read() == {}, "it is no part of the seconds that pages take"
    assert engine.recognize([np.full((40, 40, 3), 255, np.uint8)]) == [PageResult()]
    engine.close()


def test_it_is_no_part_of_an_outputs_settings() -> None:
    assert describe_engine(EngineConfig(warm_up=True)) == describe_engine(EngineConfig())
