"""What a run has done so far, and how much of it there is: in pages, as soon as they are known."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.claim import CardUse


@dataclass(slots=True)
class Counts:
    """Pages of a run so far.

    `documents`: those to be done; `opened`: of these, those whose `pages_of_opened` are known; `pages`:
    recognised, published or not; `at_work`: at engines now; `restarted`: engines that were started anew since
    their process died or hung; for lack of memory, `shrunk`: how often batches were made smaller, `replaced`:
    engines that were started anew; `cards`: the most device memory that each engine took.
    """

    documents: int = 0
    opened: int = 0
    pages_of_opened: int = 0
    pages: int = 0
    failed: int = 0
    published: int = 0
    at_work: int = 0
    restarted: int = 0
    shrunk: int = 0
    replaced: int = 0
    cards: tuple[CardUse, ...] = ()
    started: float = field(default_factory=time.monotonic)

    @property
    def exact(self) -> bool:
        """Whether the total is known, and not expected."""
        return self.opened >= self.documents

    @property
    def total(self) -> int:
        """Pages to be done: known, or expected by those of the documents that were opened."""
        if self.exact or not self.opened:
            return max(self.pages, self.pages_of_opened, self.documents)
        unopened = (self.documents - self.opened) * self.pages_of_opened / self.opened
        return max(self.pages, round(self.pages_of_opened + unopened))

    @property
    def done_of(self) -> str:
        """Pages in words: of how many, or of about how many while documents are still to be opened."""
        if self.exact:
            return f"{self.pages}/{self.total} pages"
        if self.opened:
            return f"{self.pages} of about {self.total} pages"
        return f"{self.pages} pages of {self.documents} documents"

    @property
    def rate(self) -> float:
        """Pages a second since the start; 0 in the first second, which would tell nothing."""
        seconds = time.monotonic() - self.started
        return self.pages / seconds if seconds >= 1 else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Seconds left at the present rate, None while nothing is known."""
        if not self.rate:
            return None
        return max(0, self.total - self.pages) / self.rate


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
