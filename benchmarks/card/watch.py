"""How busy a card is, and how much of it is taken, looked at while something works."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from actors.nvml import Card, CardMemory

_EVERY_S = 0.1


class Watchable(Protocol):
    """What is asked of a card: `actors.nvml.Card`."""

    def memory(self) -> CardMemory | None:
        """What is taken now."""
        ...

    def busy(self) -> float | None:
        """Share of the last moments in which it computed."""
        ...


@dataclass(slots=True)
class Seen:
    """What was seen: shares (0..1) of the moments in which the card computed, and most MiB that were taken of
    it by all."""

    busy: list[float] = field(default_factory=list)
    memory_mb: int = 0

    def mean_busy(self) -> float | None:
        """Mean share from the first moment in which it computed to the last; None if nothing was seen."""
        return mean_at_work(self.busy)


def mean_at_work(busy: Sequence[float]) -> float | None:
    """The mean without idle moments before and after the work; None for none."""
    if not busy:
        return None
    at_work = [number for number, share in enumerate(busy) if share > 0]
    if not at_work:
        return 0.0
    during = busy[at_work[0] : at_work[-1] + 1]
    return sum(during) / len(during)


@contextmanager
def watched(card: Watchable | None) -> Iterator[Seen]:
    """Look at the card in a thread as long as the context is open; None: nothing is seen."""
    seen = Seen()
    if card is None:
        yield seen
        return
    over = threading.Event()

    def look() -> None:
        while not over.wait(_EVERY_S):
            share, memory = card.busy(), card.memory()
            if share is not None:
                seen.busy.append(share)
            if memory is not None:
                seen.memory_mb = max(seen.memory_mb, memory.used >> 20)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def first_card() -> Watchable | None:
    """The first card that this process sees, as its driver tells of it."""
    return Card.open()
