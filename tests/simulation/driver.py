"""A driver of a schedule: the commands of rayocr as their modules have them, over a simulated store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from actors.contracts import DocRef, Receipt
from actors.errors import ERROR_CODES, IncompleteError
from pipelines.card import Card, allow_deviation
from pipelines.claim import claim_output
from pipelines.compact import compact
from pipelines.config import OutputConfig
from pipelines.forget import forget
from pipelines.ledger import Ledger
from pipelines.lock import EXPIRY_S, RunLock
from pipelines.publish import Publisher
from pipelines.retry import drop_retried
from pipelines.supersede import supersede
from pipelines.tidy import tidied
from pipelines.verify import check_complete
from tests.pipelines.outputs import Row
from tests.simulation.clock import Clock, Process
from tests.simulation.job import CAREFUL, FINGERPRINT, Scenario, file_of
from tests.simulation.laws import Laws
from tests.simulation.store import SimulatedStore
from tests.simulation.store import rows_of as seen_rows

CARD = Card(FINGERPRINT, {"engine": "fake"})
CAREFUL_CARD = Card(CAREFUL, {"engine": "fake, with care"})


@dataclass(slots=True)
class Shared:
    """What all drivers of a schedule have in common: the job, the time, and how often each document was
    recognised."""

    scenario: Scenario
    clock: Clock
    laws: Laws
    tried: Counter[str] = field(default_factory=Counter)
    names: int = 0

    def name(self) -> str:
        """A name that nothing else has."""
        self.names += 1
        return f"{self.names:032x}"

    def rows_of(self, todo: Sequence[DocRef]) -> list[Row]:
        """Recognise what lacks of these documents."""
        by_key = {one.key: one for one in self.scenario.documents}
        found = []
        for ref in todo:
            found += by_key[ref.key].rows(ref.version, self.tried[ref.key], ref.done_pages)
            self.tried[ref.key] += 1
        return found

    def content(self, rows: Sequence[Row], fingerprint: str = FINGERPRINT) -> bytes:
        """A file of rows that are made at this moment."""
        written = self.clock.now if self.scenario.has_failures else None
        content = file_of(tuple(rows), written, fingerprint)
        self.laws.made |= set(seen_rows(content))
        return content


@dataclass(frozen=True, slots=True)
class Driver:
    """One command of one process. `run_id` is new for each."""

    shared: Shared
    process: Process
    store: SimulatedStore
    run_id: str

    def do(self, command: str) -> bool:
        """Whether all is complete afterwards. Raises what the command raises."""
        if command == "compact":
            compact(OutputConfig(path="sim", file_mb=self.shared.scenario.target / 2**20))
            return True
        with self.lock() as lock:
            return self._run(lock, command)

    @contextmanager
    def lock(self) -> Iterator[RunLock]:
        """RunLock as a context, with a thread of this process that renews it."""
        clock = self.shared.clock
        lock = RunLock(self.store, self.run_id, clock, clock.sleep)
        lock.still_held = self.shared.laws.watched(lock, self.run_id)  # type: ignore[method-assign]
        lock.acquire()
        ended: list[bool] = []
        clock.start(self.process, partial(self._renew, lock, ended), EXPIRY_S / 4)
        try:
            yield lock
        finally:
            ended.append(True)
            with suppress(OSError):
                lock.release()

    def _renew(self, lock: RunLock, ended: list[bool]) -> None:
        while not ended:
            try:
                if not lock.renew():
                    return
            except OSError:
                pass
            self.shared.clock.sleep(EXPIRY_S / 4)

    def _run(self, lock: RunLock, command: str) -> bool:
        """What `pipelines.run` does between lock and proof, in its order."""
        card = claim_output(self.store, lock, self.run_id, CARD)
        if command == "careful":
            card = allow_deviation(self.store, card, CAREFUL_CARD)
        ledger = tidied(self.store, lock, self.run_id, card)
        left = (
            ledger.orphaned([one.ref for one in self.shared.scenario.listed]) if command == "forget" else ()
        )
        trouble = False
        try:
            self._work(lock, card, command, ledger)
        except IncompleteError:
            trouble = True
        complete = self._without_old_rows(lock, card) and not trouble
        if complete:
            forget(self.store, self.run_id, left, lock.still_held)
        return complete

    def _work(self, lock: RunLock, card: Card, command: str, ledger: Ledger) -> None:
        refs = [one.ref for one in self.shared.scenario.listed]
        self._recognise(lock, ledger.pending(refs, ERROR_CODES if command == "retry" else ()), FINGERPRINT)
        if command == "careful":
            ledger = self._mended(lock, card)
            whole = [ref for ref, one in zip(refs, ledger.complete(refs).tolist(), strict=True) if one]
            self._recognise(lock, ledger.pending(whole, ERROR_CODES), CAREFUL)

    def _recognise(self, lock: RunLock, todo: Iterator[DocRef], fingerprint: str) -> None:
        publisher, scenario = Publisher(self.store, lock, self.run_id), self.shared.scenario
        rows = self.shared.rows_of(list(todo))
        for start in range(0, len(rows), scenario.rows_a_file):
            self.shared.clock.sleep(scenario.work_s)
            publisher.publish(self._stage(rows[start : start + scenario.rows_a_file], fingerprint))

    def _stage(self, rows: Sequence[Row], fingerprint: str) -> Receipt:
        """As a worker does; now and then it is repeated, and the first attempt is rubbish."""
        content = self.shared.content(rows, fingerprint)
        for _ in range(2 if self.shared.names % 3 == 0 else 1):
            path = f"_staging/{self.run_id}/{self.run_id}-{self.shared.name()}.parquet"
            self.store.put(path, content)
        return Receipt(path, len(rows), len(content), len(rows), 0, 0, "", {}, 0.0)

    def _without_old_rows(self, lock: RunLock, card: Card) -> bool:
        refs = [one.ref for one in self.shared.scenario.listed]
        ledger = self._mended(lock, card)
        changed = ledger.changed(refs)
        done = [ref for ref, one in zip(changed, ledger.complete(changed).tolist(), strict=True) if one]
        if done and lock.still_held():
            supersede(self.store, self.run_id, done, lock.still_held)
            ledger = Ledger.load(self.store, card.fingerprints)
        return check_complete(ledger, refs).complete

    def _mended(self, lock: RunLock, card: Card) -> Ledger:
        ledger = Ledger.load(self.store, card.fingerprints)
        if lock.still_held() and drop_retried(self.store, self.run_id, ledger, lock.still_held):
            ledger = Ledger.load(self.store, card.fingerprints)
        return ledger
