"""One engine on decoded pages in memory: a process of its own, which reads, times, and says what it read.

python -m benchmarks.card.reader JSON      # an Order; the last line of what it prints is a list of Passes
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchmarks.card.watch import first_card, watched
from benchmarks.peers.adapter import Channel, describe, options

if TYPE_CHECKING:
    from actors.contracts import Image, OcrEngine, PageResult
    from actors.runtimes.contracts import Array, Floats, Session
    from actors.settings import EngineConfig


@dataclass(frozen=True)
class Order:
    """What to read: `settings` of an engine; page files by set; for how many seconds after the first pass
    (0: no longer), how many pages at once."""

    settings: Mapping[str, Any]
    sets: Mapping[str, Sequence[str]]
    seconds: float
    batch_pages: int


@dataclass(frozen=True)
class ReadPage:
    """A page's lines as text and polygon, in the engine's order; `error` where it failed."""

    texts: list[str]
    polygons: list[list[list[float]]]
    error: str | None = None


@dataclass(frozen=True)
class Pass:
    """One engine on one set. `first_s`: a page of the first pass, in which every shape is new; then `pages`
    in `seconds`, and of these by stage in `stages`; `busy`: share of that time in which the card computed,
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
    busy: float | None
    memory_mb: int
    read: Mapping[str, ReadPage]

    @property
    def pages_per_s(self) -> float:
        """Pages a second once shapes are known; of the first pass if that was all."""
        if self.pages:
            return self.pages / self.seconds
        return 1 / self.first_s if self.first_s else 0.0


@dataclass
class Stages:
    """Seconds of each model, from handing it a batch to having its output here."""

    seconds: dict[str, float] = field(default_factory=dict)

    def around(self, part: Literal["det", "rec"], session: Session) -> Session:
        """The session, timed."""
        self.seconds[part] = 0.0
        return _Timed(part, session, self)

    def restart(self) -> None:
        """From here on."""
        self.seconds = dict.fromkeys(self.seconds, 0.0)


class _Timed:
    """See Session."""

    def __init__(self, part: str, session: Session, stages: Stages) -> None:
        self._part, self._session, self._stages = part, session, stages

    def run(self, batch: Floats) -> tuple[Array, ...]:
        began = time.perf_counter()
        try:
            return self._session.run(batch)
        finally:
            self._stages.seconds[self._part] += time.perf_counter() - began

    def release(self) -> None:
        self._session.release()


def read(order: Order) -> list[Pass]:
    """Build the engine, and read all sets with it."""
    from actors.settings import EngineConfig
    from actors.threads import limit_threads

    config = EngineConfig.model_validate(dict(order.settings))
    limit_threads(config.threads or 1)
    stages = Stages()
    began = time.perf_counter()
    engine = _build(config, stages)
    start_s = time.perf_counter() - began
    try:
        return [_read_set(engine, order, name, stages, start_s) for name in order.sets]
    finally:
        engine.close()


def _build(config: EngineConfig, stages: Stages) -> OcrEngine:
    from actors.engines import build_engine
    from actors.settings import ModelsConfig

    if config.engine != "fast":
        return build_engine(config)
    from actors.engines.fast.engine import FastEngine

    return FastEngine(config, ModelsConfig(), around=stages.around)


def _read_set(engine: OcrEngine, order: Order, name: str, stages: Stages, start_s: float) -> Pass:
    files = order.sets[name]
    began = time.perf_counter()
    pages = [_decoded(Path(file)) for file in files]
    decoded = time.perf_counter()
    batches = full_batches(pages, order.batch_pages)
    results = [result for batch in batches for result in engine.recognize(batch)]
    first_s = (time.perf_counter() - decoded) / len(results)
    stages.restart()
    with watched(first_card() if engine.info.device == "gpu" else None) as seen:
        count, took = _for_a_while(engine, batches, order.seconds)
    return Pass(
        set=name,
        runtime=engine.info.runtime,
        precision=engine.info.precision,
        start_s=start_s,
        decode_s=(decoded - began) / len(pages),
        first_s=first_s,
        pages=count,
        seconds=took,
        stages=_with_rest(stages.seconds, took),
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


def _with_rest(models: Mapping[str, float], took: float) -> dict[str, float]:
    """What no model took is the engine's own: resizing, boxes, crops, text."""
    return {**models, "rest": took - sum(models.values())} if models else {}


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
