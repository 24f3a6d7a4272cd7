"""Drivers that compete for one output, the laws that hold meanwhile, and the resume that mends everything."""

from __future__ import annotations

import io
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import IO, TYPE_CHECKING, Any
from unittest.mock import patch

from actors.contracts import DocRef, Receipt, document_id
from actors.errors import ConfigError, IncompleteError
from actors.schema import SCHEMA_VERSION, page_row_schema
from pipelines import ledger_file
from pipelines.card import Card, claim_output
from pipelines.ledger import Ledger
from pipelines.lock import EXPIRY_S, LOCK, Owner, RunLock
from pipelines.publish import Publisher
from pipelines.supersede import finish_swaps, supersede
from pipelines.verify import check_complete
from tests.pipelines.outputs import Row
from tests.simulation.clock import Clock, Process
from tests.simulation.store import Bucket, Fates, Page, SimulatedStore, quiet

if TYPE_CHECKING:
    pass

CARD = Card("fingerprint", {"engine": "fake"})
PAGE_COUNTS = (1, 3, 2, None, 4, 1)
"""Of the documents that schedules draw from; None: one that cannot be opened."""

_TRIES = 12


class LawError(AssertionError):
    """What must always hold did not."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the source; `count` None: it cannot be opened. `version` differs from `before` (what an
    earlier run saw, None for nothing) if it changed."""

    key: str
    count: int | None
    version: str = "1"
    before: str | None = None

    @property
    def ref(self) -> DocRef:
        """As it is listed now."""
        return DocRef(document_id(self.key), self.key, f"/in/{self.key}", self.version)

    def rows(self, version: str, done: Sequence[int] = ()) -> list[Row]:
        """Its rows in a version."""
        if self.count is None:
            return [Row(self.key, 0, None, version, "failed", "decode.corrupt")]
        return [Row(self.key, page, self.count, version) for page in range(self.count) if page not in done]

    def pages(self, version: str) -> list[Page]:
        """The same as a reader names them."""
        return [(document_id(self.key), version, row.page) for row in self.rows(version)]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What there is to do, and how a run goes about it. `rows_a_file`, `work_s`: recognition of a file's
    pages; `disk`, `conditional`: the store."""

    documents: tuple[Document, ...]
    rows_a_file: int = 3
    work_s: float = 5.0
    same_host: bool = True
    disk: bool = True
    conditional: bool = True

    @property
    def changes(self) -> bool:
        """Whether rows of older versions must leave."""
        return any(one.before not in (None, one.version) for one in self.documents)


@lru_cache(maxsize=4096)
def file_of(rows: tuple[Row, ...]) -> bytes:
    """A file with these rows: the ledger's columns alone, as rayocr marks them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([page_row_schema().field(name) for name in ledger_file.COLUMNS])
    cells = [(document_id(row.key), row.version, row.page, row.count, row.status, row.code) for row in rows]
    found = pa.Table.from_arrays(
        [
            pa.array(column, field.type)
            for column, field in zip(zip(*cells, strict=True), schema, strict=True)
        ],
        schema=schema.with_metadata({"schema_version": str(SCHEMA_VERSION)}),
    )
    sink = pa.BufferOutputStream()
    pq.write_table(found, sink, write_statistics=False)
    return bytes(sink.getvalue())


@dataclass(slots=True)
class Laws:
    """What a reader of `pages/` may see, checked at every change of it.

    A page that is not to be replaced never goes once it is there, and is there twice only while files are
    being replaced. A run whose lock another one took never holds it again.
    """

    bucket: Bucket
    scenario: Scenario
    kept: frozenset[Page] = frozenset()
    seen: set[Page] = field(default_factory=set)
    holder: str = ""
    lost: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)

    def changed(self, process: str, path: str, added: bool) -> None:
        """Look at what there is now."""
        if path == LOCK and added:
            self._locked(json.loads(self.bucket.objects[path])["run_id"])
        if not path.startswith("pages/"):
            return
        pages = self.bucket.pages()
        twice = [page for page, count in pages.items() if count > 1]
        if twice and not self.scenario.changes:
            self._break(f"{process} made a reader see twice: {twice[:3]}")
        gone = {page for page in self.seen if page in self.kept and page not in pages}
        if gone:
            self._break(f"{process} took away {sorted(gone)[:3]} with {path}")
        self.seen = set(pages)

    def _locked(self, run_id: str) -> None:
        if self.holder not in ("", run_id):
            self.lost.add(self.holder)
        self.holder = run_id

    def watched(self, lock: RunLock, run_id: str) -> Callable[[], bool]:
        """`lock.still_held`, which must be false once it was another's."""

        def still_held() -> bool:
            lost = run_id in self.lost
            held = RunLock.still_held(lock)
            if held and lost:
                self._break(f"{run_id} holds a lock that it had lost")
            return held

        return still_held

    def exactly_once(self, expected: Counter[Page], when: str) -> None:
        """The table holds these pages and no others."""
        pages = self.bucket.pages()
        if pages != expected:
            self._break(f"{when}: missing {expected - pages}, too many {pages - expected}")

    def nothing_else(self) -> None:
        """No staging, no journal, no lock is left."""
        rest = [path for path in self.bucket.objects if not path.startswith(("pages/", "rayocr.json"))]
        if rest:
            self._break(f"left behind: {rest}")

    def _break(self, text: str) -> None:
        self.bucket.trace.append(f"{self.bucket.clock.now - 1e6:9.2f} LAW {text}")
        self.broken.append(text)


class World:
    """One schedule: drivers that meet their fates, then a quiet one that resumes."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.clock = Clock()
        self.bucket = Bucket(self.clock)
        self.laws = Laws(self.bucket, scenario, _kept(scenario))
        self.processes: dict[int, Process] = {}
        self._names = 0
        self._before()
        self.bucket.watch = self.laws.changed

    def start(
        self,
        name: str,
        fates: Fates,
        after: float = 0.0,
        retries: int = 2,
        work: Callable[[Process, Fates, int], None] | None = None,
    ) -> None:
        """A driver, that is started again when it fails; or a process that does something else."""
        process = Process(name, "one" if self.scenario.same_host else name)
        self.processes[len(self.processes) + 1] = process
        self.clock.start(process, partial(work or self._drive, process, fates, 1 + retries), after)

    def look(self, process: Process, fates: Fates, _tries: int) -> None:
        """Read the ledger now and then, as `rayocr plan` does beside a run."""
        store = self._store(process, fates)
        refs = [one.ref for one in self.scenario.documents]
        for seconds in (3, 8, 20, 35, 45, 60, 80):
            self.clock.sleep(seconds)
            try:
                ledger = Ledger.load(store)
            except ConfigError as error:
                self.laws.broken.append(f"a reader cannot read: {error}")
                return
            if not self.scenario.changes and ledger.doubled(refs).any():
                self.laws.broken.append("a reader's ledger has a page twice")

    def _store(self, process: Process, fates: Fates) -> SimulatedStore:
        return SimulatedStore(self.bucket, process, fates, self.scenario.disk, self.scenario.conditional)

    def finish(self) -> None:
        """Resume without faults until all is done, then once more: what was late has landed by then.

        Raises LawError.
        """
        expected: Counter[Page] = Counter(
            page for one in self.scenario.documents for page in one.pages(one.version)
        )
        for name in ("resume", "again"):
            self.start(name, quiet, retries=_TRIES)
            self.clock.run()
            self.laws.exactly_once(expected, f"after {name}")
        self.laws.nothing_else()
        if self.laws.broken:
            raise LawError("\n".join([*self._told(), *self.laws.broken]))

    def _told(self) -> list[str]:
        """The trace up to the end of the first resume, and what laws were broken later."""
        trace = self.bucket.trace
        end = next((index for index, line in enumerate(trace) if "again " in line), len(trace))
        return trace[:end] + [line for line in trace[end:] if " LAW " in line]

    def _drive(self, process: Process, fates: Fates, tries: int) -> None:
        for number in range(tries):
            self.bucket.trace.append(f"{self.clock.now - 1e6:9.2f} {process.name:8} -- run {number}")
            try:
                if self._run(process, fates, f"{process.name}-{number}"):
                    return
            except (ConfigError, IncompleteError, OSError) as error:
                words = str(error).splitlines()[0]
                self.bucket.trace.append(f"{self.clock.now - 1e6:9.2f} {process.name:8} -- {words}")
            self.clock.sleep(20)

    def _run(self, process: Process, fates: Fates, run_id: str) -> bool:
        """What `pipelines.run` does between lock and proof, in its order; whether all is complete."""
        store = self._store(process, fates)
        lock = RunLock(store, run_id, self.clock, self.clock.sleep)
        lock.still_held = self.laws.watched(lock, run_id)  # type: ignore[method-assign]
        lock.acquire()
        ended: list[bool] = []
        self.clock.start(process, partial(self._renew, lock, ended), EXPIRY_S / 4)
        try:
            return self._locked_run(store, lock, run_id)
        finally:
            ended.append(True)
            with suppress(OSError):
                lock.release()

    def _locked_run(self, store: SimulatedStore, lock: RunLock, run_id: str) -> bool:
        refs = [one.ref for one in self.scenario.documents]
        claim_output(store, CARD)
        publisher = Publisher(store, lock, run_id)
        finish_swaps(store)
        publisher.sweep()
        for rows in self._files(list(Ledger.load(store).pending(refs))):
            self.clock.sleep(self.scenario.work_s)
            publisher.publish(self._stage(store, run_id, rows))
        ledger = Ledger.load(store)
        changed = ledger.changed(refs)
        done = [ref for ref, there in zip(changed, ledger.complete(changed).tolist(), strict=True) if there]
        if done and lock.still_held():
            supersede(store, run_id, done, lock.still_held)
            ledger = Ledger.load(store)
        return check_complete(ledger, refs).complete

    def _renew(self, lock: RunLock, ended: list[bool]) -> None:
        while not ended:
            try:
                if not lock.renew():
                    return
            except OSError:
                pass
            self.clock.sleep(EXPIRY_S / 4)

    def _files(self, todo: Sequence[DocRef]) -> Iterator[tuple[Row, ...]]:
        by_key = {one.key: one for one in self.scenario.documents}
        rows = [row for ref in todo for row in by_key[ref.key].rows(ref.version, ref.done_pages)]
        for start in range(0, len(rows), self.scenario.rows_a_file):
            yield tuple(rows[start : start + self.scenario.rows_a_file])

    def _stage(self, store: SimulatedStore, run_id: str, rows: tuple[Row, ...]) -> Receipt:
        """As a worker does; now and then it is repeated, and the first attempt is rubbish."""
        content = file_of(rows)
        for _ in range(2 if self._names % 3 == 0 else 1):
            path = f"_staging/{run_id}/{run_id}-{self.name()}.parquet"
            store.put(path, content)
        return Receipt(path, len(rows), len(content), len(rows), 0, 0, "", {}, 0.0)

    def name(self) -> str:
        """A name that nothing else has."""
        self._names += 1
        return f"{self._names:06}"

    def _before(self) -> None:
        """What an earlier run left: one file of all documents that it saw."""
        rows = [row for one in self.scenario.documents if one.before for row in one.rows(one.before)]
        for start in range(0, len(rows), 4):
            self.bucket.objects[f"pages/before-{start}.parquet"] = file_of(tuple(rows[start : start + 4]))
        self.laws.seen = set(self.bucket.pages())


def _kept(scenario: Scenario) -> frozenset[Page]:
    return frozenset(page for one in scenario.documents for page in one.pages(one.version))


def random_scenario(rng: random.Random) -> Scenario:
    """A small job; a third of them have documents that changed."""
    changes = rng.random() < 0.34
    documents = []
    for number in rng.sample(range(len(PAGE_COUNTS)), rng.randint(2, 5)):
        one = Document(f"d{number}", PAGE_COUNTS[number])
        if rng.random() < 0.4:
            one = replace(one, before="1")
        if changes and rng.random() < 0.6:
            one = replace(one, before="1", version="2")
        documents.append(one)
    kind = rng.choice(("disk", "disk", "conditional", "plain"))
    return Scenario(
        tuple(documents),
        rows_a_file=rng.randint(1, 4),
        work_s=rng.choice((1.0, 8.0, 25.0)),
        same_host=rng.random() < 0.5,
        disk=kind == "disk",
        conditional=kind != "plain",
    )


@contextmanager
def simulated() -> Iterator[None]:
    """Within it, what is not the protocol is fast and repeatable: files are parsed once, in the caller's
    thread."""
    import pyarrow as pa

    pa.set_cpu_count(1)
    with ExitStack() as stack:
        stack.enter_context(patch("pipelines.ledger.ThreadPoolExecutor", _InTurn))
        stack.enter_context(patch("pipelines.ledger.read_rows", _read_rows))
        yield


@contextmanager
def names_of(world: World) -> Iterator[None]:
    """Within it, locks and replaced files get their names and their owners from this world."""

    def owner(lock: RunLock) -> Owner:
        number = next(key for key, one in world.processes.items() if one is world.clock.process)
        return Owner(lock._run_id, "host", number, world.clock.process.host, world.clock.now + EXPIRY_S)

    class Names:
        @staticmethod
        def uuid4() -> Any:
            return type("Name", (), {"hex": world.name()})

    with ExitStack() as stack:
        stack.enter_context(patch("pipelines.supersede.uuid", Names))
        stack.enter_context(patch.object(RunLock, "_owner", owner))
        stack.enter_context(patch("pipelines.lock.socket.gethostname", lambda: "host"))
        stack.enter_context(patch("pipelines.lock._pids", lambda: world.clock.process.host))
        stack.enter_context(patch("pipelines.lock._is_alive", lambda pid: not world.processes[pid].dead))
        yield


class _InTurn:
    """An executor that does what it is told, at once."""

    def __init__(self, _workers: int) -> None:
        pass

    def __enter__(self) -> _InTurn:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, function: Callable[[str], Any], items: Sequence[str]) -> Iterator[Any]:
        return map(function, items)


_parse = ledger_file.read_rows


def _read_rows(store: SimulatedStore, path: str, *more: Any) -> Any:
    """`read_rows`, that parses the same content once."""
    try:
        with store.open(path) as stream:
            content = stream.read()
    except OSError as error:
        return _parse(_OneFile(b"", error), path, *more)  # type: ignore[arg-type]
    key = (content, *map(repr, more))
    if key not in _parsed:
        _parsed[key] = _parse(_OneFile(content), path, *more)  # type: ignore[arg-type]
    return _parsed[key]


_parsed: dict[tuple[Any, ...], Any] = {}


@dataclass(frozen=True, slots=True)
class _OneFile:
    """A store with one file, under any name, or with an error instead."""

    content: bytes
    error: OSError | None = None

    def location(self, path: str) -> str:
        return f"sim://{path}"

    def open(self, _path: str) -> IO[bytes]:
        if self.error:
            raise self.error
        return io.BytesIO(self.content)
