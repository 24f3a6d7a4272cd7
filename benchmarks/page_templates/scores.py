"""How well a page's text keeps the order and the cells that are known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from actors.layout.arrange import Layout
from benchmarks.page_templates.detector import Found

_SPACELESS = re.compile(r"[\u2e80-\u9fff\uff00-\uffef\u3000-\u30ff]")


@dataclass
class Score:
    """Counts of pages; shares are micro averages. `wrong`, `of`: words out of order, and all; `kept`, `rows`:
    rows of tables with each cell in its column, and all."""

    wrong: int = 0
    of: int = 0
    kept: int = 0
    rows: int = 0
    pages: int = 0
    worst: list[tuple[float, int]] = field(default_factory=list)

    def add(self, page: Found, layout: Layout) -> None:
        """Count one page."""
        from rapidfuzz.distance import Levenshtein

        expected, found = words(page.text), words(layout.text)
        wrong, longer = Levenshtein.distance(expected, found), max(len(expected), len(found))
        self.wrong, self.of = self.wrong + wrong, self.of + longer
        self.worst.append((1 - wrong / max(1, longer), self.pages))
        lines = {tuple(line.rstrip("\t").split("\t")) for line in layout.text.splitlines()}
        self.kept += sum(row in lines for row in page.table)
        self.rows += len(page.table)
        self.pages += 1

    @property
    def order(self) -> float:
        """1 - edit distance of the words / their number."""
        return 1 - self.wrong / max(1, self.of)

    @property
    def cells(self) -> float | None:
        """Share of the rows whose cells are all in their columns, and no others; None without tables."""
        return self.kept / self.rows if self.rows else None


def total(scores: Iterable[Score]) -> Score:
    """The counts of several templates in one."""
    found = Score()
    for one in scores:
        found.wrong, found.of, found.pages = (
            found.wrong + one.wrong,
            found.of + one.of,
            found.pages + one.pages,
        )
        found.kept, found.rows = found.kept + one.kept, found.rows + one.rows
    return found


def words(text: str) -> list[str]:
    """Maximal runs of letters, digits and marks after NFKC and case folding; characters where a script has no
    spaces. The rules of the labelled sets."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    found: list[str] = []
    word = ""
    for character in text:
        if unicodedata.category(character)[0] in "LNM" and not _SPACELESS.match(character):
            word += character
            continue
        if word:
            found.append(word)
            word = ""
        if _SPACELESS.match(character) and unicodedata.category(character)[0] in "LNM":
            found.append(character)
    return [*found, word] if word else found
