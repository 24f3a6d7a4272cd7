"""Cutting: files as one archive, in parts of bounded size, the same bytes for the same files."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from actors.errors import ConfigError
from pipelines.bundle.install import Entry, sha256_of

MOST_PARTS = 999
_NAME = "rayocr-bundle.part-{:03d}"
_BLOCK = tarfile.BLOCKSIZE


def part_name(number: int) -> str:
    """The name of a part, from 1: names sort as the parts follow."""
    return _NAME.format(number)


class PartWriter(io.RawIOBase):
    """A stream that is written into files of at most `size` bytes. Every part but the last is full."""

    def __init__(self, folder: Path, size: int) -> None:
        self._folder = folder
        self._size = size
        self._file: io.BufferedWriter | None = None
        self._room = 0
        self._digest = hashlib.sha256()
        self.parts: list[Entry] = []
        """Those that are complete."""

    def writable(self) -> bool:
        """It is there to be written."""
        return True

    def write(self, data: Any) -> int:
        """Write all of it, into as many parts as it takes."""
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view):
            file = self._current()
            piece = view[done : done + self._room]
            file.write(piece)
            self._digest.update(piece)
            self._room -= len(piece)
            done += len(piece)
        return done

    def close(self) -> None:
        """Complete the last part."""
        self._finish()
        super().close()

    def _current(self) -> io.BufferedWriter:
        if self._file is None or self._room == 0:
            self._finish()
            self._file = (self._folder / part_name(len(self.parts) + 1)).open("xb")
            self._room = self._size
            self._digest = hashlib.sha256()
        return self._file

    def _finish(self) -> None:
        if self._file is None:
            return
        size = self._file.tell()
        name = Path(self._file.name).name
        self._file.close()
        self._file = None
        self.parts.append(Entry(name, size, self._digest.hexdigest()))


def entries_of(files: Iterable[tuple[str, Path]]) -> tuple[Entry, ...]:
    """Size and SHA-256 of each file, sorted by name. `files`: name in the archive, and where it is."""
    return tuple(Entry(name, path.stat().st_size, sha256_of(path)) for name, path in sorted(files))


def check_size(entries: Iterable[Entry], size: int) -> None:
    """Raises ConfigError if the files would make more parts than names can count."""
    total = sum(_BLOCK + -(-entry.bytes // _BLOCK) * _BLOCK for entry in entries) + tarfile.RECORDSIZE
    count = -(-total // size)
    if count > MOST_PARTS:
        raise ConfigError(
            f"Parts of {size:,} bytes are too small.",
            f"{total / 1e6:,.0f} MB would be {count:,} of them, and there may be {MOST_PARTS}.",
            f"--parts {-(-total // MOST_PARTS // 1_000_000)}M, or more",
        )


def write_parts(files: Iterable[tuple[str, Path]], folder: Path, size: int) -> tuple[Entry, ...]:
    """Write the files as a tar archive in parts: sorted, without times, owners or modes of their own."""
    writer = PartWriter(folder, size)
    with writer, tarfile.open(fileobj=writer, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for name, path in sorted(files):
            member = tarfile.TarInfo(name)
            member.size = path.stat().st_size
            member.mode = 0o644
            with path.open("rb") as file:
                archive.addfile(member, file)
    return tuple(writer.parts)
