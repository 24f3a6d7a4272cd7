"""What must hold at every moment of a schedule, and at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from pipelines.journal import SWAP
from pipelines.lock import RunLock
from tests.simulation.job import Scenario
from tests.simulation.store import Bucket, Page, Seen


class LawError(AssertionError):
    """What must always hold did not."""


@dataclass(slots=True)
class Laws:
    """What a reader of `pages/` may see, checked at every change of it.

    A page that is listed never goes once it is there, and one that was recognised never fails again. It is
    there twice only while a journal stands in `_swap/`, or if one of its rows failed; in a job that only
    adds, never. A document that is forgotten is there whole or not at all, unless a journal stands. Every row
    is one that a driver made. What is foreign is never touched. Once a run has
    seen that it holds the lock, no earlier one does so again.
    """

    bucket: Bucket
    scenario: Scenario
    seen: set[Page] = field(default_factory=set)
    good: set[Page] = field(default_factory=set)
    made: set[Seen] = field(default_factory=set)
    kept: frozenset[Page] = frozenset()
    leavers: list[frozenset[Page]] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    foreign: dict[str, bytes] = field(default_factory=dict)
    holders: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        kept = self.scenario.listed if self.scenario.forgets else self.scenario.documents
        self.kept = frozenset(page for one in kept for page in one.pages(one.version))
        left = [one for one in self.scenario.documents if one not in kept]
        self.leavers = [frozenset(one.pages(one.version)) for one in left]

    def begin(self) -> None:
        """What is there now was made by an earlier run."""
        rows = self.bucket.rows()
        self.made |= set(rows)
        self._remember(rows)

    def changed(self, process: str, path: str) -> None:
        """Look at what there is now."""
        if path in self.foreign:
            self.break_(f"{process} changed what is foreign: {path}")
        if not path.startswith(("pages/", f"{SWAP}/")):
            return
        rows = self.bucket.rows()
        pages = Counter(row.page for row in rows)
        twice = {page for page, count in pages.items() if count > 1}
        if not self.scenario.adds_only:
            failed = {row.page for row in rows if row.code}
            twice = set() if self._is_replacing() else twice - failed
        self._check(twice, f"{process} made a reader see twice, with {path}")
        halves = [page for one in self.leavers for page in one - set(pages) if one & set(pages)]
        self._check(
            set() if self._is_replacing() else set(halves), f"{process} forgot a part of, with {path}"
        )
        self._check((self.seen & self.kept) - set(pages), f"{process} took away, with {path}")
        good = {row.page for row in rows if not row.code}
        self._check((self.good & self.kept) - good, f"{process} lost what was recognised, with {path}")
        self._check(set(rows) - self.made, f"{process} brought rows that nobody made, with {path}")
        self._remember(rows)

    def watched(self, lock: RunLock, run_id: str) -> Callable[[], bool]:
        """`lock.still_held`, which must be false once another run had seen that it holds the lock."""

        def still_held() -> bool:
            lost = run_id in self.lost
            held = RunLock.still_held(lock)
            if held and lost:
                self.break_(f"{run_id} holds a lock that it had lost")
            elif held:
                self.lost |= self.holders - {run_id}
                self.holders.add(run_id)
            return held

        return still_held

    def at_the_end(self, when: str) -> None:
        """The table holds each listed page once, and those that could be recognised are."""
        rows = self.bucket.rows()
        pages, expected = Counter(row.page for row in rows), Counter(self.kept)
        if "forget" not in self.scenario.last:  # one that was cut off may have left them
            leavers = set().union(*self.leavers)
            pages = Counter(
                {page: count for page, count in pages.items() if page not in leavers or count > 1}
            )
        if pages != expected:
            self.break_(f"{when}: missing {expected - pages}, too many {pages - expected}")
        if self.scenario.mends:
            hopeless = {one.ref.document_id for one in self.scenario.documents if one.count is None}
            self._check({row for row in rows if row.code and row.page[0] not in hopeless}, f"{when}: failed")

    def nothing_else(self) -> None:
        """No staging, no journal, no lock is left, and all that is foreign."""
        gone = [path for path, content in self.foreign.items() if self.bucket.objects.get(path) != content]
        if gone:
            self.break_(f"foreign, and gone or changed: {gone}")
        own = [path for path in self.bucket.objects if path not in self.foreign]
        rest = [path for path in own if not path.startswith(("pages/", "rayocr.json"))]
        if rest:
            self.break_(f"left behind: {rest}")

    def break_(self, text: str) -> None:
        """A law was broken."""
        self.bucket.trace.append(f"{self.bucket.clock.now - 1e6:9.2f} LAW {text}")
        self.broken.append(text)

    def _check(self, wrong: set[Page] | set[Seen], what: str) -> None:
        if wrong:
            self.break_(f"{what}: {sorted(wrong, key=str)[:3]}")

    def _remember(self, rows: list[Seen]) -> None:
        self.seen = {row.page for row in rows}
        self.good = {row.page for row in rows if not row.code}

    def _is_replacing(self) -> bool:
        return any(path.startswith(f"{SWAP}/") for path in self.bucket.objects if path not in self.foreign)
