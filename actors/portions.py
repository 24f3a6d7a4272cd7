"""How much an engine is handed at once: what fits into its memory, learned from what did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actors.contracts import Page

_CALLS_TO_GROW = 50
"""Calls in a row that went well before a limit grows by a quarter. It does grow, since it may have been
learned from one odd page, or while something else needed the memory, and a run may go on for days; and
slowly, since a call that does not fit is made in vain: at one in fifty that costs less than 2 %."""


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Pixels of a call, and of its largest page."""

    call: int = 0
    page: int = 0

    @classmethod
    def of(cls, pages: Sequence[Page]) -> _Sizes:
        """Of a call with these pages."""
        sizes = [pixels(page) for page in pages]
        return cls(sum(sizes), max(sizes, default=0))

    def or_larger(self, other: _Sizes) -> _Sizes:
        """The larger of each."""
        return _Sizes(max(self.call, other.call), max(self.page, other.page))


class Portion:
    """The most pixels that one call to an engine gets: no limit until something did not fit.

    Pixels and not pages, so that a limit learned from posters does not split a batch of receipts. It belongs
    to whoever hands pages to one engine; a page that is larger alone goes alone. `limit`: what was learned
    before.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._cut = False
        self._good = 0
        self._largest = _Sizes()
        self._current = _Sizes()
        self.halvings = 0

    @property
    def limit(self) -> int | None:
        """What was learned, in pixels; None as long as everything fits."""
        return self._limit

    def first(self, pages: Sequence[Page]) -> int:
        """How many of these pages go into the next call; at least one."""
        count, total = 0, 0
        for page in pages:
            total += pixels(page)
            if count and self._limit is not None and total > self._limit:
                break
            count += 1
        self._cut = count < len(pages)
        self._current = _Sizes.of(pages[:count])
        return count

    def fitted(self, pages: Sequence[Page]) -> None:
        """A call with these pages went well."""
        self._largest = self._largest.or_larger(_Sizes.of(pages))
        if self._limit is None or not self._cut:
            return  # the limit was not what bounded this call: it says nothing about a higher one
        self._good += 1
        if self._good >= _CALLS_TO_GROW:
            self._good = 0
            self._limit += max(1, self._limit // 4)

    def refused(self, pages: Sequence[Page]) -> None:
        """A call with these pages, several of them, did not fit: no later one gets more than half of that."""
        self._current = _Sizes()
        self._set(sum(pixels(page) for page in pages) // 2)

    def halve(self) -> None:
        """Memory runs short, during a call or after it: hand over half from now on, though not less than the
        largest page that fitted, which could not be split anyway."""
        known = self._largest.or_larger(self._current)
        before = known.call if self._limit is None else self._limit
        after = max(before // 2, known.page)
        if after < before:
            self._set(after)

    def _set(self, limit: int) -> None:
        self._limit, self._good = limit, 0
        self.halvings += 1


def pixels(page: Page) -> int:
    """Pixels of a page's picture."""
    image = page.decoded.image
    return int(image.shape[0] * image.shape[1]) if image is not None else 0
