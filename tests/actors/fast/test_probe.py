"""The model is asked whether small print is text, before a page goes in tiles for it."""

from __future__ import annotations

import numpy as np
import pytest

from actors.engines.fast.boxes import BoxRule
from actors.engines.fast.probe import confirmed
from actors.engines.fast.sides import InTiles, TileRule
from actors.engines.fast.small_print import SmallPrint
from actors.engines.fast.views import Scorer
from tests.actors.fast.sessions import Dark

RULE = BoxRule(0.3, 0.5, 1.6, whole_pixels=False, max_candidates=1000)
TILES = TileRule(small=0.74, pixels=1 << 20, overlap=128, most_pixels=64 << 20, largest=150)


def way(height: float, place: tuple[int, int], enough: float = 100.0, *, sure: bool = False) -> InTiles:
    step = max(26, round(32 * height / 9.5))
    return InTiles(step, SmallPrint(height, (place,), sure), None, 9.5, enough, TILES)


def sheet(*bars: tuple[int, int, int]) -> np.ndarray:
    """A page with lines as bars: x and y of their middle, and their height."""
    page = np.full((3000, 3000, 3), 255, np.uint8)
    for x, y, height in bars:
        page[y - height // 2 : y + height - height // 2, x - 100 : x + 100] = 0
    return page


def asked(*pages: tuple[np.ndarray, list[InTiles]]) -> tuple[list[InTiles | None], Dark]:
    session = Dark()
    return confirmed(pages, Scorer(session, 1 << 20), RULE), session


def test_what_is_sure_is_not_asked_about() -> None:
    plan = way(10, (1500, 1500), sure=True)
    chosen, session = asked((sheet(), [plan]), (sheet(), []))
    assert chosen == [plan, None]
    assert session.shapes == []


def test_letters_that_the_model_sees_count() -> None:
    plan = way(10, (1500, 1500))
    chosen, session = asked((sheet((1500, 1500, 9)), [plan]))
    assert chosen == [plan]
    assert session.shapes == [(1, 3, 512, 512)]


def test_of_a_page_without_text_nothing_goes_in_tiles() -> None:
    chosen, session = asked((sheet((300, 300, 9)), [way(10, (2000, 2000)), way(20, (2900, 2900))]))
    assert chosen == [None]
    assert len(session.shapes) == 2, "after the first size the second one"


def test_the_next_size_counts_where_the_first_is_none() -> None:
    first, second = way(10, (2500, 2500)), way(22, (400, 400))
    assert asked((sheet((400, 400, 20)), [first, second]))[0] == [second]


def test_larger_letters_than_were_asked_about_get_larger_steps() -> None:
    """What looked like letters was a part of some, as the strokes of script."""
    (chosen,), _ = asked((sheet((1500, 1500, 60)), [way(8, (1500, 1500))]))
    assert chosen is not None
    assert chosen.step > 2 * way(8, (0, 0)).step
    assert chosen.step == round(32 * chosen.letters.height / 9.5)
    assert asked((sheet((1500, 1500, 60)), [way(8, (1500, 1500), enough=20)]))[0] == [None]


@pytest.mark.parametrize("place", [(0, 0), (2999, 2999), (2999, 0)])
def test_windows_lie_within_the_page(place: tuple[int, int]) -> None:
    x, y = min(max(place[0], 120), 2880), min(max(place[1], 20), 2980)
    assert asked((sheet((x, y, 9)), [way(10, place)]))[0] != [None]


def test_a_page_smaller_than_a_window() -> None:
    page = np.full((40, 5000, 3), 255, np.uint8)
    page[16:25, 2400:2600] = 0
    plan = way(10, (2500, 20))
    assert asked((page, [plan]))[0] == [plan]


def test_pages_are_asked_about_together() -> None:
    page, blank = sheet((1500, 1500, 9)), sheet()
    plan = way(10, (1500, 1500))
    chosen, session = asked((page, [plan]), (blank, [plan]), (page, [plan]))
    assert chosen == [plan, None, plan]
    assert session.shapes == [(3, 3, 512, 512)]
