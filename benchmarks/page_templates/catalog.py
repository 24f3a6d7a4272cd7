"""The templates by name, and which of them were looked at while the rules were made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from random import Random

from benchmarks.page_templates import accounts, columns_down, figures, grids, law, prose, talk
from benchmarks.page_templates.detector import Found, detect
from benchmarks.page_templates.sheet import Sheet

Make = Callable[[Random], Sheet]

BUILDING: dict[str, Make] = {
    "analyst": accounts.analyst,
    "transcript": law.transcript,
    "newspaper": prose.newspaper,
    "form": grids.form,
    "statement": accounts.statement,
    "delivery": accounts.delivery,
    "slide": figures.slide,
    "dictionary": prose.dictionary,
    "index": prose.index,
    "chat": talk.chat,
    "inspection": grids.inspection,
    "vertical": columns_down.vertical,
}
"""Their failures were looked at while the rules of actors/layout were made."""

JUDGING: dict[str, Make] = {
    "statute": law.statute,
    "magazine": prose.magazine,
    "invoice": accounts.invoice,
    "chart": figures.chart,
    "recipe": talk.recipe,
    "spread": prose.spread,
    "timetable": grids.timetable,
    "timeline": talk.timeline,
    "scores": grids.scores,
    "quiz": grids.quiz,
    "novel": columns_down.novel,
}
"""Nobody looked at theirs; only their figures were printed."""

HALVES = {"building": BUILDING, "judging": JUDGING}


def made(name: str, number: int) -> Sheet:
    """The `number`-th page of a template; the same for all time."""
    return _make(name)(_random("page", name, number))


def pages(name: str, count: int, *, skewed: bool = True) -> Iterator[Found]:
    """The first pages of a template, as a detector gives them."""
    for number in range(count):
        yield detect(made(name, number), _random("detector", name, number), skewed=skewed)


def _make(name: str) -> Make:
    return {**BUILDING, **JUDGING}[name]


def _random(*parts: object) -> Random:
    seed = "/".join(map(str, parts)).encode()
    return Random(int.from_bytes(hashlib.sha256(seed).digest()[:8], "big"))
