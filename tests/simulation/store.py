"""A store in memory whose calls take time, fail, lose their answers, come late, or end their caller."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO, Any, NamedTuple

from pipelines.store import Entry
from tests.simulation.clock import Clock, DiedError, Process

TIMEOUT_S = 30.0
"""After so long a caller gives up on an answer."""

Page = tuple[str, str, int]
"""(document_id, version, page_index)."""


class Seen(NamedTuple):
    """A row as a reader sees it. `code`: None unless it failed."""

    page: Page
    count: int | None
    code: str | None
    written: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one call. `lands`: seconds until it takes effect, None for never; `answers`: until the
    caller hears, more than that; `error`: it hears of a failure; `dies`: it never hears, nor does
    anything else; `repeated`: the client sends it twice; `echo`: it takes effect once more, so long after it
    was sent, whatever was heard; `pause`: the process then stands still so long."""

    name: str = ""
    lands: float | None = 0.02
    answers: float = 0.04
    error: bool = False
    dies: bool = False
    repeated: bool = False
    pause: float = 0.0
    echo: float = 0.0


Fates = Callable[[str], Fate]
"""Gives each call its fate; it is told what the call is, such as `put _lock.json`."""

QUIET = Fate()


def quiet(_what: str) -> Fate:
    """A store without faults."""
    return QUIET


FATES: dict[str, Fate] = {
    "fails": Fate("fails", None, 0.5, error=True),
    "lost": Fate("lost", 0.1, TIMEOUT_S, error=True),
    "late": Fate("late", TIMEOUT_S + 45, TIMEOUT_S, error=True),
    "slow": Fate("slow", 20.0, 25.0),
    "late answer": Fate("late answer", 0.1, 75.0),
    "repeated": Fate("repeated", 0.1, 5.0, repeated=True),
    "echo": Fate("echo", 0.1, 0.2, echo=50.0),
    "pause": Fate("pause", 0.1, 0.2, pause=90.0),
    "dies before": Fate("dies before", None, 0.0, dies=True),
    "dies after": Fate("dies after", 0.02, 0.0, dies=True),
    "dies, late": Fate("dies, late", 70.0, 0.0, dies=True),
}
"""Everything that a call can meet, with fixed times; schedules draw the times."""


KINDS = ("fails", "lost", "late", "slow", "late answer", "repeated", "echo", "pause")

DELICATE = ("_lock", "put _lock", "read _lock", "_swap", "_staging", "pages/", "delete", "list")
"""Parts of calls that a schedule may have its faults at."""


@dataclass(frozen=True, slots=True)
class Weather:
    """What a driver's calls meet in a schedule: the chances of a fault and of death a call, eight times as
    much where `focus` is part of the call, `most` of them at most; which `kinds` of faults. `latency`: mean
    seconds one way."""

    faults: float
    deaths: float
    latency: float
    most: int
    focus: str
    kinds: tuple[str, ...]

    @classmethod
    def drawn(cls, rng: random.Random, latency: float) -> Weather:
        """Fair or foul."""
        return cls(
            rng.choice((0.003, 0.01, 0.04)),
            rng.choice((0.0, 0.001, 0.005)),
            latency,
            rng.choice((1, 2, 4, 99)),
            rng.choice(DELICATE),
            tuple(rng.sample(KINDS, rng.randint(1, 3))),
        )


class RandomFates:
    """Fates drawn from a seed."""

    def __init__(self, rng: random.Random, weather: Weather) -> None:
        self._rng = rng
        self._weather = weather
        self._left = weather.most

    def __call__(self, what: str) -> Fate:
        """The next call's."""
        rng, weather = self._rng, self._weather
        lands = rng.expovariate(1 / weather.latency)
        answers = lands + rng.expovariate(1 / weather.latency)
        draw = rng.random() / (8 if weather.focus in what else 1)
        if not self._left or draw >= weather.deaths + weather.faults:
            return Fate("", lands, answers)
        self._left -= 1
        if draw < weather.deaths:
            return Fate("dies", rng.choice((None, lands, rng.uniform(0, 120))), dies=True)
        return self._fault(rng.choice(weather.kinds), lands, answers)

    def _fault(self, name: str, lands: float, answers: float) -> Fate:
        rng = self._rng
        long = rng.choice((rng.uniform(1, 45), rng.uniform(45, 110)))
        return {
            "fails": Fate(name, None, answers, error=True),
            "lost": Fate(name, lands, lands + TIMEOUT_S, error=True),
            "late": Fate(name, long, rng.uniform(0, TIMEOUT_S), error=True),
            "slow": Fate(name, long, long + answers),
            "late answer": Fate(name, lands, lands + long),
            "repeated": Fate(name, lands, answers + 1, repeated=True),
            "echo": Fate(name, lands, answers, echo=answers + long),
            "pause": Fate(name, lands, answers, pause=long),
        }[name]


class OneFault:
    """A fate for the n-th call, quiet ones for all others."""

    def __init__(self, number: int, fate: Fate) -> None:
        self._number = number
        self._fate = fate
        self.calls = 0

    def __call__(self, _what: str) -> Fate:
        """The next call's."""
        self.calls += 1
        return self._fate if self.calls == self._number else QUIET

    @property
    def met(self) -> bool:
        """Whether there was such a call."""
        return self.calls >= self._number


@dataclass(slots=True)
class Bucket:
    """The objects themselves, whoever looks; `watch` is told of every change."""

    clock: Clock
    objects: dict[str, bytes] = field(default_factory=dict)
    trace: list[str] = field(default_factory=list)
    watch: Callable[[str, str], None] = lambda _process, _path: None

    def set(self, process: Process, path: str, content: bytes) -> None:
        """An object appears, or is replaced."""
        self.objects[path] = content
        self.watch(process.name, path)

    def take(self, process: Process, path: str) -> bytes:
        """An object goes. Raises FileNotFoundError."""
        content = self.get(path)
        del self.objects[path]
        self.watch(process.name, path)
        return content

    def get(self, path: str) -> bytes:
        """Raises FileNotFoundError."""
        if path not in self.objects:
            raise FileNotFoundError(2, "no such object", path)
        return self.objects[path]

    def rows(self) -> list[Seen]:
        """What a reader of pages/*.parquet sees at this moment."""
        return [
            row
            for path, content in self.objects.items()
            if path.startswith("pages/") and path.endswith(".parquet")
            for row in rows_of(content)
        ]


@lru_cache(maxsize=4096)
def rows_of(content: bytes) -> tuple[Seen, ...]:
    """The rows of a file."""
    import pyarrow.parquet as pq

    table = pq.ParquetFile(io.BytesIO(content)).read(columns=list(_SEEN), use_threads=False)
    columns = (table.column(name).to_pylist() for name in _SEEN)
    return tuple(
        Seen((document, version, page), count, code, str(written))
        for document, version, page, count, code, written in zip(*columns, strict=True)
    )


_SEEN = ("document_id", "version", "page_index", "page_count", "error_code", "written_at")


@dataclass(frozen=True, slots=True)
class SimulatedStore:
    """See Store: one process's way to the bucket. A disk renames and creates exclusively; an object store
    copies and deletes, and may know no conditional write."""

    bucket: Bucket
    process: Process
    fates: Fates
    disk: bool = True
    conditional: bool = True

    @property
    def exclusive(self) -> bool:
        """See Store."""
        return self.disk

    def location(self, path: str) -> str:
        """See Store."""
        return f"sim://{path}"

    def list(self, prefix: str) -> list[Entry]:
        """See Store."""

        def look() -> list[Entry]:
            start = f"{prefix}/" if prefix else ""
            found = [Entry(path, len(content)) for path, content in self.bucket.objects.items()]
            return sorted((one for one in found if one.path.startswith(start)), key=lambda one: one.path)

        return self._call(f"list {prefix}", look)

    def exists(self, path: str) -> bool:
        """See Store."""
        return self._call(f"exists {path}", lambda: path in self.bucket.objects)

    def read(self, path: str) -> bytes:
        """See Store."""
        return self._call(f"read {path}", lambda: self.bucket.get(path))

    def open(self, path: str) -> IO[bytes]:
        """See Store."""
        return io.BytesIO(self._call(f"open {path}", lambda: self.bucket.get(path)))

    def put(self, path: str, content: bytes) -> None:
        """See Store."""
        self._call(f"put {path}", lambda: self.bucket.set(self.process, path, content))

    def put_if_absent(self, path: str, content: bytes) -> bool:
        """See Store."""
        if self.disk:
            return self._call(f"create {path}", lambda: self._create(path, content))
        if self.exists(path):
            return False
        if not self.conditional:
            self.put(path, content)
            return True
        if self._call(f"create {path}", lambda: self._create(path, content)):
            return True
        return self.read(path) == content

    def move(self, source: str, target: str) -> None:
        """See Store."""
        if self.disk:
            self._call(f"rename {source} {target}", lambda: self._rename(source, target))
            return
        self._call(f"copy {source} {target}", lambda: self._copy(source, target))
        self._call(f"remove {source}", lambda: self.bucket.take(self.process, source))

    def delete(self, path: str) -> None:
        """See Store."""

        def drop() -> None:
            if path in self.bucket.objects:
                self.bucket.take(self.process, path)

        self._call(f"delete {path}", drop)

    def check_writable(self) -> None:
        """See Store."""

    def _create(self, path: str, content: bytes) -> bool:
        if path in self.bucket.objects:
            return self.disk and self.bucket.objects[path] == content
        self.bucket.set(self.process, path, content)
        return True

    def _rename(self, source: str, target: str) -> None:
        self.bucket.set(self.process, target, self.bucket.take(self.process, source))

    def _copy(self, source: str, target: str) -> None:
        self.bucket.set(self.process, target, self.bucket.get(source))

    def _call(self, what: str, effect: Callable[[], Any]) -> Any:
        """Let time pass, the effect happen, and the answer come, as the fates have it."""
        self.process.check()
        bucket, clock, fate = self.bucket, self.bucket.clock, self.fates(what)
        answer = _Answer(what, effect, self)
        for _ in range(2 if fate.repeated else 1):
            if fate.lands is not None:
                clock.at(clock.now + fate.lands, answer.land)
        if fate.echo:
            clock.at(clock.now + fate.echo, _Answer(f"{what} (echo)", effect, self).land)
        if fate.name:
            bucket.trace.append(f"{clock.now - 1e6:9.2f} {self.process.name:8} {what}: {fate.name} {fate}")
        if fate.dies:
            self.process.dead = True
            raise DiedError(self.process.name)
        if fate.pause:
            self.process.paused_until = max(self.process.paused_until, clock.now + fate.pause)
        clock.sleep(fate.answers)
        if fate.error:
            raise OSError(5, "no answer", what)
        if answer.error is not None:
            raise answer.error
        return answer.value


@dataclass(slots=True)
class _Answer:
    """A call on its way: what it comes to when it lands, the last time if it lands twice."""

    what: str
    effect: Callable[[], Any]
    store: SimulatedStore
    value: Any = None
    error: OSError | None = None

    def land(self) -> None:
        """Take effect."""
        clock = self.store.bucket.clock
        self.value, self.error = None, None
        try:
            self.value = self.effect()
        except OSError as error:
            self.error = error
        outcome = "no such object" if self.error else self.value if isinstance(self.value, bool) else ""
        self.store.bucket.trace.append(
            f"{clock.now - 1e6:9.2f} {self.store.process.name:8} {self.what} {outcome}"
        )
