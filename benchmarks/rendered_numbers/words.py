"""Words of four languages, from the word lists that Debian has."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rendered_numbers.kinds import Item

FOLDER = Path("/usr/share/dict")


@dataclass(frozen=True)
class WordList:
    """A language's list: its file below `FOLDER`, and the Debian package that brings it."""

    language: str
    file: str
    package: str


LISTS = (
    WordList("English", "american-english", "wamerican"),
    WordList("German", "ngerman", "wngerman"),
    WordList("French", "french", "wfrench"),
    WordList("Spanish", "spanish", "wspanish"),
)
_UPPER_SHARE = 0.15


def missing(folder: Path = FOLDER) -> list[str]:
    """Packages whose word lists are not installed."""
    return [one.package for one in LISTS if not is_installed(one, folder)]


def is_installed(one: WordList, folder: Path = FOLDER) -> bool:
    """Whether its file is there."""
    return (folder / one.file).is_file()


def load(known: Callable[[str], bool], folder: Path = FOLDER) -> Mapping[str, tuple[str, ...]]:
    """The usable words of each language: 3 to 14 letters that are all `known`, in the list's order.

    Words with a capital I are left out, which many fonts draw like a small l.
    """
    return {
        one.language: tuple(
            word
            for word in (folder / one.file).read_text("utf-8").split("\n")
            if 3 <= len(word) <= 14 and word.isalpha() and "I" not in word and known(word)
        )
        for one in LISTS
        if is_installed(one, folder)
    }


def words(
    chance: random.Random,
    count: int,
    lists: Mapping[str, Sequence[str]],
    known: Callable[[str], bool],
) -> list[Item]:
    """`count` words that are `known` (to the font), language after language, half of them with letters beyond
    ASCII where the language has such; some in capitals."""
    found: list[Item] = []
    languages = list(lists)
    while len(found) < count and languages:
        language = languages[len(found) % len(languages)]
        word = _word(chance, lists[language], known, accented=len(found) // len(languages) % 2 == 0)
        if word is None:
            languages.remove(language)
            continue
        found.append(Item(word, "word", None, language))
    return found


def _word(
    chance: random.Random, words_: Sequence[str], known: Callable[[str], bool], accented: bool
) -> str | None:
    best = None
    for _ in range(200):
        word = chance.choice(words_)
        if "ß" not in word and "i" not in word and chance.random() < _UPPER_SHARE:
            word = word.upper()
        if known(word):
            best = word
            if word.isascii() != accented:
                break
    return best
