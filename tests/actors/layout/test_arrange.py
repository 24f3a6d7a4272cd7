"""Reading order of drawn pages, and the laws that it keeps on any page."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.contracts import Line
from actors.layout.arrange import arrange
from tests.actors.layout.pages import HEIGHT, PITCH, column, line, moved, names, receipt, two_columns

A, B, C = ([f"{name}{index}" for index in range(12)] for name in "abc")


def test_two_columns_are_read_one_after_the_other() -> None:
    assert names(arrange(two_columns()).lines) == ["Title", *A, *B, "17"]


def test_columns_need_no_wide_gutter() -> None:
    page = column("a", 60, 100, 320, 12) + column("b", 386, 100, 320, 12)
    assert names(arrange(page).lines) == A + B


def test_a_band_over_both_columns_parts_what_is_above_from_what_is_below() -> None:
    page = [
        *column("a", 60, 100, 320, 4),
        *column("b", 420, 100, 320, 4),
        *column("wide", 60, 260, 680, 2),
        *column("c", 60, 380, 320, 4),
        *column("d", 420, 380, 320, 4),
    ]
    expected = [
        f"{name}{i}"
        for name, count in (("a", 4), ("b", 4), ("wide", 2), ("c", 4), ("d", 4))
        for i in range(count)
    ]
    assert names(arrange(page).lines) == expected


def test_a_caption_between_columns_does_not_cut_them() -> None:
    page = [
        *column("a", 60, 100, 320, 8)[:-1],
        *column("b", 420, 100, 320, 8)[:-1],
        *column("c", 60, 100 + 7 * PITCH, 200, 9),
        *column("d", 540, 100 + 7 * PITCH, 200, 9),
        line("Fig. 1", 350, 100 + 8.5 * PITCH, 120),
    ]
    found = names(arrange(page).lines)
    assert found.index("c8") < found.index("b0"), "the left column runs on beside the caption"
    assert found.index("d8") < found.index("Fig.")


def test_a_label_and_its_amount_stay_on_one_row() -> None:
    text = arrange(receipt()).text
    assert "Coffee\t2.40\nBread\t3.10\nMilk\t1.05\nTotal\t6.55" in text
    assert text.startswith("Corner Shop\n\n")
    assert text.endswith("\n\nThank you")


def test_a_table_keeps_its_rows() -> None:
    page = [
        line(f"{name} {row}", left, 100 + row * PITCH, 80)
        for row in range(5)
        for name, left in (("Name", 40), ("Street", 240), ("City", 440))
    ]
    assert arrange(page).text.splitlines()[2] == "Name 2\tStreet 2\tCity 2"


def test_a_statement_keeps_its_rows_where_debits_and_credits_take_turns() -> None:
    page: list[Line] = []
    for row in range(8):
        top = 100 + row * PITCH
        page += [line(f"Date{row}", 40, top, 80), line(f"Text{row}", 160, top, 150)]
        debit = row < 5
        page.append(line(f"{'Debit' if debit else 'Credit'}{row}", 400 if debit else 500, top, 60))
        page.append(line(f"Balance{row}", 600, top, 70))
    expected = [
        f"Date{row}\tText{row}\tDebit{row}\t\tBalance{row}"
        if row < 5
        else f"Date{row}\tText{row}\t\tCredit{row}\tBalance{row}"
        for row in range(8)
    ]
    assert arrange(page).text.splitlines() == expected


def test_totals_beside_a_list_stay_with_their_amounts() -> None:
    """A receipt: sums in the middle, what was paid on the left, all amounts on the right."""
    sums = [line(f"Sum{row}", 200, 100 + row * PITCH, 90) for row in range(4)]
    paid = [line(f"Paid{row}", 40, 100 + row * PITCH, 90) for row in range(4, 7)]
    amounts = [line(f"Amount{row}", 400, 100 + row * PITCH, 70) for row in range(7)]
    expected = [f"{'Sum' if row < 4 else 'Paid'}{row}\tAmount{row}" for row in range(7)]
    assert arrange([*sums, *paid, *amounts]).text.splitlines() == expected


def test_facts_that_are_level_with_text_by_chance_are_a_column() -> None:
    facts = [line(f"Fact{index}", 40, 100 + 1.5 * PITCH * index, 90) for index in range(7)]
    found = names(arrange([*facts, *column("b", 200, 100, 420, 12)]).lines)
    assert found == [f"Fact{index}" for index in range(7)] + B, "four of seven are level with a line"


def test_labels_of_long_answers_stay_on_their_rows() -> None:
    labels = [line(f"Label{index}", 40, 100 + PITCH * index, 90) for index in range(12)]
    found = names(arrange([*labels, *column("b", 200, 100, 420, 12)]).lines)
    assert found == [name for index in range(12) for name in (f"Label{index}", f"b{index}")]


def test_paragraphs_are_blocks() -> None:
    page = column("a", 60, 100, 500, 4) + column("b", 60, 100 + 5.5 * PITCH, 500, 4)
    layout = arrange(page)
    assert [names(block.lines) for block in layout.blocks] == [A[:4], B[:4]]
    assert [one.block for one in layout.lines] == [0] * 4 + [1] * 4
    assert layout.text.count("\n\n") == 1


def test_an_indent_begins_a_paragraph() -> None:
    page = column("a", 60, 100, 500, 9)
    page[4] = line(page[4].text, 90, 100 + 4 * PITCH, 470)
    assert [len(block.rows) for block in arrange(page).blocks] == [4, 5]


def test_line_numbers_are_no_part_of_the_lines() -> None:
    page = column("a", 120, 100, 500, 12)
    page += [line(str(index + 1), 60, 100 + index * PITCH, 24) for index in range(12)]
    assert names(arrange(page).lines) == [str(index + 1) for index in range(12)] + A


def test_vertical_text_is_read_from_right_to_left() -> None:
    columns = ["春眠不覺曉", "處處聞啼鳥", "夜來風雨聲", "花落知多少"]
    page = []
    for index, text in enumerate(columns):
        right, top, bottom = 400 - index * 50, 50, 300
        left = right - 40
        page.append(Line(text, 0.9, (right, top, right, bottom, left, bottom, left, top)))
    assert [one.text for one in arrange(page).lines] == columns
    unturned = [Line(one.text, 0.9, one.polygon[6:] + one.polygon[:6]) for one in page]
    assert [one.text for one in arrange(unturned).lines] == columns


def test_right_to_left_rows_begin_on_the_right() -> None:
    page = [
        line("שלום עולם זה טקסט", 300, 50, 300),
        line("ועוד קצת טקסט כאן", 40, 52, 200),
        line("שורה שנייה של הדף", 300, 50 + PITCH, 300),
    ]
    assert arrange(page).text.splitlines()[0] == "שלום עולם זה טקסט\tועוד קצת טקסט כאן"


def test_a_caption_over_vertical_columns_comes_first_and_whole() -> None:
    columns = ["春眠不覺曉處處聞", "啼鳥夜來風雨聲花", "落知多少春眠不覺"]
    page = [line("図3", 60, 10, 40), line("港の市場のようす", 110, 10, 160), line("(昭和)", 290, 12, 60)]
    for index, text in enumerate(columns):
        right = 330 - index * 60
        page.append(Line(text, 0.9, (right, 60, right, 380, right - 40, 380, right - 40, 60)))
    assert arrange(page).text.split("\n\n") == [
        "図3\t港の市場のようす\t(昭和)",
        "\n".join(columns),
    ]


def test_heads_of_narrow_columns_that_are_turned_up_do_not_turn_the_page() -> None:
    heads = ["Brake test", "Oil level", "Tyre tread", "Lamp check", "Mirror set"]
    page = []
    for index, text in enumerate(heads):
        left = 200 + 50 * index
        page.append(Line(text, 0.9, (left, 200, left, 90, left + 20, 90, left + 20, 200)))
    for row in range(3):
        top = 220 + row * PITCH
        page.append(line(f"Van {row}", 60, top, 60))
        page += [line("ok", 200 + 50 * index, top, 18) for index in range(5) if index != row]
    first, *rows = arrange(page).text.splitlines()
    assert first == "\t" + "\t".join(heads)
    assert rows[1] == "Van 1\tok\t\tok\tok\tok"
    assert rows[2] == "Van 2\tok\tok\t\tok\tok"


def test_a_character_alone_is_upright_however_its_polygon_begins() -> None:
    page = []
    for row in range(6):
        top = 100 + row * PITCH
        page += [line("Cover plate", 60, top, 110), line("40.00", 400, top, 50)]
        box = (300.0, top, 310.0, top, 310.0, top + HEIGHT, 300.0, top + HEIGHT)
        page.append(Line("1", 0.9, box if row % 2 else box[2:] + box[:2]))
    assert arrange(page).text.splitlines() == ["Cover plate\t1\t40.00"] * 6


def test_messages_of_a_chat_are_read_by_height() -> None:
    page, expected = [], []
    for index in range(8):
        for part in range(2):
            text = f"m{index}{part} some words of it"
            page.append(line(text, 20 if index % 2 else 320, 40 + index * 80 + part * PITCH, 240))
            expected.append(text.split(maxsplit=1)[0])
    assert names(arrange(page).lines) == expected


def test_a_table_beside_a_column_of_its_own_shares_no_rows() -> None:
    page = []
    for row in range(14):
        top = 100 + row * 33.0
        page += [
            line(f"row{row}", 40, top, 90),
            *(line(f"{row}.{n}", 180 + 90 * n, top, 40) for n in range(3)),
        ]
    for row in range(17):
        top = 104 + row * 27.0
        page += [line(f"side{row}", 480, top, 80), line(f"{row},5", 620, top, 40)]
    text = arrange(page).text
    assert "row3\t3.0\t3.1\t3.2\n" in text
    assert "side3\t3,5\n" in text
    assert text.index("row13") < text.index("side0")


def test_points_side_by_side_are_columns_though_they_stand_in_rows() -> None:
    page = []
    for left, name in ((40, "l"), (460, "r")):
        for point in range(3):
            top = 100 + point * 3 * PITCH
            page.append(line(f"• {name}{point} is a point whose line is", left, top, 380))
            page.append(line("too long and goes on", left + 20, top + PITCH, 200))
    found = [one.text.split()[1] for one in arrange(page).lines if one.text.startswith("•")]
    assert found == ["l0", "l1", "l2", "r0", "r1", "r2"]


def test_a_caption_far_below_the_top_of_the_text_beside_it_comes_after_the_text() -> None:
    caption = [line("The harbor", 40, 500, 120, 16), line("in winter.", 40, 520, 110, 16)]
    found = names(arrange([*caption, *column("b", 300, 100, 420, 12), *column("b", 300, 440, 420, 6)]).lines)
    assert found[-2:] == ["The", "in"]


def test_two_pages_side_by_side_keep_their_heads_and_numbers() -> None:
    page = []
    for left, name in ((40, "a"), (620, "b")):
        page += [line(f"{name}head", left + 150, 40, 90), *column(name, left, 100, 480, 12)]
        page.append(line(f"{name}foot", left + 200, 450, 40))
    expected = [
        part for name in "ab" for part in (f"{name}head", *(f"{name}{n}" for n in range(12)), f"{name}foot")
    ]
    assert names(arrange(page).lines) == expected


def test_a_side_note_is_no_part_of_the_rows_beside_it() -> None:
    note = Line("ANNUAL REPORT", 0.9, (20, 500, 20, 100, 45, 100, 45, 500))
    found = names(arrange([*column("a", 100, 100, 500, 12), note]).lines)
    assert [one for one in found if one != "ANNUAL"] == A
    assert found[0] == "ANNUAL" or found[-1] == "ANNUAL"


@pytest.mark.parametrize("count", [0, 1])
def test_a_page_of_few_lines(count: int) -> None:
    layout = arrange([line("alone", 0, 0, 50)] * count)
    assert layout.text == "alone" * count
    assert len(layout.lines) == count


def test_what_was_recognised_is_all_there() -> None:
    page = two_columns()
    assert sorted(one.text for one in arrange(page).lines) == sorted(one.text for one in page)


@pytest.mark.parametrize("size", [3000])
def test_a_page_of_any_size_ends(size: int) -> None:
    maker = random.Random(7)
    page = [
        line(f"w{i} of many words", maker.uniform(0, 4000), maker.uniform(0, 4000), 90) for i in range(size)
    ]
    level = [line(f"{i}", i * 3.0, 10, 60) for i in range(size)]
    for lines in (page, level, [line("x", 5, 5, 5)] * size):
        assert len(arrange(lines).lines) == size


def test_the_time_grows_as_the_lines_do() -> None:
    """A staircase, where no column ends: compared with all that went before, its lines took 7 seconds."""
    page = [line("step", index * 30, index * PITCH, 28) for index in range(8000)]
    begun = time.process_time()
    assert len(arrange(page).lines) == len(page)
    assert time.process_time() - begun < 3


PAGES: dict[str, Callable[[], list[Line]]] = {"columns": two_columns, "receipt": receipt}


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(sorted(PAGES)),
    st.randoms(use_true_random=False),
    st.tuples(st.floats(-3000, 3000), st.floats(-3000, 3000)),
    st.floats(0.5, 5),
    st.floats(-10, 10),
)
def test_moving_scaling_turning_and_shuffling_change_nothing(
    name: str, shuffler: random.Random, by: tuple[float, float], scale: float, degrees: float
) -> None:
    page = PAGES[name]()
    expected = arrange(page)
    other = moved(page, by=by, scale=scale, degrees=degrees)
    shuffler.shuffle(other)
    assert arrange(other).text == expected.text


_NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=32)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.builds(
            lambda text, p: Line(text, 0.5, tuple(p)),
            st.text(max_size=8),
            st.lists(_NUMBERS, min_size=8, max_size=8),
        ),
        max_size=30,
    )
)
def test_no_polygons_are_too_odd(lines: list[Line]) -> None:
    found = arrange(lines)
    assert sorted(one.text for one in found.lines) == sorted(one.text for one in lines)
    assert arrange(lines[::-1]).text == found.text
