"""Keeps an engine's process within its memory: give back, hand over less, start anew before the kernel kills.

It works between batches, in the process that owns the engine. Whoever owns that process carries out what it
asks for: smaller batches at once, a fresh process once the batch's results are handed over.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from actors.contracts import EngineInfo, Image, OcrEngine, PageResult
from actors.errors import MemoryLimitError
from actors.gauge import Usage

MOST_IN_VAIN = 5
"""Engines in a row that may outgrow their memory with their first batch: more would only seem to get on."""

_SOFT = 0.8
"""Of the limit: above, memory is given back and batches get smaller."""

_STEP = 0.05
"""Of the limit: growth beyond the height that was acted upon, before the same is done again."""

_LOW, _CRITICAL = 0.12, 0.06
"""Share of the machine's memory that is free. Ray's memory monitor kills workers at 0.05."""

_CARD_SOFT, _CARD_HARD, _CARD_STEP = 0.85, 0.95, 0.03
"""The same for the card, of all its memory, or of this process's share."""


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """`most_mb`: memory in MiB that an engine's process may take, None for no bound; `expected_mb`: its peak
    as the plan expects it; `card_share`: the part of a card that is its own, 0 for none."""

    most_mb: int | None = None
    expected_mb: int = 0
    card_share: float = 0


UNLIMITED = MemoryLimits()


@dataclass(frozen=True, slots=True)
class Relief:
    """What is to be done about memory. `shrink`: hand over half at once from now on; `leave`: hand over what
    was recognised, then let a fresh process take over. `calls`: batches that this engine has had. `seen`: the
    memory after the batch, before anything was done about it."""

    shrink: bool = False
    leave: bool = False
    calls: int = 0
    seen: Usage | None = field(default=None, compare=False)


Relieved = Callable[[Relief], None]
"""Is told what was found after each batch."""


class Reads(Protocol):
    """What the governor looks at: `actors.gauge.Gauge`."""

    def read(self) -> Usage:
        """What is used now."""
        ...


class Governor:
    """Watches over one engine, in its process.

    Raises MemoryLimitError if the engine is above its limit before it has seen a page.
    """

    def __init__(self, engine: OcrEngine, limits: MemoryLimits, gauge: Reads) -> None:
        self._engine = engine
        self._limits = limits
        self._gauge = gauge
        self._calls = 0
        self._shrunk = False
        start = gauge.read()
        if limits.most_mb is not None and start.own_mb > limits.most_mb:
            raise too_large_at_start(start.own_mb, limits.most_mb)
        step = self._most * _STEP if limits.most_mb is not None else limits.expected_mb * _STEP
        self._step = max(1.0, step)
        self._accepted_mb = self._most * _SOFT
        self._accepted_when_low_mb = start.own_mb + self._step
        self._accepted_card = _CARD_SOFT

    def look(self) -> Relief:
        """Look at the memory after a batch, and do about it what can be done in this process."""
        self._calls += 1
        before = self._gauge.read()
        if not self._is_short(before):
            return Relief(calls=self._calls, seen=before)
        try:
            self._engine.release()
        except Exception:  # noqa: BLE001 - an engine that cannot be released cannot be trusted with pages either
            return Relief(leave=True, calls=self._calls, seen=before)
        _give_back_to_the_machine()
        after = self._gauge.read()
        leave = self._must_leave(before, after)
        shrink = not self._shrunk or (before.own_mb > self._most and not leave)
        self._shrunk = True
        self._accept(before)
        return Relief(shrink, leave, self._calls, before)

    @property
    def _most(self) -> float:
        return self._limits.most_mb if self._limits.most_mb is not None else sys.maxsize

    def _is_short(self, usage: Usage) -> bool:
        """Whether something is to be done: the limit is passed, or a height that was not seen before."""
        return (
            usage.own_mb > min(self._accepted_mb, self._most)
            or (usage.free < _LOW and usage.own_mb > self._accepted_when_low_mb)
            or (usage.card is not None and usage.card > min(self._accepted_card, _CARD_HARD))
        )

    def _must_leave(self, before: Usage, after: Usage) -> bool:
        """Whether giving back was not enough. A process that was above its limit and stays above the soft one
        would be there again with the next batch. When the machine is short, leaving helps only if this
        process is larger than an engine should be; of a card that others fill, it would not help."""
        card_before, card_after = before.card or 0.0, after.card or 0.0
        return (
            (before.own_mb > self._most and after.own_mb > self._most * _SOFT)
            or (
                after.free < _CRITICAL
                and after.own_mb > max(self._limits.expected_mb, self._accepted_when_low_mb)
            )
            or (after.card_is_own and card_before > _CARD_HARD and card_after > _CARD_SOFT)
        )

    def _accept(self, height: Usage) -> None:
        """Act again only above this height: an engine that needs it for any page is not released for each."""
        self._accepted_mb = max(self._accepted_mb, height.own_mb + self._step)
        self._accepted_when_low_mb = max(self._accepted_when_low_mb, height.own_mb + self._step)
        self._accepted_card = max(self._accepted_card, (height.card or 0.0) + _CARD_STEP)


class Governed:
    """An OcrEngine whose memory is looked at after each call; `relieved` is told what was found."""

    def __init__(self, engine: OcrEngine, governor: Governor, relieved: Relieved) -> None:
        self._engine = engine
        self._governor = governor
        self._relieved = relieved

    @property
    def info(self) -> EngineInfo:
        """See OcrEngine."""
        return self._engine.info

    def recognize(self, pages: Sequence[Image]) -> list[PageResult]:
        """See OcrEngine."""
        try:
            return self._engine.recognize(pages)
        finally:
            self._relieved(self._governor.look())

    def release(self) -> None:
        """See OcrEngine."""
        self._engine.release()

    def close(self) -> None:
        """See OcrEngine."""
        self._engine.close()


def nothing_to_do(_relief: Relief) -> None:
    """For whoever does not care."""


def too_large_at_start(takes_mb: int, most_mb: int) -> MemoryLimitError:
    """The error of an engine that is above its limit before its first page."""
    return MemoryLimitError(
        "The engine takes more memory than it may, before its first page.",
        f"It takes {takes_mb} MiB, and resources.engine_memory_mb allows {most_mb}.",
        "Raise resources.engine_memory_mb, or have fewer engines (resources.actors).",
    )


def too_large_for_any_batch(most_mb: int | None) -> MemoryLimitError:
    """The error of a run whose engines are replaced after each batch."""
    return MemoryLimitError(
        "Engines outgrow their memory with their first batch.",
        f"{MOST_IN_VAIN} in a row had to be replaced; resources.engine_memory_mb is {most_mb or 'null'}.",
        "Raise resources.engine_memory_mb, have fewer engines (resources.actors), or lower decode.pdf_dpi.",
    )


def _give_back_to_the_machine() -> None:
    """Return to the kernel what Python and C's heap have free; glibc keeps it otherwise."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
