"""Several engines on the same pages, in turns: what they read, and the CPU time that it took."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.engines.fast.engine import FastEngine
from actors.engines.fast.int8 import Calibrated
from actors.engines.fast.quantise import Meter
from actors.settings import EngineConfig, ModelsConfig

if TYPE_CHECKING:
    from actors.contracts import Image, PageResult

_PASSES = 2
"""The first one is told apart: OpenVINO builds its kernels when it sees a shape for the first time."""


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
    """Let all read all pages twice; a page goes to each in turn, so that a busy machine slows all alike."""
    stands = {name: _Stand(contender, models) for name, contender in contenders.items()}
    order = list(stands.values())
    for number in range(_PASSES):
        for page in pages:
            for stand in order:
                stand.read(page, number)
            order = [*order[1:], order[0]]
    return {name: stand.result(len(pages)) for name, stand in stands.items()}


class _Stand:
    def __init__(self, contender: Contender, models: ModelsConfig) -> None:
        config = contender.config.model_copy(update={"threads": 1})
        self._meter = Meter()
        self._seconds = [0.0] * _PASSES
        self._parts = {"det": 0.0, "rec": 0.0}
        self._read: list[PageResult] = []
        self._engine = FastEngine(config, models, calibrated=contender.calibrated, around=self._meter.around)

    def read(self, page: Image, number: int) -> None:
        before = dict(self._meter.seconds)
        started = time.process_time()
        (result,) = self._engine.recognize([page])
        self._seconds[number] += time.process_time() - started
        if number == 0:
            self._read.append(result)
            return
        for part, seconds in self._meter.seconds.items():
            self._parts[part] += seconds - before[part]

    def result(self, pages: int) -> Measured:
        info = self._engine.info
        self._engine.close()
        cost = Cost(
            first=self._seconds[0] / pages,
            page=self._seconds[-1] / pages,
            det=self._parts["det"] / pages,
            rec=self._parts["rec"] / pages,
        )
        return Measured(info.runtime, info.precision, tuple(self._read), cost)
