"""Whatever comes, the models' inputs lie within the bounds that a compiler was told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.engines.fast import bounds
from actors.engines.fast.options import FastOptions, options_of, pace_of
from actors.engines.fast.packing import Shape, pack, stock_batches
from actors.engines.fast.recognition import strip_width
from actors.runtimes.contracts import Shapes
from actors.settings import EngineConfig

CONFIGS: list[dict[str, Any]] = [
    {},
    {"compat": True},
    {"det_limit_side": 736, "det_limit_type": "max"},
    {"det_limit_side": 64, "det_limit_type": "min"},
    {"det_limit_side": 5000, "det_limit_type": "max"},
    {"det_glyph": 40, "rec_squeeze": 1},
]


def options(config: dict[str, Any]) -> FastOptions:
    return options_of(EngineConfig(**config), pace_of("onnxruntime", "gpu"))


def within(shape: tuple[int, ...], found: Shapes) -> bool:
    """But for the rows, of which there may be more."""
    return all(
        least <= side <= most
        for side, least, most in zip(shape[1:], found.least[1:], found.most[1:], strict=True)
    )


@pytest.mark.parametrize("config", CONFIGS)
def test_the_usual_shape_is_one_of_them(config: dict[str, Any]) -> None:
    for found in (bounds.detection(options(config)), bounds.recognition(options(config))):
        assert within(found.usual, found)
        assert found.least[0] == 1 <= found.usual[0] <= found.most[0]


@pytest.mark.parametrize("config", CONFIGS)
@given(height=st.integers(1, 2500), width=st.integers(1, 2500))
@example(height=1, width=6000)
@example(height=6000, width=40)
@settings(max_examples=12, deadline=None)
def test_pages(config: dict[str, Any], height: int, width: int) -> None:
    from actors.engines.fast.detection import _pad

    rule = options(config)
    page = _pad(np.full((height, width, 3), 255, np.uint8))
    size = rule.sides.size(page)
    assert within((1, 3, size.height, size.width), bounds.detection(rule))


@pytest.mark.parametrize("config", CONFIGS)
@given(shapes=st.lists(st.tuples(st.integers(1, 300), st.integers(1, 9000)), min_size=1, max_size=99))
@settings(max_examples=40, deadline=None)
def test_lines(config: dict[str, Any], shapes: list[tuple[int, int]]) -> None:
    rule = options(config)
    found = bounds.recognition(rule)
    lines = [np.broadcast_to(np.uint8(0), (height, width, 3)) for height, width in shapes]
    for squeeze in (rule.read.squeeze, 1.0):
        batches = (
            stock_batches([Shape(line.shape[1], line.shape[0]) for line in lines])
            if rule.compat
            else pack([strip_width(line, squeeze) for line in lines], rule.read.pack)
        )
        for one in batches:
            assert within((len(one.slots), 3, rule.read.rows(one.width), one.width), found)


def test_on_a_card_no_bound_asks_for_much_more_than_comes_at_once() -> None:
    """The compiler takes memory for the most rows of the largest pictures."""
    rule = options({})
    rows, _, height, width = bounds.detection(rule).most
    assert rows * height * width <= 3 * rule.det_pixels
    rows, _, _, width = bounds.recognition(rule).most
    assert rows in rule.read.pack.row_counts
    assert rule.read.pack.columns <= rows * width <= 3 * rule.read.pack.columns
