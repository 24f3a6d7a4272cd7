"""Detection around its model: groups of one shape, and boxes in the pixels of each page."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from actors.engines.fast.ahead import Hands, InTurn, Together
from actors.engines.fast.boxes import BoxRule
from actors.engines.fast.detection import Detector
from actors.engines.fast.sides import GlyphRule, LimitRule, TileRule
from actors.engines.fast.stages import Stages
from actors.engines.fast.views import Scorer
from actors.runtimes.contracts import Array, Floats
from tests.actors.fast.sessions import Dark
from tests.drawn import page as text_page
from tests.drawn import words

RULE = BoxRule(0.3, 0.6, 1.5, whole_pixels=False, max_candidates=1000)


def sheet(width: int, height: int, bar: tuple[int, int, int, int]) -> np.ndarray:
    """A white page with a black bar: left, top, right, bottom."""
    drawn = np.full((height, width, 3), 255, np.uint8)
    left, top, right, bottom = bar
    drawn[top:bottom, left:right] = 0
    return drawn


def test_pages_of_one_shape_go_together_as_far_as_the_pixels_allow() -> None:
    session = Dark()
    detector = Detector(Scorer(session, 2 * 320 * 160), LimitRule(64, "min"), RULE)
    small, large = sheet(320, 160, (40, 40, 240, 60)), sheet(640, 320, (80, 200, 480, 240))
    found = detector.find([small, large, small, small])
    assert sorted(session.shapes) == [(1, 3, 160, 320), (1, 3, 320, 640), (2, 3, 160, 320)]
    assert [len(boxes) for boxes in found] == [1, 1, 1, 1]
    assert (found[0][0] == found[2][0]).all()
    assert found[1][0].mean(axis=0) == pytest.approx([280, 220], abs=2)


def test_boxes_are_in_the_pages_own_pixels() -> None:
    detector = Detector(Scorer(Dark(), 1), LimitRule(160, "max"), RULE)
    ((box,),) = detector.find([sheet(1600, 800, (400, 400, 1200, 500))])
    assert box.mean(axis=0) == pytest.approx([800, 450], abs=12)
    assert box[0][0] < 400
    assert box[1][0] > 1200


def test_a_small_page_is_padded_and_its_boxes_end_where_it_ends() -> None:
    detector = Detector(Scorer(Dark(), 1), LimitRule(64, "min"), RULE)
    ((box,),) = detector.find([sheet(24, 20, (2, 6, 24, 14))])
    assert box.min() >= 0
    assert (box <= [24, 20]).all()


def test_no_pages() -> None:
    assert Detector(Scorer(Dark(), 1), LimitRule(64, "min"), RULE).find([]) == []


TILES = TileRule(small=0.74, pixels=1 << 18, overlap=128, most_pixels=64 << 20, largest=150)
IN_TILES = GlyphRule(glyph=9.5, least=640, most=1600, unknown=960, enlarge=1.25, step=64, tiles=TILES)


class Words(Dark):
    """What is dark, and what is beside it: letters of a word are one."""

    def answer(self, batch: Floats) -> tuple[Array, ...]:
        dark = [cv2.erode(row.mean(axis=0), np.ones((5, 13), np.uint8)) < 0 for row in batch]
        return (np.stack(dark)[:, None].astype(np.float32),)


def several() -> list[np.ndarray]:
    """Two pages that go in tiles, one of them with two sizes of letters, and three others; one is blank."""
    long, usual = text_page(words(4, 150), 24, width=600), text_page(words(5, 14), 24, width=600)
    wide = np.full((700, 6000, 3), 255, np.uint8)
    heading, print_ = text_page(["SALE"], 480), text_page(words(6, 9), 18, width=500)
    wide[:, : heading.shape[1]] = heading[:700]
    wide[300 : 300 + print_.shape[0], 5200:5700] = print_
    return [usual, long, np.full((900, 5000, 3), 255, np.uint8), wide, usual[::-1].copy()]


@pytest.mark.parametrize("row_counts", [(), (1,), (8, 4, 2, 1)])
@pytest.mark.parametrize("ahead", [False, True])
def test_a_page_in_tiles_does_not_depend_on_the_pages_beside_it(
    row_counts: tuple[int, ...], ahead: bool
) -> None:
    pages = several()
    alone = [Detector(Scorer(Words(), 1 << 20), IN_TILES, RULE).find([one])[0] for one in pages]
    session = Words()
    hands: Hands = Together(3, Stages()) if ahead else InTurn()
    scorer = Scorer(session, 4 << 20, row_counts=row_counts, hands=hands)
    together = Detector(scorer, IN_TILES, RULE).find(pages)
    assert [[box.tolist() for box in boxes] for boxes in together] == [
        [box.tolist() for box in boxes] for boxes in alone
    ]
    assert len(alone[1]) == 150
    assert len(alone[3]) > 9
    assert alone[2] == []
    sides = [side for shape in session.shapes for side in shape[2:]]
    assert max(sides) <= 1600
    if row_counts != (1,):
        assert max(shape[0] for shape in session.shapes) >= 4, "tiles go together"
    hands.close()


def test_a_page_in_tiles_is_sorted_and_given_back_once() -> None:
    (page,) = several()[1:2]
    calls: list[np.ndarray] = []

    def then(picture: np.ndarray, boxes: list[Floats]) -> int:
        calls.append(picture)
        tops = [float(box[0][1]) for box in boxes]
        assert all(after > before - 12 for before, after in pairwise(tops))
        return len(boxes)

    (count,) = Detector(Scorer(Words(), 1 << 20), IN_TILES, RULE).each([page], then)
    assert len(calls) == 1
    assert calls[0] is page
    assert count == 150
