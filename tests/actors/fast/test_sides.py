"""The size at which a page is detected: by PaddleOCR's rule, or by the height of its text."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.engines.fast.glyphs import glyph_height
from actors.engines.fast.sides import GlyphRule, LimitRule, Size
from tests.drawn import page, words

RULE = GlyphRule(glyph=10, least=640, most=1600, unknown=960, enlarge=1.25)


def blank(width: int, height: int) -> np.ndarray:
    return np.broadcast_to(np.full((1, 1, 3), 255, np.uint8), (height, width, 3))


@pytest.mark.parametrize(
    ("kind", "side", "page_size", "expected"),
    [
        ("min", 64, (1000, 700), (992, 704)),
        ("min", 64, (20, 400), (64, 1280)),
        ("min", 64, (5000, 7000), (2848, 4000)),
        ("max", 960, (1920, 1080), (960, 544)),
        ("max", 960, (500, 300), (512, 288)),
        ("max", 960, (4000, 2), (960, 32)),
    ],
)
def test_paddleocrs_rule(
    kind: Literal["min", "max"], side: int, page_size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert LimitRule(side, kind).size(blank(*page_size)) == Size(*expected)


@settings(deadline=None, max_examples=50)
@given(st.integers(40, 3000), st.integers(40, 3000), st.sampled_from(["min", "max"]))
def test_paddleocrs_rule_is_paddlexs(width: int, height: int, kind: Literal["min", "max"]) -> None:
    processors = pytest.importorskip("paddlex.inference.models.text_detection.processors")
    resized, _ = processors.DetResizeForTest(limit_side_len=736, limit_type=kind)([blank(width, height)])
    size = LimitRule(736, kind).size(blank(width, height))
    assert resized[0].shape[:2] == (size.height, size.width)


@pytest.mark.parametrize("size", [18, 24, 32])
def test_the_chosen_side_makes_letters_as_high_as_wanted(size: int) -> None:
    text = page(words(3, 40), size, width=60 * size)
    chosen = RULE.size(text)
    seen = glyph_height(text)
    assert seen is not None
    reduced = seen * max(chosen.width, chosen.height) / max(text.shape)
    at_a_bound = max(chosen.width, chosen.height) in (640, 1600)
    assert at_a_bound or reduced == pytest.approx(10, rel=0.06)


def test_larger_text_is_detected_smaller() -> None:
    sheets = [page(words(3, 12), size, width=1900) for size in (16, 32, 48)]
    sides = [max(RULE.size(sheet).width, RULE.size(sheet).height) for sheet in sheets]
    assert sides == sorted(sides, reverse=True)
    assert sides[0] > sides[-1]


def test_without_letters_the_side_is_the_usual_one() -> None:
    assert RULE.size(blank(2000, 1000)) == Size(960, 480)
    noise = np.random.default_rng(1).integers(0, 255, (1000, 2000, 3), dtype=np.uint8)
    assert 640 <= RULE.size(noise).width <= 1600


def test_a_small_page_is_hardly_enlarged() -> None:
    assert RULE.size(blank(100, 50)) == Size(128, 64)
    assert RULE.size(blank(1, 1)) == Size(32, 32)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 6000), st.integers(1, 6000), st.sampled_from([32, 64]))
def test_sides_are_multiples_of_the_step_and_bounded(width: int, height: int, step: int) -> None:
    rule = GlyphRule(10, 640, 1600, 960, 1.25, step)
    size = rule.size(blank(width, height))
    assert size.width % 32 == size.height % 32 == max(size.width, size.height) % step == 0
    assert max(size.width, size.height) <= 1600
