"""Readers of sheets: engines of this project in this process, and peers in processes of their own."""

from __future__ import annotations

import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.peers.processes import Adapter
from benchmarks.peers.systems import PEERS
from benchmarks.rendered_numbers.cache import Readings, name_of
from benchmarks.rendered_numbers.match import Line
from benchmarks.rendered_numbers.sheets import Sheet
from benchmarks.rendered_numbers.systems import HALF, System

if TYPE_CHECKING:
    from actors.contracts import OcrEngine, PageResult


@dataclass
class Reading:
    """What a system is, and what reading took: `cpu_s` of the `read_now` sheets that were not kept from
    before, of which `faults` failed; `strays`: lines that belong to no item, of all sheets."""

    system: str
    told: str
    cpu_s: float = 0.0
    read_now: int = 0
    faults: int = 0
    strays: int = 0


@dataclass(frozen=True)
class Batch:
    """What came of some sheets: lines, CPU seconds, and how many failed."""

    lines: list[list[Line]]
    cpu_s: float
    faults: int


class Reader(ABC):
    """A system that is started when the first sheet asks for it. Raises CannotRunError then."""

    def __init__(self, system: System, threads: int, kept: Path | None) -> None:
        self._system, self._threads = system, threads
        self.reading = Reading(system.name, self._told())
        self._readings = Readings(kept, system.name, self._identity())

    def read(self, sheets: Sequence[Sheet]) -> list[list[Line]]:
        """The lines of each sheet."""
        names = list(map(name_of, sheets))
        todo = {name: sheet for name, sheet in zip(names, sheets, strict=True) if name not in self._readings}
        if todo:
            found = self._read(list(todo.values()))
            self._readings.add(dict(zip(todo, found.lines, strict=True)))
            self.reading.cpu_s += found.cpu_s
            self.reading.read_now += len(todo)
            self.reading.faults += found.faults
        return [self._readings[name] for name in names]

    @abstractmethod
    def _told(self) -> str:
        """The system in a few words."""

    @abstractmethod
    def _identity(self) -> str:
        """All that changes what it reads."""

    @abstractmethod
    def _read(self, sheets: Sequence[Sheet]) -> Batch: ...

    @abstractmethod
    def close(self) -> None:
        """Give back what was started."""


class EngineReader(Reader):
    """An engine of `actors.engines`, in this process."""

    _engine: OcrEngine | None = None

    def _told(self) -> str:
        from actors.engines import describe_engine
        from actors.settings import EngineConfig

        settings = {name: value for name, value in self._system.settings.items() if name != HALF}
        self._config = EngineConfig.model_validate({**settings, "threads": self._threads})
        self._info = describe_engine(self._config)
        if HALF in self._system.settings:
            return "fast, onnxruntime, float16 emulated"
        return f"{self._info.engine}, {self._info.runtime}, {self._info.precision}"

    def _identity(self) -> str:
        info = self._info
        weights, settings = (sorted(tree.items()) for tree in (info.weights, info.settings))
        emulated = self._system.settings.get(HALF)
        return repr((info.version, info.runtime, info.precision, weights, settings, emulated, info.device))

    def _read(self, sheets: Sequence[Sheet]) -> Batch:
        if self._engine is None:
            self._engine = self._build()
        started = time.process_time()
        results = self._engine.recognize([sheet.pixels for sheet in sheets])
        cpu_s = time.process_time() - started
        lines = [_lines(result, sheet) for sheet, result in zip(sheets, results, strict=True)]
        return Batch(lines, cpu_s, sum(result.fault is not None for result in results))

    def _build(self) -> OcrEngine:
        from actors.engines import build_engine
        from actors.threads import limit_threads

        limit_threads(self._threads)
        if HALF in self._system.settings:
            from benchmarks.rendered_numbers.half import build_emulated

            return build_emulated(self._config)
        return build_engine(self._config)

    def close(self) -> None:
        """See Reader."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None


class PeerReader(Reader):
    """A peer of `benchmarks/peers`, in its own environment."""

    _adapter: Adapter | None = None

    def _told(self) -> str:
        assert self._system.peer is not None
        return f"{self._system.peer.environment}, as in compare.py"

    def _identity(self) -> str:
        peer = self._system.peer
        assert peer is not None
        return repr((peer.options, (PEERS / f"{peer.environment}.txt").read_text()))

    def _read(self, sheets: Sequence[Sheet]) -> Batch:
        from PIL import Image

        assert self._system.peer is not None
        if self._adapter is None:
            self._adapter = Adapter(self._system.peer, {"threads": self._threads, "lang": "en"})
        with tempfile.TemporaryDirectory(prefix="numbers-") as folder:
            files = [Path(folder) / f"{number}.png" for number in range(len(sheets))]
            for file, sheet in zip(files, sheets, strict=True):
                Image.fromarray(sheet.pixels).save(file, compress_level=1)
            answer = self._adapter.read(files)
        failed = sum(page["error"] is not None for page in answer["pages"])
        return Batch([_peer_lines(page) for page in answer["pages"]], answer["cpu_s"], failed)

    def close(self) -> None:
        """See Reader."""
        if self._adapter is not None:
            self._adapter.close()
            self._adapter = None


def reader_of(system: System, threads: int, kept: Path | None) -> Reader:
    """The reader of a system; `kept`: the folder of readings, where it is to use and keep them."""
    return (PeerReader if system.peer else EngineReader)(system, threads, kept)


def _peer_lines(page: dict[str, Any]) -> list[Line]:
    rows = zip(page["texts"], page["scores"], page["lines"], strict=True)
    return [
        Line(text, score, tuple(value for point in polygon for value in point))
        for text, score, polygon in rows
    ]


def _lines(result: PageResult, sheet: Sheet) -> list[Line]:
    height, width = sheet.pixels.shape[:2]
    return [
        Line(line.text, line.score, turned_back(line.polygon, result.rotation, width, height))
        for line in result.lines
    ]


def turned_back(polygon: tuple[float, ...], degrees: int, width: int, height: int) -> tuple[float, ...]:
    """A polygon of a page that was turned clockwise by so many degrees, on the page as it was given."""
    pairs = zip(polygon[::2], polygon[1::2], strict=True)
    if degrees == 90:
        moved = [(y, height - x) for x, y in pairs]
    elif degrees == 180:
        moved = [(width - x, height - y) for x, y in pairs]
    elif degrees == 270:
        moved = [(width - y, x) for x, y in pairs]
    else:
        return polygon
    return tuple(value for pair in moved for value in pair)
