"""How reports speak of so many of a kind."""

from __future__ import annotations

from pipelines.names import Names, page_name


def test_some_are_named_and_the_others_counted() -> None:
    names = Names.of([page_name(f"{letter}.png", 0) for letter in "abcd"], 2)
    assert names.in_a_line == "a.png page 0, b.png page 0, 2 more"
    assert names.listed("pages") == "pages\n  a.png page 0\n  b.png page 0\n  and 2 more"


def test_all_of_them_leave_no_rest() -> None:
    assert Names.of(["a"], 2).in_a_line == "a"
    assert Names.of(["a"], 2).listed("pages") == "pages\n  a"


def test_of_none_there_is_nothing_to_say() -> None:
    assert Names().in_a_line == Names().listed("pages") == ""
