"""Drivers that compete for one output, a reader beside them, and the resume that mends everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest.mock import patch

from actors.errors import ConfigError, IncompleteError
from pipelines import ledger_file
from pipelines.card import CARD as CARD_PATH
from pipelines.ledger import Ledger
from pipelines.lock import EXPIRY_S, Owner, RunLock
from tests.pipelines.outputs import Row
from tests.simulation.clock import Clock, Process
from tests.simulation.driver import CARD, Driver, Shared
from tests.simulation.job import Scenario
from tests.simulation.laws import LawError, Laws
from tests.simulation.store import Bucket, Fates, SimulatedStore, quiet

_TRIES = 12


class World:
    """One schedule: drivers that meet their fates, then a quiet one that resumes."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.clock = Clock()
        self.bucket = Bucket(self.clock)
        self.laws = Laws(self.bucket, scenario)
        self.shared = Shared(scenario, self.clock, self.laws)
        self.processes: dict[int, Process] = {}
        self.drivers: dict[int, Driver] = {}
        self._before()
        self.bucket.watch = self.laws.changed

    def start(
        self,
        name: str,
        fates: Fates,
        after: float = 0.0,
        retries: int = 2,
        commands: Sequence[str] = ("run",),
    ) -> None:
        """A process that gives these commands, each again when it fails."""
        self._start(name, after, partial(self._drive, fates=fates, tries=1 + retries, commands=commands))

    def start_reader(self) -> None:
        """A process that only looks."""
        self._start("reader", 0.0, self._look)

    def driver(self) -> Driver:
        """What is running now."""
        return self.drivers[id(self.clock.process)]

    def finish(self) -> None:
        """Resume without faults until all is done, then once more: what was late has landed by then.

        Raises LawError.
        """
        for number in range(self.scenario.resumes):
            self._resume(f"resume{number or ''}", self.scenario.last)
        self.laws.at_the_end("after the resume")
        self._resume("again", ("run",))
        self.laws.at_the_end("after one run more")
        self.laws.nothing_else()
        if self.laws.broken:
            raise LawError("\n".join([*self._told(), *self.laws.broken]))

    def _resume(self, name: str, commands: Sequence[str]) -> None:
        self.start(name, quiet, retries=_TRIES, commands=commands)
        self.clock.run()

    def _start(self, name: str, after: float, work: Callable[[Process], None]) -> None:
        process = Process(name, "one" if self.scenario.same_host else name)
        self.processes[len(self.processes) + 1] = process
        self.clock.start(process, partial(work, process), after)

    def _look(self, process: Process) -> None:
        """Read the ledger now and then, as `rayocr plan` does beside a run."""
        store = self._store(process, quiet)
        refs = [one.ref for one in self.scenario.listed]
        for seconds in (3, 8, 20, 35, 45, 60, 80):
            self.clock.sleep(seconds)
            try:
                ledger = Ledger.load(store)
            except ConfigError as error:
                self.laws.break_(f"a reader cannot read: {error}")
                return
            if self.scenario.adds_only and ledger.doubled(refs).any():
                self.laws.break_("a reader's ledger has a page twice")

    def _drive(self, process: Process, *, fates: Fates, tries: int, commands: Sequence[str]) -> None:
        store = self._store(process, fates)
        for command in commands:
            for number in range(tries):
                run_id = f"20261201T000000-{int(self.shared.name(), 16):08x}"
                self._tell(f"{process.name:8} -- {command} {number}: {run_id}")
                self.drivers[id(process)] = driver = Driver(self.shared, process, store, run_id)
                try:
                    if driver.do(command):
                        break
                except (ConfigError, IncompleteError, OSError) as error:
                    self._tell(f"{process.name:8} -- {str(error).splitlines()[0]}")
                self.clock.sleep(20)

    def _store(self, process: Process, fates: Fates) -> SimulatedStore:
        return SimulatedStore(self.bucket, process, fates, self.scenario.disk, self.scenario.conditional)

    def _before(self) -> None:
        """What an earlier run left: files of all documents that it saw."""
        rows: list[Row] = []
        for one in self.scenario.documents:
            if one.before:
                first = 99 if one.before != one.version else 0
                rows += one.rows(one.before, first)
                self.shared.tried[one.key] = int(not first)
        for start in range(0, len(rows), 4):
            self.bucket.objects[f"pages/20261130T000000-00000000-{start:032x}.parquet"] = self.shared.content(
                rows[start : start + 4]
            )
        if rows:
            self.bucket.objects[CARD_PATH] = CARD.to_json()
        self.laws.begin()

    def _tell(self, text: str) -> None:
        self.bucket.trace.append(f"{self.clock.now - 1e6:9.2f} {text}")

    def _told(self) -> list[str]:
        """The trace up to the end of the first resume, and what laws were broken later."""
        trace = self.bucket.trace
        end = next((index for index, line in enumerate(trace) if "again " in line), len(trace))
        return trace[:end] + [line for line in trace[end:] if " LAW " in line]


@contextmanager
def simulated() -> Iterator[None]:
    """Within it, what is not the protocol is fast and repeatable: files are parsed once, in the caller's
    thread."""
    import pyarrow as pa

    pa.set_cpu_count(1)
    with ExitStack() as stack:
        stack.enter_context(patch("pipelines.ledger.ThreadPoolExecutor", _InTurn))
        stack.enter_context(patch("pipelines.compact.ThreadPoolExecutor", _InTurn))
        stack.enter_context(patch("pipelines.ledger.read_rows", _read_rows))
        yield


@contextmanager
def names_of(world: World) -> Iterator[None]:
    """Within it, locks and replaced files get their names and their owners from this world, and commands that
    open their output themselves find its."""

    def owner(lock: RunLock) -> Owner:
        number = next(key for key, one in world.processes.items() if one is world.clock.process)
        return Owner(lock._run_id, "host", number, world.clock.process.host, world.clock.now + EXPIRY_S)

    class Names:
        @staticmethod
        def uuid4() -> Any:
            return type("Name", (), {"hex": world.shared.name()})

    with ExitStack() as stack:
        stack.enter_context(patch("pipelines.supersede.uuid", Names))
        stack.enter_context(patch("pipelines.compact.uuid", Names))
        stack.enter_context(patch.object(RunLock, "_owner", owner))
        stack.enter_context(patch("pipelines.lock.socket.gethostname", lambda: "host"))
        stack.enter_context(patch("pipelines.lock._pids", lambda: world.clock.process.host))
        stack.enter_context(patch("pipelines.lock._is_alive", lambda pid: not world.processes[pid].dead))
        stack.enter_context(patch("pipelines.lock.RunLock", lambda _store, _run_id: world.driver().lock()))
        stack.enter_context(patch("pipelines.store.open_store", lambda *_: world.driver().store))
        stack.enter_context(patch("pipelines.job.new_run_id", lambda: world.driver().run_id))
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
        content = store.read(path)
    except OSError as error:
        return _parse(_OneFile(b"", error), path, *more)  # type: ignore[arg-type]
    key = (content, *map(repr, more))
    if key not in _parsed:
        if len(_parsed) > _MOST_PARSED:
            _parsed.clear()
        _parsed[key] = _parse(_OneFile(content), path, *more)  # type: ignore[arg-type]
    return _parsed[key]


_MOST_PARSED = 20_000
_parsed: dict[tuple[Any, ...], Any] = {}


@dataclass(frozen=True, slots=True)
class _OneFile:
    """A store with one file, under any name, or with an error instead."""

    content: bytes
    error: OSError | None = None

    def location(self, path: str) -> str:
        return f"sim://{path}"

    def read(self, _path: str) -> bytes:
        if self.error:
            raise self.error
        return self.content
