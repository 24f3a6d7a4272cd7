"""The lines of a page that are kept, and what is to be said of the page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from actors.contracts import Line, PageResult
from actors.engines.fast.page_notices import Read, Suspicion, notices
from actors.notices import ordered


@dataclass(frozen=True, slots=True)
class PageText:
    """The lines of a page that are kept, the scores of the others, and what they all seem to say of it."""

    lines: tuple[Line, ...]
    dropped: tuple[float, ...]
    suspicion: Suspicion

    def result(self, rotation: int, said: Collection[str], read: Read) -> PageResult:
        """What is handed out. `said`: notices that the page has already; `read`: reads lines once more, where
        it is not sure what is to be said."""
        codes = ordered({*said, *notices(self.suspicion, read)})
        return PageResult(self.lines, rotation, notices=codes, dropped=self.dropped)
