"""How far a decoder is with a document, which answer of its child is due, and what is lost with a child."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from actors.contracts import DecodedPage, Fault
from actors.decode import first_missing
from actors.decoding.messages import Opened
from actors.selection import PageSelection
from actors.wire import FrameError

_MAX_LOST = 3
"""Pages of one document that may end their decoder before the rest of it is given up."""


@dataclass(slots=True)
class DocumentProgress:
    """Which pages of one document need no more work (`done`), and what went wrong with it so far."""

    done: set[int]
    selection: PageSelection
    opened: Opened | None = None
    unopenable: bool = False
    suspect: int | None = None
    selected: Sequence[int] = ()
    position: int = 0
    losses: int = 0

    @property
    def complete(self) -> bool:
        """Whether every wanted page was given, or is known to be lost."""
        return self.unopenable or (self.opened is not None and not self.left)

    @property
    def left(self) -> list[int]:
        """Wanted pages that are not done."""
        return [index for index in self.selected if index not in self.done]

    def open(self, opened: Opened) -> None:
        """The wanted pages, by what was asked for: the child does not decide that."""
        self.opened = opened
        self.selected = self.selection.indexes(opened.page_count)

    def check(self, message: object) -> None:
        """Raise FrameError for what is not the answer that is due: each wanted page once, in order."""
        if self.unopenable:
            raise FrameError("it goes on with a document that cannot be opened")
        if isinstance(message, Opened):
            # A second child says the same of the same bytes, or one of the two is not to be believed.
            if self.opened not in (None, message) or not self.selection.indexes(message.page_count):
                raise FrameError("it opens another document")
            return
        if not isinstance(message, DecodedPage):
            raise FrameError("it is no page")
        due, count = self._due()
        if (message.page_index, message.page_count) != (due, count):
            raise FrameError(f"it is page {message.page_index} of {message.page_count} where {due} is due")

    def _due(self) -> tuple[int, int | None]:
        """The next page's index, -1 behind the last one, and its document's number of pages."""
        if self.opened is None:
            return first_missing(self.done, self.selection), None
        while self.position < len(self.selected) and self.selected[self.position] in self.done:
            self.position += 1  # never back: a long document is gone through once
        due = self.selected[self.position] if self.position < len(self.selected) else -1
        return due, self.opened.page_count

    def note(self, page: DecodedPage) -> None:
        """A page was given, well or not."""
        self.done.add(page.page_index)
        self.unopenable |= page.page_count is None

    def worth_another_try(self, fault: Fault) -> bool:
        """Whether this was the first death on its page."""
        page = next(iter(self.left), -1)
        first_death = fault.code == "decode.crashed" and self.suspect != page
        self.suspect = page
        return first_death

    def lost(self, fault: Fault) -> list[DecodedPage]:
        """The page that the child was at, or all that is left once too many were lost."""
        if self.complete:
            return []
        if self.opened is None:
            return [unopened_page(fault, self.done, self.selection)]
        count, name = self.opened.page_count, self.opened.format
        self.losses += 1
        lost = self.left if self.losses == _MAX_LOST else self.left[:1]
        first, notices = self.selected[0], self.opened.notices
        return [
            DecodedPage(index, count, name, fault=fault, notices=notices if index == first else ())
            for index in lost
        ]


def unopened_page(fault: Fault, done: Collection[int], selection: PageSelection) -> DecodedPage:
    """The one page of a document that cannot be opened."""
    return DecodedPage(first_missing(done, selection), page_count=None, format=None, fault=fault)
