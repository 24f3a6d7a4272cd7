"""Adapters as processes: start them, hand pages round, end them."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from benchmarks.peers.systems import CannotRunError, System, interpreter

ROOT = Path(__file__).parent.parent.parent
START_TIMEOUT_S = 300.0
PAGE_TIMEOUT_S = 180.0
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OMP_THREAD_LIMIT",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)


@dataclass(frozen=True)
class Read:
    """What came of one page."""

    text: str
    lines: Sequence[Sequence[Sequence[float]]]
    error: str | None


@dataclass(frozen=True)
class Turn:
    """What one turn of a system came to. `busy_s`: wall seconds of its processes, added up."""

    pages: Mapping[Path, Read]
    measured: int
    cpu_s: float
    busy_s: float
    start_cpu_s: float = 0.0
    start_wall_s: float = 0.0


class AdapterError(Exception):
    """An adapter ended, or hung and was ended, in the middle of its work."""


class Adapter:
    """One adapter process. It is killed when it does not answer in time."""

    def __init__(self, system: System, options: Mapping[str, Any]) -> None:
        """Raises CannotRunError."""
        threads = str(options["threads"])
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        self._process = subprocess.Popen(
            [
                interpreter(system),
                "-m",
                f"benchmarks.peers.{system.adapter}",
                json.dumps({**system.options, **options}),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            env=os.environ | dict.fromkeys(_THREAD_VARIABLES, threads),
        )
        self.peak_rss_mb = 0.0
        try:
            self.introduction = self._answer(START_TIMEOUT_S)
        except AdapterError as error:
            self.close()
            raise CannotRunError(str(error)) from None

    def read(self, pages: Sequence[Path]) -> dict[str, Any]:
        """The adapter's answer to a request. Raises AdapterError."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"pages": [str(page) for page in pages]}) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise AdapterError(self._last_words()) from None
        answer = self._answer(PAGE_TIMEOUT_S * len(pages))
        self.peak_rss_mb = max(self.peak_rss_mb, answer["peak_rss_mb"])
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.close()
            self._process.wait(30)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _answer(self, timeout_s: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        timer = threading.Timer(timeout_s, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            self._process.wait()
            raise AdapterError(self._last_words())
        found: dict[str, Any] = json.loads(line)
        return found

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1].strip()[:300] if lines else f"ended with code {self._process.poll()}"


class Pool:
    """All processes of one system, each with its threads; they take pages from one queue."""

    def __init__(self, system: System, processes: int, options: Mapping[str, Any], warm: Path) -> None:
        """Start and warm up, one process after the other. Raises CannotRunError."""
        self.system = system
        self._options, self._warm = options, warm
        self._adapters: list[Adapter] = []
        self._peaks = [0.0] * processes
        try:
            for _ in range(processes):
                self._adapters.append(self._start())
        except CannotRunError:
            self.close()
            raise
        self.introduction = self._adapters[0].introduction

    @property
    def peak_rss_mb(self) -> float:
        """Peak resident memory, added up over the processes."""
        now = (adapter.peak_rss_mb for adapter in self._adapters)
        return sum(max(before, peak) for before, peak in zip(self._peaks, now, strict=True))

    def turn(self, pages: Sequence[Path], batch: int) -> Turn:
        """Read pages, `batch` at a time, with all processes."""
        items: queue.SimpleQueue[Sequence[Path]] = queue.SimpleQueue()
        for start in range(0, len(pages), batch):
            items.put(pages[start : start + batch])
        turns: list[Turn] = []
        threads = [
            threading.Thread(target=self._work, args=(number, items, turns))
            for number in range(len(self._adapters))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return add(turns)

    def close(self) -> None:
        """End all processes."""
        for adapter in self._adapters:
            adapter.close()

    def _start(self) -> Adapter:
        adapter = Adapter(self.system, self._options)
        try:
            adapter.read([self._warm])
        except AdapterError as error:
            adapter.close()
            raise CannotRunError(f"failed on the warm-up page: {error}") from None
        return adapter

    def _work(self, number: int, items: queue.SimpleQueue[Sequence[Path]], turns: list[Turn]) -> None:
        while True:
            try:
                pages = items.get_nowait()
            except queue.Empty:
                return
            turns.append(self._read(number, pages))

    def _read(self, number: int, pages: Sequence[Path]) -> Turn:
        """One request. An adapter that ends costs these pages, and is started again."""
        try:
            answer = self._adapters[number].read(pages)
        except AdapterError as error:
            self._restart(number)
            return Turn({page: Read("", [], str(error)) for page in pages}, 0, 0.0, 0.0)
        found = {
            Path(page["file"]): Read(page["text"], page["lines"], page["error"]) for page in answer["pages"]
        }
        start = (answer.get("start_cpu_s", 0.0), answer.get("start_wall_s", 0.0))
        return Turn(found, len(found), answer["cpu_s"], answer["wall_s"], *start)

    def _restart(self, number: int) -> None:
        """One that does not start is tried again with the next pages."""
        ended = self._adapters[number]
        self._peaks[number] = max(self._peaks[number], ended.peak_rss_mb)
        try:
            self._adapters[number] = self._start()
        except CannotRunError as error:
            print(f"{self.system.name}: {error}", file=sys.stderr)
            return
        ended.close()


def add(turns: Sequence[Turn]) -> Turn:
    """Several turns as one; the pages of a later one replace those of an earlier one."""
    pages: dict[Path, Read] = {}
    for turn in turns:
        pages.update(turn.pages)
    return Turn(
        pages,
        sum(turn.measured for turn in turns),
        sum(turn.cpu_s for turn in turns),
        sum(turn.busy_s for turn in turns),
        sum(turn.start_cpu_s for turn in turns),
        sum(turn.start_wall_s for turn in turns),
    )
