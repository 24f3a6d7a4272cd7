"""Tables: the n-th cell of a row is in the n-th column."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.contracts import Line
from actors.layout.arrange import arrange
from actors.layout.markdown import markdown
from tests.actors.layout.pages import PITCH, line, receipt

HEAD = ("Date", "Check no", "Description", "Debit", "Credit", "Balance")
PLACES = ((40, "l"), (140, "l"), (260, "l"), (560, "r"), (660, "r"), (780, "r"))


def drawn(rows: Sequence[tuple[str, ...]], places: tuple[tuple[int, str], ...] = PLACES) -> list[Line]:
    """Rows of cells at the left or right edge of their columns; ten pixels a character."""
    page = []
    for number, row in enumerate(rows):
        for (x, edge), text in zip(places, row, strict=False):
            width = 10.0 * len(text)
            if text:
                page.append(line(text, x if edge == "l" else x - width, 100 + number * PITCH, width))
    return page


def entries(seed: int, count: int) -> list[tuple[str, ...]]:
    """A bank's entries: a debit or a credit, and now and then a number or a second line."""
    rng = random.Random(seed)
    rows: list[tuple[str, ...]] = [HEAD, ("01 Jan", "", "Opening balance", "", "", "1,000.00")]
    for number in range(count):
        amount = f"{rng.randint(100, 99999) / 100:.2f}"
        check = str(rng.randint(1000, 9999)) if rng.random() < 0.3 else ""
        sums = (amount, "") if rng.random() < 0.6 else ("", amount)
        rows.append(
            (f"{number + 2:02d} Jan", check, f"Entry of {number}", *sums, f"{rng.randint(1, 999)}.50")
        )
        if rng.random() < 0.2:
            rows.append(("", "", f"Ref {rng.randint(100, 999)}"))
    return [*rows, ("", "", "Closing balance", "", "", "1,234.50")]


@given(st.integers(0, 10_000), st.integers(4, 30))
@settings(deadline=None, max_examples=40)
def test_a_statement_keeps_its_columns(seed: int, count: int) -> None:
    rows = entries(seed, count)
    found = [tuple(row.split("\t")) for row in arrange(drawn(rows)).text.splitlines() if row]
    assert found == [tuple("\t".join(row).rstrip("\t").split("\t")) for row in rows]


def test_markdown_has_the_cells_of_the_text() -> None:
    layout = arrange(drawn(entries(3, 12)))
    lines = markdown(layout).splitlines()
    cells = [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in [lines[0], *lines[2:]]]
    assert cells == list(layout.blocks[0].cells)
    assert layout.blocks[0].columns == len(HEAD)


def test_a_receipt_is_no_table() -> None:
    layout = arrange(receipt())
    assert not any(block.columns for block in layout.blocks)
    assert not any(row.startswith("\t") for row in layout.text.splitlines())


def test_a_line_that_goes_on_in_a_cell_keeps_its_column() -> None:
    rows = [
        ("Item", "Text", "Qty", "Sum"),
        ("A-1", "Garden bench,", "2", "398.00"),
        ("", "oak, with"),
        ("", "cushions"),
        ("B-2", "Watering can", "1", "24.50"),
        ("C-7", "Seed set:", "12", "33.60"),
        ("", "chard"),
    ]
    page = drawn(rows, ((40, "l"), (140, "l"), (420, "r"), (540, "r")))
    assert arrange(page).text.splitlines() == ["\t".join(row) for row in rows]


def test_a_cell_over_two_columns_is_in_the_first_of_them() -> None:
    rows: list[tuple[str, ...]] = [(f"row{number}", "12.5", "13.5", "14.5") for number in range(6)]
    page = drawn(rows, ((40, "l"), (240, "l"), (340, "l"), (440, "l")))
    page = [one for one in page if one.polygon[1] != 100 + 3 * PITCH or one.polygon[0] in (40, 440)]
    page.append(line("not measured", 245, 100 + 3 * PITCH, 120))
    assert arrange(page).text.splitlines()[3] == "row3\tnot measured\t\t14.5"


def test_cells_that_stand_in_the_middle_of_two_rows_are_no_column_of_their_own() -> None:
    page = drawn([(f"name{row}", f"{row}.25") for row in range(16)], ((40, "l"), (200, "l")))
    page += [line(f"group{row}", 400, 100 + (2 * row + 0.5) * PITCH, 90) for row in range(8)]
    rows = arrange(page).text.splitlines()
    assert [row.strip("\t") for row in rows[:3]] == ["name0\t0.25", "group0", "name1\t1.25"]


def test_a_torn_cell_is_one_cell() -> None:
    page = drawn(
        [(f"row{number}", f"{number}.25", "7") for number in range(8)], ((40, "l"), (300, "l"), (420, "l"))
    )
    page.remove(next(one for one in page if one.text == "row4"))
    page += [line("row4", 40, 100 + 4 * PITCH, 40), line("as amended", 88, 100 + 4 * PITCH, 100)]
    assert arrange(page).text.splitlines()[4] == "row4 as amended\t4.25\t7"


@pytest.mark.parametrize("size", [1, 2])
def test_two_rows_are_no_table(size: int) -> None:
    rows: list[tuple[str, ...]] = [("a", "", "b1", "c1"), ("a2", "bb2", "", "c2")][:size]
    layout = arrange(drawn(rows, ((40, "l"), (200, "l"), (320, "l"), (440, "l"))))
    assert not any(block.columns for block in layout.blocks)
