"""One engine on decoded pages in memory: a process of its own, which reads, times, and says what it read.

python -m benchmarks.card.reader JSON      # an Order; the last line of what it prints is a list of Passes
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from benchmarks.card.watch import first_card, watched
from benchmarks.peers.adapter import Channel, describe, options

if TYPE_CHECKING:
    from actors.contracts import Image, OcrEngine, PageResult
    from actors.engines.fast.stages import Stages
    from actors.settings import EngineConfig


@runtime_checkable
class Counted(Protocol):
    """An engine that counts its seconds by stage."""

    stages: Stages
    warm_up_s: float


@dataclass(frozen=True)
class Order:
    """What to read: `settings` of an engine; page files by set; for how many seconds after the first pass
    (0: no longer), how many pages at once. `as_on_card`: models get pages and lines at a card's sizes, on
    whatever they compute (our engine)."""

    settings: Mapping[str, Any]
    sets: Mapping[str, Sequence[str]]
    seconds: float
    batch_pages: int
    as_on_card: bool = False


@dataclass(frozen=True)
class ReadPage:
    """A page's lines as text and polygon, in the engine's order; `error` where it failed."""

    texts: list[str]
    polygons: list[list[list[float]]]
    error: str | None = None


@dataclass(frozen=True)
class Pass:
    """One engine on one set. `first_s`: a page of the first pass; then `pages` in `seconds`, and of these by
    stage in `stages` (by the clock, of all threads together) and in `cpu` (of CPUs; both empty where the
    engine does not count); `warm_up_s`: of `start_s`; `busy`: share of that time in which the card computed,
    None where unknown; `memory_mb`: most that was taken of it, 0 where unknown."""

    set: str
    runtime: str
    precision: str
    start_s: float
    decode_s: float
    first_s: float
    pages: int
    seconds: float
    stages: Mapping[str, float]
    cpu: Mapping[str, float]
    warm_up_s: float
    busy: float | None
    memory_mb: int
    read: Mapping[str, ReadPage]

    @property
    def pages_per_s(self) -> float:
        """Pages a second once shapes are known; of the first pass if that was all."""
        if self.pages:
            return self.pages / self.seconds
        return 1 / self.first_s if self.first_s else 0.0


def read(order: Order) -> list[Pass]:
    """Build the engine, and read all sets with it."""
    from actors.settings import EngineConfig
    from actors.threads import limit_threads

    config = EngineConfig.model_validate(dict(order.settings))
    limit_threads(config.threads or 1)
    began = time.perf_counter()
    engine = _build(config, order)
    start_s = time.perf_counter() - began
    try:
        return [_read_set(engine, order, name, start_s) for name in order.sets]
    finally:
        engine.close()


def _build(config: EngineConfig, order: Order) -> OcrEngine:
    from actors.engines import build_engine
    from actors.engines.fast.describe import choose
    from actors.engines.fast.engine import FastEngine
    from actors.engines.fast.options import pace_of
    from actors.settings import ModelsConfig

    if not order.as_on_card:
        return build_engine(config)
    return FastEngine(config, ModelsConfig(), pace=pace_of(choose(config).runtime, "gpu"))


def _read_set(engine: OcrEngine, order: Order, name: str, start_s: float) -> Pass:
    files = order.sets[name]
    began = time.perf_counter()
    pages = [_decoded(Path(file)) for file in files]
    decoded = time.perf_counter()
    batches = full_batches(pages, order.batch_pages)
    results = [result for batch in batches for result in engine.recognize(batch)]
    first_s = (time.perf_counter() - decoded) / len(results)
    if isinstance(engine, Counted):
        engine.stages.restart()
    with watched(first_card() if engine.info.device == "gpu" else None) as seen:
        count, took = _for_a_while(engine, batches, order.seconds)
    stages, cpu = _spent(engine)
    return Pass(
        set=name,
        runtime=engine.info.runtime,
        precision=engine.info.precision,
        start_s=start_s,
        decode_s=(decoded - began) / len(pages),
        first_s=first_s,
        pages=count,
        seconds=took,
        stages=stages,
        cpu=cpu,
        warm_up_s=engine.warm_up_s if isinstance(engine, Counted) else 0.0,
        busy=seen.mean_busy(),
        memory_mb=seen.memory_mb,
        read={file: _told(result) for file, result in zip(files, results, strict=False)},
    )


def _for_a_while(engine: OcrEngine, batches: Sequence[Sequence[Image]], seconds: float) -> tuple[int, float]:
    """The same batches round and round, so that no shape is new, until the time is over: how many pages, and
    seconds."""
    waiting, count, began = cycle(batches), 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        batch = next(waiting)
        engine.recognize(batch)
        count += len(batch)
    return count, time.perf_counter() - began


def _spent(engine: OcrEngine) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds by stage, by the clock and of CPUs."""
    spent = engine.stages.read() if isinstance(engine, Counted) else {}
    return (
        {stage: seconds.wall for stage, seconds in spent.items()},
        {stage: seconds.cpu for stage, seconds in spent.items()},
    )


def full_batches(pages: Sequence[Image], size: int) -> list[Sequence[Image]]:
    """All pages in batches of this size, the last one filled up with the first pages: a card is slower with
    few. One batch, if there are not enough for one."""
    if len(pages) <= size:
        return [pages]
    count = math.ceil(len(pages) / size)
    enough = list(islice(cycle(pages), count * size))
    return [enough[start : start + size] for start in range(0, len(enough), size)]


def _decoded(file: Path) -> Image:
    from actors.decode import decode_document
    from actors.settings import DecodeConfig

    page = next(iter(decode_document(file.read_bytes(), DecodeConfig())))
    if page.image is None:
        raise ValueError(f"{file.name} cannot be decoded: {page.fault}")
    return page.image


def _told(result: PageResult) -> ReadPage:
    polygons = [[[*pair] for pair in zip(*[iter(line.polygon)] * 2, strict=True)] for line in result.lines]
    error = f"{result.fault.code}: {result.fault.message}" if result.fault else None
    return ReadPage([line.text for line in result.lines], polygons, error)


def from_json(tree: Mapping[str, Any]) -> Pass:
    """A Pass as its process printed it."""
    return Pass(**{**tree, "read": {file: ReadPage(**page) for file, page in tree["read"].items()}})


def main() -> None:
    """See the module's own words. What libraries print goes to stderr."""
    channel = Channel()
    try:
        passes = read(Order(**options()))
    except Exception as error:  # noqa: BLE001 - the other side reports the last line of stderr
        sys.exit(describe(error))
    channel.send({"passes": [asdict(one) for one in passes]})


def parse(line: str) -> list[Pass]:
    """What `main` printed."""
    return [from_json(one) for one in json.loads(line)["passes"]]


if __name__ == "__main__":
    main()
