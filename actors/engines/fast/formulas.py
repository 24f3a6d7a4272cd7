"""Which texts have signs of formulas: those that are set with small indices, exponents, or in circles."""

from __future__ import annotations

import unicodedata

_OF_PLAIN_TEXT = frozenset("+<=>|~")
"""Signs of mathematics, by Unicode, that are on every receipt."""


def looks_like_formula(text: str) -> bool:
    """Whether a mathematical sign (as ≤, ∑, ×), a superscript or a number in a circle is in the text."""
    if text.isascii():
        return False
    return any(unicodedata.category(sign) in ("Sm", "No") for sign in text if sign not in _OF_PLAIN_TEXT)
