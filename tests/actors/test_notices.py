"""The table of notices."""

from __future__ import annotations

import pytest

from actors.errors import ERROR_CODES
from actors.notices import NOTICE_CODES, TEXT_IS_THERE, ordered


def test_codes_are_in_the_order_of_the_table_and_of_it() -> None:
    assert ordered(set(NOTICE_CODES)) == tuple(NOTICE_CODES)
    assert ordered(set()) == ()
    with pytest.raises(ValueError, match=r"unknown notice 'text\.lost'"):
        ordered({"text.lost"})


def test_a_notice_is_no_error_and_says_what_to_do() -> None:
    assert not NOTICE_CODES.keys() & ERROR_CODES.keys()
    assert TEXT_IS_THERE.issubset(NOTICE_CODES)
    for entry in NOTICE_CODES.values():
        assert entry.meaning.endswith(".") and entry.remedy.endswith(".")


def test_a_code_has_a_bit_of_the_ledger() -> None:
    assert len(NOTICE_CODES) <= 32
