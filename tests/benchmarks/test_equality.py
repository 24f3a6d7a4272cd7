"""benchmarks/equality.py: lines are compared in order, and the engine in `compat` reads as stock does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.contracts import OcrEngine
from benchmarks.equality import LEAST, Difference, Equality, compare, compare_lines, engines, pages
from tests.data import require_data
from tests.models import require_model


def test_the_same_lines_are_equal() -> None:
    assert compare_lines("a", ["x", "y"], ["x", "y"]) == Equality(2, 2)
    assert compare_lines("a", [], []).share == 1.0


def test_a_line_that_reads_otherwise_counts_once() -> None:
    assert compare_lines("a", ["x", "y", "z"], ["x", "Y", "z"]) == Equality(
        3, 2, (Difference("a", ("y",), ("Y",)),)
    )


def test_a_line_that_one_of_them_lacks_does_not_shift_the_others() -> None:
    found = compare_lines("a", ["x", "y", "z"], ["y", "z", "new"])
    assert (found.lines, found.equal) == (4, 2)
    assert found.differences == (Difference("a", ("x",), ()), Difference("a", (), ("new",)))


def test_lines_in_another_order_are_not_equal() -> None:
    assert compare_lines("a", ["x", "y"], ["y", "x"]).share < 1


def test_pages_add_up() -> None:
    both = compare_lines("a", ["x"], ["x"]) + compare_lines("b", ["x"], ["y"])
    assert both.share == 0.5
    assert [difference.page for difference in both.differences] == ["b"]


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[OcrEngine, OcrEngine]]:
    pytest.importorskip("paddleocr")
    model = require_model().model.name
    built = engines(model)
    yield built
    for engine in built:
        engine.close()


@pytest.mark.models
@pytest.mark.data
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_compat_reads_what_stock_reads(pair: tuple[OcrEngine, OcrEngine]) -> None:
    """On pages that lie straight and on tilted ones, small print and large."""
    data = require_data()
    first = [page for name in ("sroie", "funsd", "scene", "mdpbench_demo") for page in pages(data / name, 2)]
    total = compare(*pair, iter([*first, *list(pages(data / "chinese"))[-2:]]))
    print(total)
    assert total.lines > 200
    assert total.share >= LEAST
