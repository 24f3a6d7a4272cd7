"""The size at which a page is detected: by PaddleOCR's rule, or by the height of its text."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.engines.fast.glyphs import glyph_height
from actors.engines.fast.sides import GlyphRule, LimitRule, Plan, Size, TileRule
from actors.engines.fast.small_print import small_print
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


TILES = TileRule(small=0.74, pixels=1 << 20, overlap=128, most_pixels=64 << 20, largest=150)
IN_TILES = replace(RULE, tiles=TILES)


@pytest.mark.parametrize("size", [12, 18, 24, 40])
@pytest.mark.parametrize("width", [500, 900, 1500])
def test_pages_whose_letters_are_high_enough_go_as_a_whole(size: int, width: int) -> None:
    """And at the very size at which they would go without tiles."""
    sheet = page(words(3, 12), size, width=width)
    assert IN_TILES.plan(sheet) == Plan(RULE.size(sheet))


@pytest.mark.parametrize(("count", "turned"), [(150, False), (150, True)])
def test_a_long_page_of_small_letters_goes_in_tiles(count: int, turned: bool) -> None:
    """Its letters get the height that is wanted; as a whole they would be less than half as high."""
    sheet = page(words(3, count), 24, width=700)
    sheet = np.ascontiguousarray(np.rot90(sheet)) if turned else sheet
    (way, *_) = IN_TILES.plan(sheet).ways
    assert way.letters.height * 32 / way.step == pytest.approx(10, rel=0.05)
    assert way.whole is None
    assert RULE.plan(sheet).ways == ()
    assert LimitRule(64, "min").plan(sheet).ways == ()


def test_a_smaller_glyph_needs_fewer_tiles() -> None:
    """What is low enough to need tiles is so many parts of what is wanted."""
    sheet = page(words(3, 85), 24, width=700)
    assert IN_TILES.plan(sheet).ways
    assert replace(IN_TILES, glyph=6).plan(sheet).ways == ()


@pytest.mark.parametrize("count", [60, 70, 80, 90, 100, 150, 300])
def test_letters_are_never_lower_than_so_many_parts_of_what_is_wanted(count: int) -> None:
    """Also where the first look sees only the higher ones, since the others have run together."""
    sheet = page(words(3, count), 24, width=700)
    (true, *_) = small_print(sheet)
    plan = IN_TILES.plan(sheet)
    ratio = 32 / plan.ways[0].step if plan.ways else plan.whole.height / sheet.shape[0]
    assert true.height * ratio >= 0.9 * TILES.small * IN_TILES.glyph


def test_large_letters_are_looked_for_on_the_page_as_a_whole() -> None:
    sheet = np.full((6000, 3200, 3), 255, np.uint8)
    heading, print_ = page(["SALE", "SALE"], 900), page(words(3, 40), 26, width=900)
    sheet[: heading.shape[0], : heading.shape[1]] = heading[:, :3200]
    sheet[4000 : 4000 + print_.shape[0], :900] = print_
    (way, *_) = IN_TILES.plan(sheet).ways
    assert way.letters.height <= 20
    assert way.whole is not None
    letters = 650 * max(way.whole.width, way.whole.height) / 6000
    assert 40 <= letters <= 130


def test_letters_that_are_higher_than_was_thought_need_fewer_pixels_or_no_tiles() -> None:
    (way, *_) = IN_TILES.plan(page(words(3, 150), 24, width=700)).ways
    higher = way.with_letters(1.5 * way.letters.height)
    assert higher is not None
    assert higher.step == pytest.approx(1.5 * way.step, abs=1)
    assert way.with_letters(way.enough) is None
