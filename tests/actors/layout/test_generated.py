"""Reading order and cells of generated pages, against floors; and laws that hold on any page, on these."""

from __future__ import annotations

import random

import pytest

from actors.layout.arrange import arrange
from benchmarks.page_templates.catalog import BUILDING, HALVES, JUDGING, pages
from benchmarks.page_templates.detector import Found
from benchmarks.page_templates.scores import Score, total
from tests.actors.layout.pages import moved

PAGES = 4
"""Of each template; the benchmark takes fifty."""

FLOORS = {"building": (0.97, 0.97), "judging": (0.93, 0.93)}
"""Order, and rows of tables with each cell in its column."""


@pytest.fixture(scope="module")
def made() -> dict[str, list[Found]]:
    return {name: list(pages(name, PAGES)) for name in (*BUILDING, *JUDGING)}


@pytest.mark.parametrize("half", HALVES)
def test_generated_pages_are_read_in_order(made: dict[str, list[Found]], half: str) -> None:
    scores = []
    for name in HALVES[half]:
        score = Score()
        for page in made[name]:
            score.add(page, arrange(page.lines))
        scores.append(score)
    order, cells = FLOORS[half]
    whole = total(scores)
    assert whole.order >= order
    assert whole.cells is not None and whole.cells >= cells


@pytest.mark.parametrize("name", [*BUILDING, *JUDGING])
def test_no_line_is_lost_and_their_order_does_not_matter(made: dict[str, list[Found]], name: str) -> None:
    page = made[name][0]
    expected = arrange(page.lines)
    lines = list(page.lines)
    random.Random(1).shuffle(lines)
    assert arrange(lines).text == expected.text
    assert sorted(one.text for one in expected.lines) == sorted(one.text for one in page.lines)
    told = expected.text.replace("\t", " ").replace("\n", " ").split()
    assert told == [word for line in expected.lines for word in line.text.split()]


@pytest.mark.parametrize("name", [*BUILDING, *JUDGING])
def test_moving_and_scaling_change_nothing(made: dict[str, list[Found]], name: str) -> None:
    page = made[name][1]
    assert arrange(moved(page.lines, by=(1000, -300), scale=2)).text == arrange(page.lines).text


def test_pages_are_the_same_for_all_time() -> None:
    one, other = (list(pages("form", 2)) for _ in range(2))
    assert one == other
    assert one[0].lines != one[1].lines
