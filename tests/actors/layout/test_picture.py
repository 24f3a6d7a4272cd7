"""The drawing of a page's blocks: every line outlined, every block numbered once, in order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from actors.contracts import Line
from actors.layout.arrange import arrange
from actors.layout.picture import numbered
from tests.actors.layout.pages import two_columns

SHEET = np.full((800, 800, 3), 255, np.uint8)


def test_blocks_are_drawn_in_their_colours() -> None:
    lines = arrange(two_columns()).lines
    drawn = np.asarray(numbered(SHEET, lines))
    assert drawn.shape == SHEET.shape
    assert len({line.block for line in lines}) == 4
    outlines = [tuple(drawn[round(line.polygon[3]), round(line.polygon[2])]) for line in lines]
    by_block = {line.block: outline for line, outline in zip(lines, outlines, strict=True)}
    assert len(set(by_block.values())) == 4, "each block has a colour of its own"
    assert all(by_block[line.block] == outline for line, outline in zip(lines, outlines, strict=True))


def test_the_numbers_follow_the_reading_order() -> None:
    """A page that is read in another order is drawn otherwise."""
    lines = arrange(two_columns()).lines
    turned = tuple(reversed(lines))
    assert numbered(SHEET, lines).tobytes() != numbered(SHEET, turned).tobytes()
    assert numbered(SHEET, lines).tobytes() == numbered(SHEET, arrange(turned).lines).tobytes()


def test_blocks_have_their_own_numbers() -> None:
    line = Line("x", 0.9, (300, 300, 400, 300, 400, 330, 300, 330))
    pictures = [np.asarray(numbered(SHEET, [replace(line, block=block)])) for block in (0, 8)]
    differs = np.argwhere((pictures[0] != pictures[1]).any(axis=2))
    assert len(differs)
    assert (differs[:, 1] < 300).all(), "the badge alone: eight blocks later the colours come again"


def test_the_picture_itself_is_not_changed() -> None:
    sheet = SHEET.copy()
    numbered(sheet, arrange(two_columns()).lines)
    assert (sheet == 255).all()


def test_a_page_without_lines() -> None:
    assert np.array_equal(np.asarray(numbered(SHEET, ())), SHEET)


def test_a_place_far_off_the_page_takes_no_time() -> None:
    far = Line("x", 0.9, (0, 0, 9, -1e30, float("nan"), 1e30, float("inf"), 9))
    assert numbered(np.zeros((50, 60, 3), np.uint8), [far]).size == (60, 50)
