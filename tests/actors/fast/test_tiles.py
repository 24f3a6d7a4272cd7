"""Tiles of a large page: they cover it, overlap, are few, and show what the reduced page shows."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.engines.fast.options import options_of, pace_of
from actors.engines.fast.sides import STRIDE, GlyphRule, Size, TileRule
from actors.engines.fast.tiles import Tile, grid, reduced, tiling
from actors.settings import EngineConfig

RULE = TileRule(small=0.74, pixels=1 << 20, overlap=128, most_pixels=64 << 20, largest=150)
SMALL = replace(RULE, pixels=256 * 256, overlap=64)
"""Small tiles, so that small pages have many."""


def default_rule() -> TileRule:
    sides = options_of(EngineConfig(), pace_of("onnxruntime", "cpu")).sides
    assert isinstance(sides, GlyphRule)
    assert sides.tiles is not None
    return sides.tiles


def kept(tile: Tile) -> tuple[slice, slice]:
    return slice(tile.down.first, tile.down.last), slice(tile.across.first, tile.across.last)


def drawn(seed: int, height: int, width: int) -> np.ndarray:
    """A page full of grey blots: no part of it is blank."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2)


@settings(deadline=None, max_examples=150)
@given(st.integers(1, 400), st.integers(1, 400), st.sampled_from([RULE, SMALL]))
@example(2600, 1, RULE)
@example(1, 2600, RULE)
def test_tiles_cover_the_canvas_once_and_overlap(across: int, down: int, rule: TileRule) -> None:
    canvas = Size(across * STRIDE, down * STRIDE)
    tiles = grid(canvas, rule)
    for tile in tiles:
        for span, length in ((tile.across, canvas.width), (tile.down, canvas.height)):
            assert 0 <= span.start <= span.first < span.last <= min(span.end, length)
            assert span.start == 0 or span.first - span.start >= rule.overlap // 2
            assert span.end >= length or span.end - span.last >= rule.overlap // 2
            assert span.start % STRIDE == span.end % STRIDE == 0
        assert tile.size == tiles[0].size
        assert tile.size.pixels <= rule.pixels
    if canvas.pixels < 4_000_000:
        covered = np.zeros((canvas.height, canvas.width), np.uint8)
        for tile in tiles:
            covered[kept(tile)] += 1
        assert (covered == 1).all()
    total = sum((tile.down.last - tile.down.first) * (tile.across.last - tile.across.first) for tile in tiles)
    assert total == canvas.pixels


def test_the_overlap_is_many_letters_wide() -> None:
    """What a tile keeps lies so far from its edges that the model has seen what is around it."""
    sides = options_of(EngineConfig(), pace_of("onnxruntime", "cpu")).sides
    assert isinstance(sides, GlyphRule)
    assert default_rule().overlap / 2 >= 6 * sides.glyph


@settings(deadline=None, max_examples=25)
@given(
    st.integers(60, 1500),
    st.integers(60, 1500),
    st.integers(26, 120),
    st.integers(0, 2**16),
    st.sampled_from([RULE, SMALL]),
)
def test_the_tiles_of_a_page_show_what_the_page_shows(
    width: int, height: int, step: int, seed: int, rule: TileRule
) -> None:
    """Pixel by pixel what is kept of the tiles is the page, reduced as a whole."""
    page = drawn(seed, height, width)
    made = tiling(page, step, rule)
    whole = reduced(page, made.canvas, step)
    assert len(made.tiles) == len(grid(made.canvas, rule))
    stitched = np.zeros_like(whole)
    for tile in made.tiles:
        stitched[kept(tile)] = made.picture(page, tile)[
            tile.down.first - tile.down.start : tile.down.last - tile.down.start,
            tile.across.first - tile.across.start : tile.across.last - tile.across.start,
        ]
    assert (stitched == whole).all()


def test_blank_tiles_are_left_out() -> None:
    page = np.full((6000, 6000, 3), 250, np.uint8)
    assert tiling(page, 32, RULE).tiles == ()
    page[5000:5010, 5000:5100] = 0
    tiles = tiling(page, 32, RULE).tiles
    assert 1 <= len(tiles) <= 4, "those that overlap there"
    assert all(tile.across.start <= 5100 and tile.across.end > 5000 for tile in tiles)
    assert sum(kept(tile)[0].start <= 5005 < kept(tile)[0].stop for tile in tiles) >= 1


def test_a_faint_colour_is_not_blank() -> None:
    page = np.full((3000, 3000, 3), 250, np.uint8)
    page[1500:1520, 1500:1600, 0] = 238
    assert tiling(page, 32, RULE).tiles


@pytest.mark.parametrize(
    "shape", [(1, 30000), (30000, 1), (8, 65535), (65535, 8), (5000, 5000), (300, 60000)]
)
def test_a_page_of_any_shape_has_a_bounded_number_of_tiles(shape: tuple[int, int]) -> None:
    """However finely it is asked for: then the step grows."""
    page = np.zeros((*shape, 3), np.uint8)
    page[::8] = 255
    rule = replace(RULE, most_pixels=6 << 20)
    made = tiling(page, 26, rule)
    assert made.canvas.pixels <= 1.5 * rule.most_pixels
    assert made.canvas.width // STRIDE * made.step >= shape[1]
    assert made.canvas.height // STRIDE * made.step >= shape[0]
    assert sum(tile.size.pixels for tile in made.tiles) <= rule.most_pixels
    assert len(made.tiles) <= 80


def test_the_budget_is_kept_by_a_coarser_canvas() -> None:
    page = drawn(1, 1500, 1500)
    tight = replace(SMALL, most_pixels=600_000)
    made = tiling(page, 26, tight)
    assert 26 < made.step < 90
    assert sum(tile.size.pixels for tile in made.tiles) <= tight.most_pixels


def test_shapes_are_few() -> None:
    """A runtime that builds kernels for each new shape has seen all of them soon."""
    shapes = set()
    for across in range(1, 260, 7):
        for down in range(1, 260, 7):
            shapes.add(grid(Size(across * STRIDE, down * STRIDE), RULE)[0].size)
    assert len(shapes) <= 60
