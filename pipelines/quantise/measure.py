"""Several engines on the same pages, in turns: what they read, and the CPU time that it took."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeVar

from actors.codec import Codec
from actors.contracts import EngineInfo, Image, PageResult
from actors.deadline import deadline
from actors.engines.fast.describe import choose
from actors.engines.fast.engine import FastEngine
from actors.engines.fast.int8 import Calibrated
from actors.engines.fast.quantise import Meter, Part
from actors.engines.messages import Refused, bounds
from actors.errors import IncompleteError, RayocrError
from actors.process import ChildDiedError, ChildProcess, ChildTimeoutError, receive_object, send_message
from actors.runtimes import amx
from actors.sandbox.environment import engine_environment
from actors.settings import EngineConfig, ModelsConfig
from actors.threads import thread_environment

_PASSES = 2
"""The first one is told apart: OpenVINO builds its kernels when it sees a shape for the first time."""

_Said = TypeVar("_Said")

_PATIENCE_S = 600.0
"""For one page, or for a model to load."""


@dataclass(frozen=True, slots=True)
class Contender:
    """An engine to measure. `calibrated`: its int8 model, where it has one."""

    config: EngineConfig
    calibrated: Calibrated | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds a page on one thread, of this process. `first`: when each page was read for the first time;
    the others when all shapes were known, `det` and `rec` in the models alone."""

    first: float
    page: float
    det: float
    rec: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What an engine read (of its first pass), and what that cost."""

    runtime: str
    precision: str
    read: tuple[PageResult, ...]
    cost: Cost


def measure(
    contenders: Mapping[str, Contender], models: ModelsConfig, pages: Sequence[Image]
) -> dict[str, Measured]:
    """Let all read all pages twice; a page goes to each in turn, so that a busy machine slows all alike.

    Each has a process of its own, as in a run: what instructions OpenVINO may use is decided once a process.
    Raises IncompleteError if one of them ends.
    """
    with ExitStack() as stack:
        stands = {
            name: stack.enter_context(closing(_Stand(name, contender, models)))
            for name, contender in contenders.items()
        }
        order = list(stands.values())
        for number in range(_PASSES):
            for page in pages:
                for stand in order:
                    stand.read(page, number)
                order = [*order[1:], order[0]]
        return {name: stand.result(len(pages)) for name, stand in stands.items()}


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a page was read as, and the CPU seconds that all of it and its models took."""

    read: PageResult
    seconds: float
    parts: dict[Part, float]


_CODEC = Codec(EngineInfo, Refused, _Answer)


class _Stand:
    """A contender in its process."""

    def __init__(self, name: str, contender: Contender, models: ModelsConfig) -> None:
        config = contender.config.model_copy(update={"threads": 1})
        self._name = name
        self._answers: list[list[_Answer]] = [[] for _ in range(_PASSES)]
        self._child = ChildProcess(
            "pipelines.quantise.measure:serve",
            (config, models, contender.calibrated),
            {**thread_environment(1), **amx.environment(choose(config).precision)},
            base=engine_environment(os.environ),
        )
        self._info = self._answer(EngineInfo)

    def read(self, page: Image, number: int) -> None:
        self._child.send(page)
        self._answers[number].append(self._answer(_Answer))

    def result(self, pages: int) -> Measured:
        first, last = self._answers[0], self._answers[-1]
        cost = Cost(
            first=sum(answer.seconds for answer in first) / pages,
            page=sum(answer.seconds for answer in last) / pages,
            det=sum(answer.parts["det"] for answer in last) / pages,
            rec=sum(answer.parts["rec"] for answer in last) / pages,
        )
        read = tuple(answer.read for answer in first)
        return Measured(self._info.runtime, self._info.precision, read, cost)

    def close(self) -> None:
        self._child.close()

    def _answer(self, wanted: type[_Said]) -> _Said:
        try:
            answer = self._child.receive_message(_CODEC, bounds(1), deadline(_PATIENCE_S, self._child.pid))
        except (ChildDiedError, ChildTimeoutError) as error:
            tail = error.stderr_tail.splitlines()[-1:] if isinstance(error, ChildDiedError) else []
            raise IncompleteError(
                f"The {self._name} model could not be measured.",
                " ".join([f"Its process {error}.", *tail]),
                "Check memory; nothing was kept.",
            ) from error
        if isinstance(answer, Refused):
            raise answer.error
        if not isinstance(answer, wanted):
            raise IncompleteError(f"The {self._name} model could not be measured.", "Its answer is none.")
        return answer


def serve(
    conn: Connection, config: EngineConfig, models: ModelsConfig, calibrated: Calibrated | None
) -> None:
    """A contender's side: build the engine, say what it is, then read pages until the pipe closes."""
    meter = Meter()
    try:
        engine = FastEngine(config, models, calibrated=calibrated, around=meter.around)
    except RayocrError as error:
        send_message(conn, _CODEC, Refused.of(error))
        return
    with closing(engine):
        send_message(conn, _CODEC, engine.info)
        while True:
            page = receive_object(conn)
            before, started = dict(meter.seconds), time.process_time()
            (read,) = engine.recognize([page])
            parts = {part: seconds - before[part] for part, seconds in meter.seconds.items()}
            send_message(conn, _CODEC, _Answer(read, time.process_time() - started, parts))
