"""Whole runs from files: `rayocr run --runner ray`, with one, two or four engines on a card."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.card.watch import first_card, watched

ROOT = Path(__file__).resolve().parents[2]
_TIMEOUT_S = 3600.0


class RunFailedError(Exception):
    """A run did not end as it should; the message says how."""


@dataclass(frozen=True)
class Run:
    """A run. `engines`: at once, on one card; `busy`: share of the time in which the card computed, from its
    first moment of work to the last, None where unknown; `memory_mb`: most that was taken of it, 0 where
    unknown; `own_mb`: most that each engine took, as the run's summary has it."""

    set: str
    variant: str
    engines: int
    share: float
    pages: int
    seconds: float
    startup_s: Mapping[str, float]
    busy: float | None
    memory_mb: int
    own_mb: tuple[int, ...]

    @property
    def pages_per_s(self) -> float:
        """Pages a second, start-up aside."""
        return self.pages / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class RunOrder:
    """What to run: `settings` of the engine; so many engines, each with its share of the card (on a CPU there
    is none)."""

    set: str
    variant: str
    settings: Mapping[str, Any]
    engines: int
    batch_pages: int

    @property
    def on_card(self) -> bool:
        """Whether engines compute on a card."""
        return self.settings.get("device") == "gpu"

    @property
    def share(self) -> float:
        """Of a card, for each engine."""
        return 1 / self.engines if self.on_card else 0.0

    def command(self, folder: Path, output: Path) -> list[str]:
        """The command line."""
        settings = {f"engine.{name}": value for name, value in self.settings.items()}
        settings["resources.batch_pages"] = self.batch_pages
        if self.on_card:
            settings["resources.gpus_per_actor"] = f"{self.share:g}"
        else:
            settings |= {"resources.actors": self.engines, "resources.cpus_per_actor": 0.25}
        command = [sys.executable, "-m", "rayocr", "run", "-i", str(folder), "-o", str(output), "-q"]
        command += ["--runner", "ray"]
        for name, value in settings.items():
            command += ["--set", f"{name}={str(value).lower() if isinstance(value, bool) else value}"]
        return command


def repeat(files: Sequence[Path], folder: Path, count: int) -> Path:
    """A folder of so many pages: these, again and again under names of their own."""
    folder.mkdir(parents=True)
    for number in range(count):
        source = files[number % len(files)]
        shutil.copyfile(source, folder / f"{number:06}{source.suffix}")
    return folder


def run(order: RunOrder, folder: Path, output: Path) -> Run:
    """Run it, and read its summary. Raises RunFailedError."""
    shutil.rmtree(output, ignore_errors=True)
    kept = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    with watched(first_card() if order.on_card else None) as seen:
        done = subprocess.run(
            order.command(folder, output),
            capture_output=True,
            text=True,
            env={**kept, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            timeout=_TIMEOUT_S,
            check=False,
        )
    summaries = list((output / "runs").glob("*.json"))
    if done.returncode or len(summaries) != 1:
        said = " ".join(done.stderr.split())[:300]
        raise RunFailedError(f"exit code {done.returncode}: {said}")
    told = json.loads(summaries[0].read_text("utf-8"))
    planned = told["plan"]["actors"]["value"]
    if planned != order.engines:
        raise RunFailedError(f"the plan had {planned} engines: {told['plan']['actors']['reason']}")
    return Run(
        set=order.set,
        variant=order.variant,
        engines=order.engines,
        share=order.share,
        pages=told["new_pages"],
        seconds=told["recognising_s"],
        startup_s=told["startup_s"],
        busy=seen.mean_busy(),
        memory_mb=seen.memory_mb,
        own_mb=tuple(use["peak_mb"] for use in told["cards"]),
    )
