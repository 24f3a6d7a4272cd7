"""The drawn pictures of unusual shape: known text, the same for a seed, and how what was read is counted."""

from __future__ import annotations

import pytest

from benchmarks.large.canvas import Label, Sheet
from benchmarks.large.pages import KINDS
from benchmarks.large_pages import score


@pytest.mark.system("fonts")
@pytest.mark.parametrize("kind", ["article", "code", "timeline", "drawing"])
def test_labels_lie_on_the_sheet_and_are_the_same_for_a_seed(kind: str) -> None:
    first, again, other = (KINDS[kind](seed) for seed in (1, 1, 2))
    assert first.labels == again.labels != other.labels
    assert (first.pixels() == again.pixels()).all()
    width, height = first.size
    for label in first.labels:
        left, top, right, bottom = label.box
        assert 0 <= left < right <= width + 200
        assert 0 <= top < bottom <= height
    assert len(first.labels) >= 60


@pytest.mark.system("fonts")
def test_a_line_without_room_is_left_out() -> None:
    sheet = Sheet(300, 100, seed=1)
    assert sheet.text(10, 10, "here", "sans", 20) > 0
    assert sheet.text(10, 90, "not here", "sans", 20) == 0
    assert [label.text for label in sheet.labels] == ["here"]


def test_lines_are_counted_once_each_and_words_both_ways() -> None:
    labels = [
        Label("one two", (0, 0, 1, 1)),
        Label("one two", (0, 2, 1, 3)),
        Label("77", (0, 4, 1, 9), upwards=True),
    ]
    found = score(labels, ["one  two", "LL", "two three"])
    assert (found.lines, found.found, found.exact) == (3, 3, 1)
    assert (found.upright, found.upright_exact) == (2, 1)
    assert found.recall == 3 / 5
    assert found.precision == 3 / 5
