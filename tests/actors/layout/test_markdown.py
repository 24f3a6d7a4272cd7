"""Markdown of drawn pages."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from actors.layout.arrange import arrange
from actors.layout.markdown import markdown
from tests.actors.layout.pages import PITCH, column, line, receipt


def test_a_heading_and_a_paragraph() -> None:
    page = [line("A Large Title", 60, 20, 300, 40), *column("a", 60, 100, 400, 3)]
    page[2] = line("It ends with a divi-", 60, 100 + PITCH, 400)
    page[3] = line("ded word and some more text", 60, 100 + 2 * PITCH, 300)
    heading, paragraph = markdown(arrange(page)).split("\n\n")
    assert heading == "# A Large Title"
    assert "\n" not in paragraph
    assert paragraph.endswith("It ends with a divided word and some more text")


def test_a_list() -> None:
    page = [
        line("• first of the items", 60, 100, 300),
        line("that goes on here", 75, 100 + PITCH, 285),
        line("• second of the items", 60, 100 + 2 * PITCH, 300),
    ]
    assert markdown(arrange(page)) == "- first of the items that goes on here\n- second of the items"


def test_a_numbered_list_keeps_its_numbers_and_a_decimal_is_none() -> None:
    page = [line(f"{n}. item", 60, 100 + n * PITCH, 90) for n in (3, 4)]
    assert markdown(arrange(page)) == "3. item\n4. item"
    assert markdown(arrange([line("4.1 Measures", 60, 100, 120)])) == "4.1 Measures"


def test_a_table() -> None:
    page = [
        line(text, left, 100 + row * PITCH, 80)
        for row, cells in enumerate((("Name", "Sum"), ("Tea", "1.20"), ("Milk | soy", "3.40")))
        for text, left in zip(cells, (60, 300), strict=True)
    ]
    assert markdown(arrange(page)).splitlines() == [
        "| Name | Sum |",
        "| --- | --- |",
        "| Tea | 1.20 |",
        "| Milk \\| soy | 3.40 |",
    ]


def test_an_address_keeps_its_lines() -> None:
    page = [line("Jane Doe", 60, 100, 90), line("The Old Mill, Riverside", 60, 100 + PITCH, 260)]
    page += [line("Ambridge", 60, 100 + 2 * PITCH, 100), line("Borsetshire, BO1", 60, 100 + 3 * PITCH, 180)]
    assert markdown(arrange(page)).count("  \n") == 3


def test_chinese_lines_are_joined_without_a_space() -> None:
    page = [line("春眠不覺曉處處聞啼鳥", 60, 100, 300), line("夜來風雨聲花落知多少", 60, 100 + PITCH, 300)]
    assert markdown(arrange(page)) == "春眠不覺曉處處聞啼鳥夜來風雨聲花落知多少"


def test_what_markdown_means_something_by_is_escaped() -> None:
    assert (
        markdown(arrange([line("2 * 3 [or] <b> #4 `x`", 60, 100, 300)]))
        == "2 \\* 3 \\[or\\] \\<b\\> \\#4 \\`x\\`"
    )


@pytest.mark.parametrize(
    "text",
    [
        "---",
        "===",
        "~~~",
        "+ x",
        "1) of them",
        "2018. A year",
        "&amp; so on",
        "- dash",
        "> more",
        "# 5",
        "* * *",
    ],
)
def test_nothing_in_a_text_is_taken_for_markup(text: str) -> None:
    found = MarkdownIt().parse(markdown(arrange([line(text, 60, 100, 200), line("Total", 400, 100, 90)])))
    assert [token.type for token in found] == ["paragraph_open", "inline", "paragraph_close"]
    told = "".join(child.content for child in found[1].children or ())
    assert told == f"{text} Total"


def test_an_empty_page() -> None:
    assert markdown(arrange([])) == ""


def test_a_receipt_has_all_its_words() -> None:
    found = markdown(arrange(receipt()))
    for word in ("Corner Shop", "Coffee", "2.40", "Total", "6.55", "Thank you"):
        assert word in found
