"""What is escaped, and what scripts need and stays."""

from __future__ import annotations

import logging
import sys
import unicodedata

import pytest

from actors.inert import InertFormatter, inert

SEEN = {
    chr(code)
    for code in (
        *range(0x600, 0x606),
        0x6DD,
        0x70F,
        0x890,
        0x891,
        0x8E2,
        0x110BD,
        0x110CD,
        *range(0x13430, 0x13440),
    )
}
"""Format characters with a picture: signs that stand before or above numbers, and Egyptian quadrats."""
JOINERS = {"\u200c", "\u200d"}


def test_of_all_characters_those_that_act_or_hide_are_escaped() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        kind = unicodedata.category(character)
        if kind == "Cn":  # not assigned, whatever it will be
            continue
        acts = kind in ("Cc", "Cs", "Zl", "Zp") or (kind == "Cf" and character not in SEEN | JOINERS)
        assert (inert(character) != character) == acts, f"U+{code:04X} {kind}"
        assert inert(character).isprintable() or not acts


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\x1b]0;title\x07.png", r"a\x1b]0;title\x07.png"),
        ("\x1b[2J\x9b2J", r"\x1b[2J\x9b2J"),
        ("a\nrayocr: complete", r"a\nrayocr: complete"),
        ("a\r\tb\x7f", r"a\r\tb\x7f"),
        ("gnp\u202eexe", r"gnp\u202eexe"),
        ("\u2066a\u2069\u2028b\u2029", r"\u2066a\u2069\u2028b\u2029"),
        ("pay\u200bload\ufeff\u00ad", r"pay\u200bload\ufeff\xad"),
        ("\udcff\U000e0041", r"\udcff\U000e0041"),
    ],
)
def test_hostile_text(text: str, seen: str) -> None:
    assert inert(text) == seen
    assert inert(inert(text)) == seen


@pytest.mark.parametrize(
    "text",
    [
        "plain, with a \\ in it",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
        "\u05e2\u05d1\u05e8\u05d9\u05ea",
        "\u0915\u094d\u200d\u0937 \u0e44\u0e17\u0e22 \u65e5\u672c\u8a9e",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "e\u0301 \u00a0\u3000 \ufffd1b",
    ],
)
def test_text_of_all_scripts_stays(text: str) -> None:
    assert inert(text) == text


def test_lines_and_tabs_of_a_text_stay() -> None:
    assert inert("a\tb\n\x1bc\r\n\u2028", lines=True) == "a\tb\n\\x1bc\\r\n\\u2028"


def test_a_log_keeps_each_message_on_its_line() -> None:
    try:
        raise ValueError("\x1b[2J")
    except ValueError:
        record = logging.LogRecord("x", logging.INFO, "", 0, "of %s", ("a\n\x1b]0;b\x07",), sys.exc_info())
    first, *rest = InertFormatter("%(name)s: %(message)s").format(record).split("\n")
    assert first == r"x: of a\n\x1b]0;b\x07"
    assert len(rest) > 2
    assert "\x1b" not in "".join(rest)
