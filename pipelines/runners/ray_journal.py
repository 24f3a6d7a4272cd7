"""The journal of a run under Ray: a small actor beside the driver, which outlives the engines' processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from actors.errors import RayocrError
from actors.journal import Deaths, Identity, MemoryJournal

if TYPE_CHECKING:
    from actors.claim import CardUse


_ANSWER_S = 600.0
"""How long a worker waits for the journal, which answers in milliseconds where nothing else is at work."""


def start_journal() -> Any:
    """Start the run's journal as a zero-CPU actor; it lives as long as somebody holds what is returned."""
    import ray

    return ray.remote(num_cpus=0, max_restarts=0)(MemoryJournal).remote()


def _get(reference: Any) -> Any:
    """The journal's answer. Raises GetTimeoutError, which ends the run: whoever gets none cannot say which
    pages it is at, and must not wait for ever."""
    import ray

    return ray.get(reference, timeout=_ANSWER_S)


class ActorJournal:
    """`Journal` over the small zero-CPU actor beside the driver, which outlives the engines' processes."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def document_opens(self, pages: int) -> None:
        """See MemoryJournal. Nobody waits for it: it is for the eye."""
        self._actor.document_opens.remote(pages)

    def engine_lives(self, name: str, own_s: float) -> None:
        """See MemoryJournal."""
        _get(self._actor.engine_lives.remote(name, own_s))

    def engine_starts(self) -> None:
        """See MemoryJournal."""
        _get(self._actor.engine_starts.remote())

    def engine_is_ready(self) -> None:
        """See MemoryJournal."""
        _get(self._actor.engine_is_ready.remote())

    def engine_is_refused(self, error: RayocrError) -> None:
        """See MemoryJournal."""
        _get(self._actor.engine_is_refused.remote(error))

    def batches_shrink(self, times: int, limit: int | None) -> None:
        """See MemoryJournal."""
        _get(self._actor.batches_shrink.remote(times, limit))

    def portion(self) -> int | None:
        """See MemoryJournal."""
        pixels: int | None = _get(self._actor.portion.remote())
        return pixels

    def engine_leaves(self, calls: int) -> None:
        """See MemoryJournal."""
        _get(self._actor.engine_leaves.remote(calls))

    def card_fills(self, use: CardUse) -> None:
        """See MemoryJournal."""
        _get(self._actor.card_fills.remote(use))

    def note(self, pages: Sequence[Identity]) -> None:
        """See Journal."""
        _get(self._actor.note.remote(pages))

    def strike(self, pages: Sequence[Identity]) -> None:
        """See Journal."""
        _get(self._actor.strike.remote(pages))

    def deaths(self, pages: Sequence[Identity]) -> Mapping[Identity, Deaths]:
        """See Journal."""
        answer: Mapping[Identity, Deaths] = _get(self._actor.deaths.remote(pages))
        return answer

    def blame(self, pages: Sequence[Identity], cause: str, how: str = "") -> None:
        """See Journal."""
        _get(self._actor.blame.remote(pages, cause, how))
