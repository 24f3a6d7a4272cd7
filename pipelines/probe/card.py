"""How a card gets on with one, two and four engines at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Protocol

from actors.contracts import OcrEngine, Page
from actors.errors import RayocrError
from actors.journal import MemoryJournal
from actors.nvml import CardMemory
from actors.recognise import recognise
from pipelines.probe.measured import CardLoad

_ENGINES = (1, 2, 4)
_SECONDS = 4.0
"""How long each number of engines works: the driver looks at the card for up to a second at a time."""

_EVERY_S = 0.1
_FULL = 0.9
"""Share of a card's memory above which no more engines are started on it."""


class Card(Protocol):
    """What is asked of a card: `actors.nvml.Card`."""

    def memory(self) -> CardMemory | None:
        """What is taken now."""
        ...

    def busy(self) -> float | None:
        """Share of the last moments in which it computed."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """Pages that each engine reads again and again, in batches; for how long (seconds), and with how many
    engines, fewest first. `others`: bytes of the card that were taken before the first of them."""

    pages: Sequence[Page]
    batch_pages: int
    seconds: float = _SECONDS
    engines: Sequence[int] = _ENGINES
    others: int = 0


def measure_card(
    first: OcrEngine, start: Callable[[], OcrEngine], card: Card, work: Work, say: Callable[[str], None]
) -> tuple[CardLoad, ...]:
    """Load the card with the first engine, which it has already, then with more, as long as they fit.

    `start` gives one more engine; they are closed in the end, the first one is not.
    """
    loads: list[CardLoad] = []
    engines = [first]
    with ExitStack() as stack:
        for count in work.engines:
            if not _has_room(card, len(engines), count, work.others):
                say(f"the card has no memory for {count} engines: not measured")
                break
            try:
                while len(engines) < count:
                    engines.append(stack.enter_context(closing(start())))
                loads.append(_load(engines, card, work))
            except RayocrError as error:
                say(f"{count} engines on the card could not be measured: {error.what} {error.why}")
                break
    return tuple(loads)


def _has_room(card: Card, engines: int, wanted: int, others: int) -> bool:
    """Whether so many engines would fit beside the others, each as large as those that are there."""
    memory = card.memory()
    if memory is None or wanted <= engines:
        return True
    return others + (memory.used - others) * wanted / engines <= _FULL * memory.total


def _load(engines: Sequence[OcrEngine], card: Card, work: Work) -> CardLoad:
    readers = [_Reader(engine, work) for engine in engines]
    for reader in readers:
        reader.warm_up()
    with _watched(card) as seen:
        began = time.monotonic()
        threads = [threading.Thread(target=reader.read, args=(began,), daemon=True) for reader in readers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
    for reader in readers:
        if reader.error is not None:
            raise reader.error
    seen.look(card)
    return CardLoad(
        engines=len(engines),
        pages_per_second=sum(reader.pages for reader in readers) / took,
        busy=sum(seen.busy) / len(seen.busy) if seen.busy else None,
        memory_mb=seen.taken_mb(work.others),
    )


@dataclass(slots=True)
class _Reader:
    """One engine at work in a thread of its own."""

    engine: OcrEngine
    work: Work
    pages: int = 0
    error: BaseException | None = None
    _journal: MemoryJournal = field(default_factory=MemoryJournal)

    def warm_up(self) -> None:
        """Read the first batch: what a card does first, it does slowly."""
        recognise(self.work.pages[: self.work.batch_pages], self.engine, self._journal)

    def read(self, began: float) -> None:
        """Read batches until the time is over."""
        pages = cycle(self.work.pages)
        try:
            while time.monotonic() - began < self.work.seconds:
                batch = list(islice(pages, min(self.work.batch_pages, len(self.work.pages))))
                recognise(batch, self.engine, self._journal)
                self.pages += len(batch)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            self.error = error


@dataclass(slots=True)
class _Seen:
    """How busy the card was at each look that the driver answered, and most bytes that were taken of it."""

    busy: list[float] = field(default_factory=list)
    most: int | None = None

    def look(self, card: Card) -> None:
        """Look at the memory once more."""
        memory = card.memory()
        if memory is not None:
            self.most = max(self.most or 0, memory.used)

    def taken_mb(self, others: int) -> int | None:
        """MiB beyond those of others; None where it is not known, or where others gave back as much."""
        return max(0, (self.most or 0) - others) >> 20 or None


@contextmanager
def _watched(card: Card) -> Iterator[_Seen]:
    """The card, looked at in a thread as long as the context is open."""
    seen = _Seen()
    over = threading.Event()

    def look() -> None:
        while not over.wait(_EVERY_S):
            seen.look(card)
            share = card.busy()
            if share is not None:
                seen.busy.append(share)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
