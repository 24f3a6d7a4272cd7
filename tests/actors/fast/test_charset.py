"""Charsets: which classes of a model stay."""

from __future__ import annotations

import pytest

from actors.engines.fast.charset import check_names, kept_classes, names
from actors.errors import ConfigError

CHARACTERS = ("", "a", "É", "7", ".", "я", "中", "。", "ひ", "Ω", "😀", "€", "\u3000", " ")


def kept(charset: str) -> str:
    indexes = kept_classes(charset, CHARACTERS)
    assert indexes is not None
    assert indexes[0] == 0
    assert indexes == sorted(set(indexes))
    return "".join(CHARACTERS[index] for index in indexes)


@pytest.mark.parametrize(
    ("charset", "inside", "outside"),
    [
        ("digits", "7.€ ", "aÉя中。ひΩ😀"),
        ("latin", "aÉ7.€ ", "я中ひΩ😀"),
        ("cyrillic", "я7. ", "aÉ中ひΩ"),
        ("chinese", "中。7. ", "aяひΩ"),
        ("japanese", "中ひ7 ", "aяΩ"),
        ("latin+greek", "aÉΩ7 ", "я中ひ"),
    ],
)
def test_a_charset_has_its_script_and_what_all_scripts_share(charset: str, inside: str, outside: str) -> None:
    found = kept(charset)
    assert set(inside) <= set(found)
    assert not set(outside) & set(found)


def test_all_leaves_the_model_as_it_is() -> None:
    assert kept_classes("all", CHARACTERS) is None


def test_the_order_of_names_makes_no_difference() -> None:
    assert kept("latin+greek") == kept("greek+latin") == kept("greek+latin+digits")


def test_a_script_that_the_model_does_not_know() -> None:
    with pytest.raises(ConfigError, match="no character of the charset thai") as caught:
        kept_classes("latin+thai", CHARACTERS)
    assert "charset=all" in caught.value.remedy


@pytest.mark.parametrize("charset", ["klingon", "latin+klingon", "", "latin+", "all+latin"])
def test_a_name_that_nobody_knows(charset: str) -> None:
    for check in (check_names, lambda wrong: kept_classes(wrong, CHARACTERS)):
        with pytest.raises(ConfigError, match="There is no charset") as caught:
            check(charset)
        assert "latin+greek" in caught.value.remedy


def test_every_name_is_accepted() -> None:
    for name in names():
        check_names(name)
