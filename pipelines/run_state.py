"""The records of a run: what it is asked for, what it works on and with, and what it has done."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from actors.contracts import DocRef
from pipelines.card import Card
from pipelines.config import Config
from pipelines.plan import Plan
from pipelines.view import View

if TYPE_CHECKING:
    from actors.claim import CardUse
    from pipelines.lock import RunLock
    from pipelines.probe.report import Probed
    from pipelines.retry import Retry
    from pipelines.store import Store
    from pipelines.unread import Unread


@dataclass(slots=True)
class Stopwatch:
    """Start-up by part, and what the run did."""

    started: float = field(default_factory=time.monotonic)
    parts: dict[str, float] = field(default_factory=dict)
    new_rows: int = 0
    tried_again: int = 0
    copied: int = 0
    shrunk: int = 0
    replaced: int = 0
    restarted: int = 0
    cards: tuple[CardUse, ...] = ()
    forgotten: int = 0
    plan: Plan | None = None
    probed: Probed | None = None
    interrupted: bool = False

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time a part of the start-up."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self.parts[name] = self.parts.get(name, 0.0) + time.monotonic() - begin

    @property
    def seconds(self) -> float:
        """Wall seconds so far."""
        return time.monotonic() - self.started


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is asked for beside its settings. `retry`: failed pages to try again; `fresh_output`: take
    another folder if the output was made with other settings; `add_source`: a source that the output was not
    made of is meant; `forget`: take out the rows of documents that left the source."""

    retry: Retry | None = None
    fresh_output: bool = False
    add_source: bool = False
    forget: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """What is recognised in one go, with the same settings: what lacks of these documents, and their pages
    that failed with a code of `again`."""

    config: Config
    fingerprint: str
    refs: Sequence[DocRef]
    again: Collection[str]

    def of(self, refs: Sequence[DocRef]) -> Share:
        """The same for other documents."""
        return replace(self, refs=refs)


@dataclass(frozen=True, slots=True)
class Careful:
    """The settings of pages that are tried again with care, and their card."""

    config: Config
    card: Card


@dataclass(frozen=True, slots=True)
class RunState:
    """A run that holds the lock: what it works on, and what with. `refs`: the documents of the source; those
    attached to them join when their parents were read. `card`: the output's. `unread`: versions that could
    not be read, see pipelines.unread."""

    run_id: str
    config: Config
    options: Options
    careful: Careful | None
    refs: list[DocRef]
    card: Card
    store: Store
    lock: RunLock
    view: View
    watch: Stopwatch
    unread: dict[str, Unread] = field(default_factory=dict)
