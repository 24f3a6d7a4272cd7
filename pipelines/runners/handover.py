"""The bounded hand-over of pages between the inline runner's threads."""

from __future__ import annotations

import threading
from collections import deque

from actors.contracts import Page


class PageHandover:
    """Pages on their way from decoders to engines, bounded by count and by bytes of pictures.

    A page larger than the whole budget passes when nothing else is on its way.
    """

    def __init__(self, max_pages: int, max_bytes: int) -> None:
        self._max_pages = max_pages
        self._max_bytes = max_bytes
        self._pages: deque[Page] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, page: Page) -> bool:
        """Wait for room, then hand a page over; False if the hand-over was closed meanwhile."""
        size = _bytes(page)
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room(size))
            if self._closed:
                return False
            self._pages.append(page)
            self._bytes += size
            self._changed.notify_all()
            return True

    def take(self, most: int, takers: int) -> list[Page]:
        """Wait for pages and take up to `most`, leaving the other takers their share; empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._pages)
            count = min(most, max(1, len(self._pages) // takers), len(self._pages))
            taken = [self._pages.popleft() for _ in range(count)]
            self._bytes -= sum(_bytes(page) for page in taken)
            self._changed.notify_all()
            return taken

    def close(self) -> None:
        """No more pages will come; what is there can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def clear(self) -> None:
        """Close, and drop what is there."""
        with self._changed:
            self._closed = True
            self._pages.clear()
            self._bytes = 0
            self._changed.notify_all()

    def _has_room(self, size: int) -> bool:
        if not self._pages:
            return True
        return len(self._pages) < self._max_pages and self._bytes + size <= self._max_bytes


def _bytes(page: Page) -> int:
    return page.decoded.image.nbytes if page.decoded.image is not None else 0
