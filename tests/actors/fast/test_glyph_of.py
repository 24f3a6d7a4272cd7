"""Characters find their glyphs, also where some are touched by others or have two parts."""

from __future__ import annotations

from actors.engines.fast.glyph_of import glyphs_of


def boxes(*lefts: int) -> list[list[int]]:
    return [[left, 0, left + 8, 20] for left in lefts]


def test_as_many_glyphs_as_characters_are_one_each() -> None:
    assert glyphs_of("a b", [14, 20, 30], boxes(0, 20), 20) == [0, None, 1]


def test_a_character_without_a_glyph_of_its_own() -> None:
    assert glyphs_of("abcd", [4, 16, 24, 34], boxes(0, 20, 30), 20) == [0, None, 1, 2]


def test_a_glyph_without_a_character() -> None:
    assert glyphs_of("abc", [4, 24, 44], boxes(0, 10, 20, 40), 20) == [0, 2, 3]


def test_no_glyphs() -> None:
    assert glyphs_of("ab", [1, 2], [], 20) == [None, None]
