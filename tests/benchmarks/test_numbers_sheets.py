"""Rendered sheets of numbers: the same for a seed, legible, and how readings are matched to them."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from benchmarks.rendered_numbers import kinds
from benchmarks.rendered_numbers.fonts import FONTS, Font, can_write, picture, wheel_fonts
from benchmarks.rendered_numbers.match import Line, Read, distance, errors, folded, is_exact, match
from benchmarks.rendered_numbers.sheets import X_HEIGHTS, Contents, Order, Sheet, orders, render
from benchmarks.rendered_numbers.wear import CLEAN, WEARS
from benchmarks.rendered_numbers.words import load, words

ANYTHING = Contents(5, 14, 0, {}, lambda text: True)


def sheet(wear: str = CLEAN, x_height: int = 12, index: int = 3, contents: Contents = ANYTHING) -> Sheet:
    return render(Order(index, wheel_fonts()[0], x_height, wear), contents)


def read_perfectly(one: Sheet, score: float = 0.99) -> list[Line]:
    """The truth of each item at its place, on the worn page."""
    turn, shift = one.back[:, :2], one.back[:, 2]
    lines = []
    for placed in one.placed:
        left, top, right, bottom = placed.box
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
        polygon = (corners - shift) @ np.linalg.inv(turn).T
        lines.append(Line(placed.item.text, score, tuple(polygon.reshape(-1).tolist())))
    return lines


@pytest.mark.parametrize("wear", WEARS)
def test_a_sheet_is_the_same_for_a_seed(wear: str) -> None:
    first, again = sheet(wear), sheet(wear)
    assert np.array_equal(first.pixels, again.pixels)
    assert first.placed == again.placed
    other = render(first.order, Contents(6, 14, 0, {}, lambda text: True))
    assert [one.item for one in other.placed] != [one.item for one in first.placed]


@pytest.mark.parametrize("wear", WEARS)
@pytest.mark.parametrize("x_height", X_HEIGHTS)
def test_items_stand_apart_and_where_they_are_said_to_be(wear: str, x_height: int) -> None:
    """All ink of a clean sheet is in the boxes, which keep their distance; wear leaves pages readable."""
    one = sheet(wear, x_height)
    boxes = [placed.box for placed in one.placed]
    assert one.pixels.dtype == np.uint8
    assert one.pixels.shape[2] == 3
    for number, (left, top, right, bottom) in enumerate(boxes):
        assert 0 <= left < right <= one.pixels.shape[1]
        assert 0 <= top < bottom <= one.pixels.shape[0]
        for other in boxes[number + 1 :]:
            across = max(left, other[0]) - min(right, other[2])
            down = max(top, other[1]) - min(bottom, other[3])
            assert across >= 3 * x_height or down >= x_height
    assert np.ptp(one.pixels.astype(int)) >= 50
    if wear == CLEAN:
        ink = one.pixels[:, :, 0] < 255
        for left, top, right, bottom in boxes:
            ink[int(top) : int(bottom), int(left) : int(right)] = False
        assert not ink.any()


@pytest.mark.parametrize("wear", WEARS)
def test_a_perfect_reading_is_matched_wherever_the_page_was_turned(wear: str) -> None:
    one = sheet(wear)
    lines = read_perfectly(one)
    random.Random(1).shuffle(lines)
    found, strays = match(one, lines).reads, match(one, lines).strays
    assert strays == 0
    assert [read.text for read in found] == [placed.item.text for placed in one.placed]
    assert {read.score for read in found} == {0.99}


def test_lines_of_one_item_are_joined_and_strays_belong_to_none() -> None:
    one = sheet()
    (left, top, right, bottom), middle = one.placed[0].box, sum(one.placed[0].box[::2]) / 2
    halves = [
        Line("34", 0.9, (middle, top, right, top, right, bottom, middle, bottom)),
        Line("12", 0.7, (left, top, middle, top, middle, bottom, left, bottom)),
        Line("stray", 0.9, (0, 0, 9, 0, 9, 9, 0, 9)),
        Line("whole row", 0.9, (left, top, 5 * right, top, 5 * right, bottom, left, bottom)),
    ]
    found = match(one, halves).reads
    assert match(one, halves).strays == 2
    assert found[0] == Read("12 34", 0.7)
    assert set(found[1:]) == {Read("", None)}


def test_orders_hold_each_combination_once_and_any_part_of_all() -> None:
    fonts = [Font(f"font {number}", "sans", None, "") for number in range(16)]
    found = orders(fonts, X_HEIGHTS, list(WEARS), 7)
    assert len({(one.font, one.x_height, one.wear) for one in found}) == len(found) == 16 * 4 * 6
    part = found[: 16 * 6]
    for key in ("font", "x_height", "wear"):
        counts = [
            sum(getattr(one, key) == value for one in part) for value in {getattr(one, key) for one in found}
        ]
        assert min(counts) > 0
        assert max(counts) <= 2.1 * min(counts) or key != "font"


@pytest.mark.parametrize("kind", kinds.KINDS)
@pytest.mark.parametrize("equal", [True, False])
def test_each_kind_of_number(kind: str, equal: bool) -> None:
    chance = random.Random(kind)
    found = [kinds.number(chance, kind, equal) for _ in range(40)]
    texts = [item.text for item in found if item is not None]
    assert len(texts) == 40
    assert len(set(texts)) > 20
    fits = kinds.has_equal_neighbors if equal else kinds.has_no_equal_digits
    assert all(fits(text) for text in texts)
    assert all(text.isascii() or set(text) <= set("0123456789.,€£ ") for text in texts)


def test_groups_of_the_world() -> None:
    assert kinds.grouped("12345678", ",") == "12,345,678"
    assert kinds.grouped("12345678", ",", then=2) == "1,23,45,678"
    assert kinds.grouped("123", ".") == "123"


def test_account_numbers_have_their_check_digits() -> None:
    chance = random.Random(3)
    for _ in range(20):
        item = kinds.number(chance, "IBAN", equal=True)
        assert item is not None
        text = item.text.replace(" ", "")
        moved = text[4:] + text[:4]
        assert int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def test_numbers_keep_to_what_a_font_can_write_and_half_have_equal_neighbors() -> None:
    def known(text: str) -> bool:
        return set(text) <= set("0123456789.:- ")

    found = kinds.numbers(random.Random(2), [*kinds.KINDS, *kinds.KINDS], known)
    assert len(found) == 28
    assert sum(bool(item.equal) for item in found) == 14
    assert all(known(item.text) for item in found)


def test_words_are_of_all_languages_half_of_them_accented(tmp_path: Path) -> None:
    for file, text in (
        ("american-english", "plain\nIllinois\nxyz\nnaïve"),
        ("ngerman", "Straße\nHaus\nüber"),
        ("french", "élan\nchat"),
        ("spanish", "niño\ncasa\nq"),
    ):
        (tmp_path / file).write_text(text + "\n", "utf-8")
    lists = load(lambda text: "x" not in text, tmp_path)
    assert lists["English"] == ("plain", "naïve")
    assert lists["Spanish"] == ("niño", "casa")
    found = words(random.Random(1), 40, lists, lambda text: True)
    assert {item.language for item in found} == {"English", "German", "French", "Spanish"}
    assert sum(not item.text.isascii() for item in found) >= 20
    assert words(random.Random(1), 4, {}, lambda text: True) == []


@pytest.mark.parametrize(
    "font",
    [*wheel_fonts(), *(pytest.param(font, marks=pytest.mark.system("fonts")) for font in FONTS)],
    ids=str,
)
def test_a_font_has_its_x_height_and_no_boxes_for_what_it_lacks(font: Font) -> None:
    assert not can_write(font, "ก")
    assert can_write(font, "0123456789.:- ")
    letter, share = ("x", 1.0) if can_write(font, "x") else ("8", 1.4)
    for x_height in X_HEIGHTS:
        assert picture(font, letter, x_height).height == pytest.approx(share * x_height, abs=2.2)
    assert picture(font, "11", 16).width > picture(font, "1", 16).width


def test_signs_are_compared_without_their_forms() -> None:
    assert is_exact("CHF 1'234.50", "CHF1’234．50")
    assert is_exact("-5", "−5")
    assert is_exact("DE12 3456", "DE123456")
    assert not is_exact("1,5", "1.5")
    assert not is_exact("été", "ete")
    assert folded("e\u0301") == "é"


def test_errors_are_edit_distances() -> None:
    assert distance("", "abc") == 3
    assert distance("kitten", "sitting") == 3
    assert errors("800,000.00", "800,0000") == 2
    assert errors("3333", "3333") == 0
