"""Readings that are kept in a folder, so that a system need not read a sheet again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.rendered_numbers.match import Line
from benchmarks.rendered_numbers.sheets import Sheet


def name_of(sheet: Sheet) -> str:
    """A sheet's identity: its pixels."""
    content = sheet.pixels.tobytes() + repr(sheet.pixels.shape).encode()
    return hashlib.sha256(content).hexdigest()[:32]


class Readings:
    """Lines by sheet. With a folder they are in one file a system, whose name tells its identity, too.

    {folder}/{system}-{first digits of the SHA-256 of `identity`}.jsonl: one sheet a line.
    """

    def __init__(self, folder: Path | None, system: str, identity: str) -> None:
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        self._file = folder / f"{system}-{digest}.jsonl" if folder else None
        self._lines = _load(self._file)

    def __contains__(self, name: str) -> bool:
        return name in self._lines

    def __getitem__(self, name: str) -> list[Line]:
        return self._lines[name]

    def add(self, found: Mapping[str, list[Line]]) -> None:
        """Keep what was read on some sheets, at once."""
        self._lines |= found
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as target:
            target.writelines(_told(name, lines) for name, lines in found.items())


def _told(name: str, lines: Sequence[Line]) -> str:
    listed = [(line.text, line.score, [round(value, 2) for value in line.polygon]) for line in lines]
    return json.dumps({"sheet": name, "lines": listed}, ensure_ascii=False) + "\n"


def _load(file: Path | None) -> dict[str, list[Line]]:
    """Readings of before; the last line of a run that was ended may be torn, and is left out."""
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
