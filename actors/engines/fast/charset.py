"""Named sets of characters: what a recognition model is allowed to read, so that its head can be smaller."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

from actors.errors import ConfigError

ALL = "all"

_SCRIPTS = {
    "latin": ("LATIN",),
    "greek": ("GREEK",),
    "cyrillic": ("CYRILLIC",),
    "arabic": ("ARABIC",),
    "hebrew": ("HEBREW",),
    "devanagari": ("DEVANAGARI",),
    "thai": ("THAI",),
    "korean": ("HANGUL",),
    "chinese": ("CJK", "IDEOGRAPHIC", "FULLWIDTH"),
    "japanese": ("CJK", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH", "HIRAGANA", "KATAKANA"),
}
"""First words of the Unicode names of a script's letters and of its own punctuation."""

_DIGITS = frozenset("0123456789+-.,:;/%()#*=$€£¥'\" ")
"""What amounts, dates, times and numbers are written with."""

_FIRST_CJK = 0x2E80
_FIRST_PICTURE = 0x2600
"""Code points from which East Asian punctuation, and pictures (dingbats, emoji), begin."""


def names() -> tuple[str, ...]:
    """The sets that can be named, alone or joined by `+`."""
    return (ALL, "digits", *_SCRIPTS)


def kept_classes(charset: str, characters: Sequence[str]) -> list[int] | None:
    """Classes of a model that belong to a charset, ascending, the blank (0) among them; None for all.

    `charset`: names joined by `+`, as in "latin+greek". Digits, spaces, punctuation and common symbols
    belong to every script. Raises ConfigError for an unknown name, or if the model has nothing of a set.
    """
    if charset == ALL:
        return None
    kept = {0}
    for name in charset.split("+"):
        belongs = _membership(name)
        found = {index for index, character in enumerate(characters) if index and belongs(character)}
        if name in _SCRIPTS and not any(_of_script(characters[index], name) for index in found):
            raise ConfigError(
                f"The model has no character of the charset {name}.",
                f"It was trained on other scripts; it has {len(characters):,} characters.",
                "Take another engine.model, or engine.charset=all.",
            )
        kept |= found
    return sorted(kept)


def check_names(charset: str) -> None:
    """Raises ConfigError for a name that is unknown."""
    for name in charset.split("+"):
        if name != ALL or charset != ALL:
            _membership(name)


def _membership(name: str) -> Callable[[str], bool]:
    if name == "digits":
        return lambda character: character in _DIGITS
    if name not in _SCRIPTS:
        raise ConfigError(
            f"There is no charset {name!r}.",
            f"Known are {', '.join(names())}.",
            "Join several by +, as in engine.charset=latin+greek.",
        )
    return lambda character: _is_common(character) or _of_script(character, name)


def _of_script(character: str, name: str) -> bool:
    return all(unicodedata.name(point, "").startswith(_SCRIPTS[name]) for point in character)


def _is_common(character: str) -> bool:
    """Digits, spaces, punctuation and symbols that no script owns; pictures are none of them."""
    return all(
        unicodedata.category(point)[0] in "NPSZ" and ord(point) < _FIRST_PICTURE for point in character
    ) or (character == "\u3000")
