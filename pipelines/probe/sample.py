"""Which pages of a source are probed: spread over its documents, the same for the same source."""

from __future__ import annotations

import hashlib
import heapq
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from actors.access import Access
from actors.contracts import DecodedPage, DocRef, Page
from actors.decoding.child import Decoder
from actors.errors import PageError
from actors.read import read_document
from actors.selection import ALL_PAGES, PageSelection
from actors.settings import DecodeConfig
from pipelines.probe.measured import Decoding
from pipelines.probe.processes import cpu_seconds

_TRIES = 4
"""Documents that may be looked at for each page that is wanted: some may be broken."""

_MOST_BYTES = 1 << 30
"""Memory for page pictures; what is beyond is left out of a sample."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Decoded pages, at least one unless `faults` says why there is none, and what they took."""

    pages: tuple[Page, ...]
    decoding: Decoding
    faults: tuple[str, ...]


def read_sample(
    refs: Sequence[DocRef], most: int, settings: DecodeConfig, access: Access | Mapping[str, Any]
) -> Sample:
    """Read at most `most` pages: one of each document, and more of them where documents are fewer.

    Documents that give no page are skipped and counted. Pages that `done_pages` names are left out.
    """
    # One page has to be decoded to know how many there are: any, whichever are wanted.
    with Decoder(settings.model_copy(update={"pages": None})) as decoder:
        for _ in decoder.pages(b""):  # so that the start of its process is not counted as the first page's
            pass
        reader = _Reader(decoder, settings, access, most)
        for ref in documents_in_order(refs, most * _TRIES):
            if reader.full:
                break
            reader.look(ref)
        if len(refs) <= most * _TRIES and not reader.full:
            reader.look_again()
    return reader.sample()


def documents_in_order(refs: Sequence[DocRef], most: int) -> list[DocRef]:
    """The first `most` documents by their ids, which are hashes: names have no part in this order."""
    return heapq.nsmallest(most, refs, key=lambda ref: ref.document_id)


def pages_in_order(ref: DocRef, page_count: int, wanted: PageSelection = ALL_PAGES) -> list[int]:
    """The wanted pages that a document has left, in an order that has nothing to do with their places."""
    left = set(wanted.indexes(page_count)).difference(ref.done_pages)
    return sorted(left, key=lambda page: hashlib.sha256(f"{ref.document_id}/{page}".encode()).digest())


def deal(orders: Sequence[Sequence[int]], most: int) -> list[list[int]]:
    """Of each order its first pages: in turns, until `most` were dealt out."""
    longest = max(map(len, orders), default=0)
    turns = (
        (index, turn) for turn in range(longest) for index, pages in enumerate(orders) if turn < len(pages)
    )
    dealt: list[list[int]] = [[] for _ in orders]
    for index, turn in islice(turns, max(0, most)):
        dealt[index].append(orders[index][turn])
    return dealt


@dataclass(slots=True)
class _Reader:
    """Reads pages one by one, and counts what they take."""

    decoder: Decoder
    settings: DecodeConfig
    options: Access | Mapping[str, Any]
    most: int
    pages: list[Page] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _left: list[tuple[DocRef, list[int]]] = field(default_factory=list)
    _looked: int = 0
    _failed: int = 0
    _counts: int = 0
    _cpu_s: float = 0.0
    _driver_s: float = 0.0
    _bytes: int = 0

    @property
    def full(self) -> bool:
        """Whether nothing more is wanted."""
        return len(self.pages) >= self.most or self._bytes >= _MOST_BYTES

    def look(self, ref: DocRef) -> None:
        """Open a document, and take one of its pages."""
        self._looked += 1
        before = len(self.pages)
        count = self._page_count(ref)
        if count is not None:
            order = pages_in_order(ref, count, self.settings.selection)
            self._counts += max(1, len(order))
            if len(self.pages) == before:
                self._take(ref, order[:1])
            self._left.append((ref, order[1:]))
        else:
            self._counts += 1
        self._failed += len(self.pages) == before

    def look_again(self) -> None:
        """Take more pages of the documents that have some."""
        orders = [order for _, order in self._left]
        for (ref, _), dealt in zip(self._left, deal(orders, self.most - len(self.pages)), strict=True):
            if dealt and not self.full:
                self._take(ref, dealt)

    def sample(self) -> Sample:
        """What was read."""
        pages, looked = max(1, len(self.pages)), max(1, self._looked)
        decoding = Decoding(
            documents=self._looked,
            failed=self._failed,
            a_document=self._counts / looked,
            cpu_s=self._cpu_s / pages,
            driver_s=self._driver_s / pages,
        )
        return Sample(tuple(self.pages), decoding, tuple(self.faults))

    def _page_count(self, ref: DocRef) -> int | None:
        """How many pages a document has. Its first one, which must be decoded to know, is kept if it is the
        one that is wanted."""
        first = next(page for page in range(len(ref.done_pages) + 1) if page not in ref.done_pages)
        pages = list(self._decoded(ref, [first]))
        if not pages:
            return None
        page, cost = pages[0]
        count = page.decoded.page_count
        if count is not None and pages_in_order(ref, count, self.settings.selection)[:1] == [first]:
            self._keep(page, cost)
        return count

    def _take(self, ref: DocRef, wanted: Sequence[int]) -> None:
        for page, cost in self._decoded(ref, wanted):
            self._keep(page, cost)

    def _keep(self, page: Page, cost: _Cost) -> None:
        if page.decoded.image is None or self.full:
            return
        self.pages.append(page)
        self._bytes += page.decoded.image.nbytes
        self._driver_s += cost.driver_s
        self._cpu_s += cost.driver_s + cost.decoder_s

    def _decoded(self, ref: DocRef, wanted: Sequence[int]) -> Iterator[tuple[Page, _Cost]]:
        """These pages of a document, to the last: leaving a decoder early would end its process."""
        started, pid = time.thread_time(), self.decoder.pid
        before = cpu_seconds(pid)
        try:
            data = read_document(ref, self.settings, self.options)
        except PageError as error:
            self._note(ref, error.message)
            return
        digest = hashlib.sha256(data).hexdigest()
        skip = set(range(self.settings.max_pages)).difference(wanted)
        decoded = list(self.decoder.pages(data, skip))
        after, took = cpu_seconds(self.decoder.pid), time.thread_time() - started
        for one in decoded:
            if one.fault is not None:
                self._note(ref, one.fault.message)
            yield (
                Page(ref, one, digest, len(data)),
                _Cost(
                    took / len(decoded),
                    _share(decoded, None if self.decoder.pid != pid else after - before, one),
                ),
            )

    def _note(self, ref: DocRef, message: str) -> None:
        self.faults.append(f"{ref.key}: {message}")


@dataclass(frozen=True, slots=True)
class _Cost:
    """CPU seconds of one page: of this process, and of the decoder's."""

    driver_s: float
    decoder_s: float


def _share(decoded: Sequence[DecodedPage], spent_s: float | None, page: DecodedPage) -> float:
    """A page's share of the CPU seconds that its decoder spent; of one that died on the way only the page's
    own wall time is known."""
    return page.decode_ms / 1000 if spent_s is None else spent_s / len(decoded)
