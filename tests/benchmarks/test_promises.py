"""benchmarks/promises.py: which lines are compared with which labels, and what counts as wrong."""

from __future__ import annotations

from typing import Any

from actors.contracts import Line
from benchmarks.promises import Compared, compare, markdown, promise


def box(left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
    return (left, top, right, top, right, bottom, left, bottom)


def label(text: str, left: float, right: float, **more: Any) -> dict[str, Any]:
    corners = box(left, 10, right, 30)
    return {"text": text, "polygon": [list(pair) for pair in zip(*[iter(corners)] * 2, strict=True)], **more}


def test_a_line_is_compared_with_all_labels_in_its_place() -> None:
    page = {"file": "a.png", "lines": [label("12.50", 100, 150), label("Total", 10, 60), label("RM", 70, 90)]}
    found, apart = compare(page, [Line("total RM 12.60", 0.97, box(8, 8, 152, 32))])
    assert found == [Compared("a.png", "totalrm12.50", "totalrm12.60", 0.97)]
    assert (found[0].wrong, found[0].wrong_digits, apart) == (1, 1, 0)


def test_lines_that_labels_cut_otherwise_are_left_out() -> None:
    page = {"file": "a.png", "lines": [label("one two", 10, 200), label("###", 300, 400, ignore=True)]}
    lines = [
        Line("one", 0.99, box(10, 10, 110, 30)),  # half of a label
        Line("odd", 0.99, box(300, 10, 400, 30)),  # which is to be ignored
        Line("none", 0.99, box(10, 100, 90, 120)),  # where no label is
    ]
    assert compare(page, lines) == ([], 3)


def test_a_promise_is_of_sure_lines() -> None:
    compared = [
        Compared("a", "ab12", "ab1", 0.99),
        Compared("a", "cd34", "xd34", 0.96),
        Compared("a", "ef56", "", 0.4),
    ]
    low, high = (promise("sroie", "fast", compared, least) for least in (0.95, 0.98))
    assert (low.lines, low.characters, low.wrong, low.digits, low.wrong_digits) == (2, 8, 2, 4, 1)
    assert (high.lines, high.characters, high.wrong) == (1, 4, 1)
    tree = {
        "date": "2026-01-02",
        "machine": {"processor": "p", "cores": 2, "system": "s"},
        "versions": {"rayocr": "1"},
        "lines_left_out": {"sroie, fast": 3},
    }
    text = markdown(tree, [low, high])
    assert "| sroie | 0.95 | fast | 2 | 8 | 2 | 25.000% | 4 | 1 | 25.000% |" in text
    assert "sroie, fast 3." in text
