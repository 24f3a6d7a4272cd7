"""Numbers on rendered sheets as engines on a card read them (benchmarks/numbers.py), each in a process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.card.judge import STOCK, Target

if TYPE_CHECKING:
    from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
_TIMEOUT_S = 3600.0


@dataclass(frozen=True)
class NumbersOrder:
    """What to read. `engines`: settings by name, stock's among them; `numbers`: how many, at least."""

    model: str
    device: str
    threads: int
    numbers: int
    engines: Mapping[str, Mapping[str, Any]]

    def command(self, names: Sequence[str], folder: Path) -> list[str]:
        """The benchmark with some of the engines; what they read is kept in the folder, and taken from it."""
        ours = [name for name in names if name != STOCK]
        options = {
            "--systems": ",".join([*(["fast"] if ours else []), *([STOCK] if STOCK in names else [])]),
            "--model": self.model,
            "--device": self.device,
            "--threads": str(self.threads),
            "--items": str(self.numbers),
            "--cache": str(folder),
            "--keep": ",".join(names),
            "--output": str(folder / "numbers.json"),
        }
        settings = [
            f"{name}:{','.join(f'{key}={value}' for key, value in self.engines[name].items())}"
            for name in ours
        ]
        return [
            *(sys.executable, "benchmarks/numbers.py"),
            *(part for pair in options.items() for part in pair),
            *(part for text in settings for part in ("--fast", text)),
        ]


def measure(order: NumbersOrder, folder: Path, leave_out: Callable[[str, str], None]) -> dict[str, Any]:
    """The tree that the benchmark writes, of all engines that could read; empty if none could."""
    able = []
    for name in order.engines:
        error = _run(order.command([name], folder))
        if error:
            leave_out(f"{name}, rendered numbers", error)
        else:
            able.append(name)
    if not able or _run(order.command(able, folder)):
        return {}
    found: dict[str, Any] = json.loads((folder / "numbers.json").read_text("utf-8"))
    return found


def _run(command: Sequence[str]) -> str:
    """Why it failed, in a line; empty where it did not."""
    done = subprocess.run(
        command,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        timeout=_TIMEOUT_S,
        check=False,
    )
    last = done.stderr.strip().rpartition("\n")[2]
    return (last or f"its process ended with {done.returncode}") if done.returncode else ""


def targets(tree: Mapping[str, Any]) -> list[Target]:
    """What was asked of each engine of ours, and whether it holds."""
    return [
        Target(
            f"rendered numbers, {one['system']}: {one['target']}",
            *(one[name] for name in ("asked", "measured", "held")),
        )
        for one in tree.get("targets", ())
    ]


def table(tree: Mapping[str, Any]) -> Table:
    """One row an engine."""
    from rich.table import Table

    items = tree["items"]
    title = f"{items['numbers']} numbers and {items['words']} words on {tree['sheets']} rendered sheets"
    found = Table("engine", title=title, title_justify="left")
    for name in (
        "numbers exact",
        "equal neighbors",
        "clean",
        "CER of words",
        "of stock's lost",
        "failed sheets",
    ):
        found.add_column(name, justify="right")
    for system, row in tree["systems"].items():
        against = tree["against_stock"].get(system)
        shares = (f"{row[name]:.4f}" for name in ("numbers", "numbers_equal", "numbers_clean", "words_cer"))
        lost = f"{against['lost']} of {against['read_by_stock']}" if against else "-"
        found.add_row(f"{system} ({row['is']})", *shares, lost, str(row["faults"]))
    return found
