"""Which pages are being recognised right now: what is noted and not struck names a death's suspects.

Before an engine starts on pages their identities are noted, afterwards they are struck. If the process
dies in between, whoever gets the pages next learns which of them were open, and how often each one was
open *alone*: a page that killed its process alone, after it was in a group that died, is quarantined.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from actors.claim import CardUse
    from actors.errors import RayocrError

Identity = tuple[str, int]
"""(document_id, page_index)."""


@dataclass(frozen=True, slots=True)
class Deaths:
    """How a page's earlier attempts ended without being struck. `cause`: code of the last one; `how`: how its
    process ended ("was killed by SIGSEGV"), empty where nobody saw it: under Ray only Ray does."""

    in_group: int = 0
    alone: int = 0
    cause: str = "ocr.crashed"
    how: str = ""

    @property
    def total(self) -> int:
        """Attempts that ended with the process."""
        return self.in_group + self.alone

    @property
    def quarantined(self) -> bool:
        """The page is not to be tried again: it died twice, the last time alone."""
        return self.alone >= 1 and self.total >= 2


class Journal(Protocol):
    """Where attempts are noted; it outlives the processes that note them."""

    def note(self, pages: Sequence[Identity]) -> None:
        """These pages are about to be recognised, together."""
        ...

    def strike(self, pages: Sequence[Identity]) -> None:
        """These pages were recognised: forget them."""
        ...

    def deaths(self, pages: Sequence[Identity]) -> Mapping[Identity, Deaths]:
        """Of these pages, those with attempts that ended with the process."""
        ...

    def blame(self, pages: Sequence[Identity], cause: str, how: str = "") -> None:
        """The process ended, or is about to, because of these pages; `cause` is the row's error code, `how`
        says in words how it ended."""
        ...


@dataclass(frozen=True, slots=True)
class SoFar:
    """A run as its journal knows it.

    `struck`: pages recognised, published or not; `at_work`: pages that engines were handed and did not give
    back; `opened`, `pages`: documents that were opened, and how many pages of them are to be done;
    `working_s`: seconds since the first was noted; `starts`: engines that were begun since one was last
    ready, so that they are being built, or died of it; `ready`: whether any ever was; `begun`: engines that
    were ever begun; `last_end`: how the one ended whose place the last of these took, empty if it did not
    tell; `lived_s`: seconds that the engine that got most had for its work since anything was last done;
    `lived_ago_s`: since any of them told of such seconds; `shrunk`, `replaced`: how often batches were made
    smaller and engines replaced for lack of memory; `in_vain`: engines in a row, by now, that were replaced
    after their first batch; `cards`: the most device memory that each engine took so far, on each card that
    it had.
    """

    struck: int
    working_s: float
    starts: int
    ready: bool
    begun: int
    last_end: str
    at_work: int
    opened: int
    pages: int
    lived_s: float
    lived_ago_s: float
    shrunk: int
    replaced: int
    in_vain: int
    cards: tuple[CardUse, ...]


class MemoryJournal:
    """The journal itself: lives beside the driver, in its process or in a small actor of its own."""

    def __init__(self) -> None:
        self._open: dict[Identity, Deaths] = {}
        self._struck = 0
        self._first_note: float | None = None
        self._starts = 0
        self._begun = 0
        self._last_end = ""
        self._ended = ""
        self._opened = 0
        self._pages = 0
        self._lived: dict[str, float] = {}
        self._told_at = float("-inf")
        self._ready = False
        self._shrunk = 0
        self._replaced = 0
        self._in_vain = 0
        self._portion: int | None = None
        self._refusal: RayocrError | None = None
        self._cards: dict[tuple[str, str], CardUse] = {}

    def note(self, pages: Sequence[Identity]) -> None:
        """See Journal. A page noted counts as a death until it is struck."""
        if self._first_note is None:
            self._first_note = time.monotonic()
        alone = len(pages) == 1
        for page in pages:
            before = self._open.get(page, Deaths())
            self._open[page] = Deaths(before.in_group + (not alone), before.alone + alone, "ocr.crashed")

    def strike(self, pages: Sequence[Identity]) -> None:
        """See Journal."""
        for page in pages:
            self._open.pop(page, None)
        self._struck += len(pages)
        self._lived.clear()

    def deaths(self, pages: Sequence[Identity]) -> dict[Identity, Deaths]:
        """See Journal."""
        return {page: self._open[page] for page in pages if page in self._open}

    def blame(self, pages: Sequence[Identity], cause: str, how: str = "") -> None:
        """See Journal."""
        self._last_end = how or cause
        for page in pages:
            if page in self._open:
                before = self._open[page]
                self._open[page] = Deaths(before.in_group, before.alone, cause, how)

    def document_opens(self, pages: int) -> None:
        """A document was opened, with so many pages to do. If Ray decodes it again, it counts again."""
        self._opened += 1
        self._pages += pages

    def engine_lives(self, name: str, own_s: float) -> None:
        """The process of an engine had so many more seconds for its work (see actors.pulse)."""
        self._lived[name] = self._lived.get(name, 0.0) + own_s
        self._told_at = time.monotonic()

    def engine_starts(self) -> None:
        """A process is about to build its engine."""
        self._starts += 1
        self._begun += 1
        self._ended, self._last_end = self._last_end, ""

    def engine_is_ready(self) -> None:
        """An engine was built."""
        self._ready, self._starts = True, 0
        self._lived.clear()

    def engine_is_refused(self, error: RayocrError) -> None:
        """An engine cannot be built, and this is why; the first reason counts."""
        self._refusal = self._refusal or error

    def refusal(self) -> RayocrError | None:
        """Why engines cannot be built, None as long as nothing was said."""
        return self._refusal

    def batches_shrink(self, times: int, limit: int | None) -> None:
        """Memory ran short: batches were made smaller so often, to so many pixels now."""
        self._shrunk += times
        self._portion = limit

    def portion(self) -> int | None:
        """Pixels that an engine was handed at most when memory last ran short: a fresh one begins with it."""
        return self._portion

    def engine_leaves(self, calls: int) -> None:
        """A process hands its place to a fresh one, for lack of memory, after so many batches."""
        self._replaced += 1
        self._last_end = "outgrew its memory"
        self._in_vain = self._in_vain + 1 if calls <= 1 else 0

    def card_fills(self, use: CardUse) -> None:
        """An engine takes more of its card than it did."""
        from actors.claim import higher

        key = (use.engine, use.device)
        self._cards[key] = higher(self._cards.get(key), use)

    def so_far(self) -> SoFar:
        """What a watcher wants to know, in one answer."""
        return SoFar(
            struck=self._struck,
            working_s=time.monotonic() - self._first_note if self._first_note is not None else 0.0,
            starts=self._starts,
            ready=self._ready,
            begun=self._begun,
            last_end=self._ended,
            at_work=len(self._open),
            opened=self._opened,
            pages=self._pages,
            lived_s=max(self._lived.values(), default=0.0),
            lived_ago_s=time.monotonic() - self._told_at,
            shrunk=self._shrunk,
            replaced=self._replaced,
            in_vain=self._in_vain,
            cards=tuple(self._cards.values()),
        )
