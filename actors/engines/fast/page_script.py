"""The script of a page, which says what a lone character is: a + on an English page is no 十."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from actors.engines.fast.ctc import Reading

_EAST_ASIAN = re.compile("[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uffef\U00020000-\U0003ffff]")
"""A character of Chinese or Japanese, or a sign as wide as one."""

_ALPHABETIC = re.compile(r"[^\W_\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uffef]{2}")
"""Two letters or digits of other scripts, side by side."""

_SURE = 0.9
"""Score from which a line tells of its page's script."""

_SAME_SHAPE = {
    "一": "-",
    "ー": "-",
    "二": "=",
    "十": "+",
    "井": "#",
    "米": "*",
    "工": "I",
    "口": "O",
    "〇": "O",
}
"""What lone signs of other scripts are taken for, by their shape. Seen on rendered tables in 24 fonts."""

_SAME_LYING = frozenset("+#*O")
"""Those of them that look the same on their side."""

_FOREIGN = 0.5
"""What is left of the score of a character of another script for which there is no other explanation."""


def is_east_asian(text: str) -> bool:
    """Whether a text has a character of Chinese or Japanese."""
    return _EAST_ASIAN.search(text) is not None


def is_alphabetic_page(readings: Iterable[Reading]) -> bool:
    """Whether the lines of a page are written in an alphabet alone: some have two letters or digits side by
    side, and none that was read well has two characters or more of Chinese or Japanese."""
    alphabetic = False
    for reading in readings:
        if len(_EAST_ASIAN.findall(reading.text)) > 1 and reading.score >= _SURE:
            return False
        alphabetic = alphabetic or (reading.score >= _SURE and _ALPHABETIC.search(reading.text) is not None)
    return alphabetic


def in_alphabet(reading: Reading, *, lying: bool = False) -> Reading:
    """A lone character of Chinese or Japanese as what it must be on a page that has none: the sign of its
    shape. Where there is none, or it lies on its side and looks otherwise then, its score says that it is not
    to be trusted."""
    text = reading.text.strip()
    if not is_east_asian(text):
        return reading
    narrow = unicodedata.normalize("NFKC", text)
    sign = _SAME_SHAPE.get(text, narrow)
    if len(sign) != 1 or is_east_asian(sign) or (lying and sign not in _SAME_LYING):
        return replace(reading, score=_FOREIGN * reading.score)
    return replace(reading, text=sign)
