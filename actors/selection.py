"""Which pages of each document are wanted: `1`, `1-3`, `-1`, `3-`, and lists of these."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_ITEM = re.compile(r"(-?\d+)(?:(-)(-?\d+)?)?")

LAST = -1
"""The last page, counted from the end."""


@dataclass(frozen=True, slots=True)
class PageSelection:
    """Ranges of pages, both ends included. Pages count from 1, or from -1 at the end; never 0."""

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, text: str) -> PageSelection:
        """Read a selection. Raises ValueError that says what is wrong."""
        return cls(tuple(dict.fromkeys(_range(item.strip()) for item in text.split(","))))

    def __str__(self) -> str:
        """The same selection as text, in one way of several."""
        return ",".join(str(first) if first == last else _spelled(first, last) for first, last in self.ranges)

    def indexes(self, page_count: int) -> Sequence[int]:
        """The page indexes, from 0, that are wanted of a document; in order, each once."""
        if self.ranges == ((1, LAST),):
            return range(page_count)
        wanted: set[int] = set()
        for first, last in self.ranges:
            start, stop = _index(first, page_count), _index(last, page_count)
            wanted.update(range(max(0, start), min(page_count - 1, stop) + 1))
        return tuple(sorted(wanted))

    def first_missing(self, done: Collection[int]) -> int:
        """The first wanted index that is not in `done`, of a document whose number of pages is unknown; the
        first of all where that cannot be said."""
        highest = max((*done, *map(max, self.ranges), 0)) + 1
        for index in range(highest + 1):
            wanted = any(0 < first <= index + 1 and (last < 0 or index < last) for first, last in self.ranges)
            if wanted and index not in done:
                return index
        return next(index for index in range(highest + 1) if index not in done)

    def wants(self, page: npt.NDArray[np.int32], page_count: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """For each page index, from 0, whether it is wanted of its document of so many pages."""
        import numpy as np

        found = np.zeros(len(page), np.bool_)
        for first, last in self.ranges:
            start = page_count + first if first < 0 else first - 1
            stop = page_count + last if last < 0 else last - 1
            found |= (page >= start) & (page <= stop)
        return found & (page >= 0) & (page < page_count)

    def counts(self, page_count: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """For each number of pages, how many of them are wanted."""
        import numpy as np

        distinct, place = np.unique(page_count, return_inverse=True)
        found = [len(self.indexes(max(0, count))) for count in distinct.tolist()]
        return np.array(found, np.int64)[place] if found else np.empty(0, np.int64)


ALL_PAGES = PageSelection(((1, LAST),))
"""Every page of every document."""


def _range(item: str) -> tuple[int, int]:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise ValueError(
            f"{item!r} is no page: write pages as 1, 1-3, -1 (the last), 3- or lists such as 1,3-5"
        )
    first = int(match[1])
    last = first if not match[2] else int(match[3]) if match[3] else LAST
    if 0 in (first, last):
        raise ValueError("pages count from 1, or from -1 at the end; there is no page 0")
    if (first > 0) == (last > 0) and last < first:
        raise ValueError(f"{item!r} ends before it begins")
    return first, last


def _spelled(first: int, last: int) -> str:
    return f"{first}-" if last == LAST and first > 0 else f"{first}-{last}"


def _index(number: int, page_count: int) -> int:
    return page_count + number if number < 0 else number - 1
