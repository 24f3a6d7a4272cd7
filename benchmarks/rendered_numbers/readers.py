"""Systems that read sheets: engines of this project in this process, and the readings of before."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.rendered_numbers.match import Line
from benchmarks.rendered_numbers.sheets import Sheet

if TYPE_CHECKING:
    from actors.contracts import OcrEngine, PageResult

STOCK = "stock"
COMPAT = "compat"


@dataclass(frozen=True)
class System:
    """A reader's name and the settings of its engine (`actors.settings.EngineConfig`)."""

    name: str
    settings: Mapping[str, Any]
    is_fast: bool = False


@dataclass
class Reading:
    """What a system read: lines for each sheet, in the order of the sheets."""

    system: str
    told: str
    pages: list[list[Line]] = field(default_factory=list)
    cpu_s: float = 0.0
    read_now: int = 0
    faults: int = 0


class Reader:
    """An engine that is built when the first sheet asks for it; sheets that it read before come from a file.

    A file of readings is known by what the engine says of itself and by the pixels of each sheet.
    """

    def __init__(self, system: System, threads: int, cache: Path | None) -> None:
        from actors.engines import describe_engine
        from actors.settings import EngineConfig

        self._config = EngineConfig.model_validate({**system.settings, "threads": threads})
        info = describe_engine(self._config)
        self._engine: OcrEngine | None = None
        name = hashlib.sha256(
            repr(
                (info.version, info.runtime, info.precision, dict(info.weights), dict(info.settings))
            ).encode()
        ).hexdigest()[:16]
        self._file = cache / f"{system.name}-{name}.jsonl" if cache else None
        self._kept = _load(self._file)
        self.reading = Reading(system.name, f"{info.engine}, {info.runtime}, {info.precision}")

    def read(self, sheets: Sequence[Sheet]) -> None:
        """Read sheets and add what was found."""
        names = [
            hashlib.sha256(sheet.pixels.tobytes() + repr(sheet.pixels.shape).encode()).hexdigest()[:32]
            for sheet in sheets
        ]
        todo = [(name, sheet) for name, sheet in zip(names, sheets, strict=True) if name not in self._kept]
        if todo:
            self._read_now(todo)
        self.reading.pages += [self._kept[name] for name in names]
        if self._file is None:
            self._kept.clear()

    def close(self) -> None:
        """Give the engine back."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _read_now(self, todo: Sequence[tuple[str, Sheet]]) -> None:
        from actors.engines import build_engine

        if self._engine is None:
            self._engine = build_engine(self._config)
        started = time.process_time()
        results = self._engine.recognize([sheet.pixels for _, sheet in todo])
        self.reading.cpu_s += time.process_time() - started
        self.reading.read_now += len(todo)
        self.reading.faults += sum(result.fault is not None for result in results)
        found = {name: _lines(result, sheet) for (name, sheet), result in zip(todo, results, strict=True)}
        self._kept |= found
        if self._file is not None:
            _append(self._file, found)


def _lines(result: PageResult, sheet: Sheet) -> list[Line]:
    height, width = sheet.pixels.shape[:2]
    return [
        Line(line.text, line.score, _turned_back(line.polygon, result.rotation, width, height))
        for line in result.lines
    ]


def _turned_back(polygon: tuple[float, ...], degrees: int, width: int, height: int) -> tuple[float, ...]:
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


def _load(file: Path | None) -> dict[str, list[Line]]:
    """Readings of before; a line that was cut off is left out."""
    found: dict[str, list[Line]] = {}
    if file is None or not file.is_file():
        return found
    for text in file.read_text("utf-8").split("\n"):
        try:
            tree = json.loads(text)
        except json.JSONDecodeError:
            continue
        found[tree["sheet"]] = [Line(line[0], line[1], tuple(line[2])) for line in tree["lines"]]
    return found


def _append(file: Path, found: Mapping[str, Sequence[Line]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as target:
        for name, lines in found.items():
            listed = [(line.text, line.score, [round(value, 2) for value in line.polygon]) for line in lines]
            target.write(json.dumps({"sheet": name, "lines": listed}, ensure_ascii=False) + "\n")
