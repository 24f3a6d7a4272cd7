"""Run `rayocr` as a user does: the command, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def rayocr(
    *arguments: str | Path, timeout: float = 180, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return it, with what it printed."""
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=timeout,
        env=environ(**environment),
        check=False,
        cwd=ROOT,
    )


def start(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Start a command and return it running."""
    return subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ(**environment),
        cwd=ROOT,
    )


def command(*arguments: str | Path) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "rayocr", *map(str, arguments)]


def environ(**extra: str) -> dict[str, str]:
    """The environment of a command: ours, with the checkout importable and no Ray of somebody else."""
    kept = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    return {**kept, "PYTHONPATH": str(ROOT), **extra}


def rows(output: Path, columns: list[str] | None = None) -> list[dict[str, Any]]:
    """The rows of an output, by key and page."""
    import pyarrow.parquet as pq

    files = sorted((output / "pages").glob("*.parquet"))
    found = [row for file in files for row in pq.read_table(file, columns=columns).to_pylist()]
    return sorted(found, key=lambda row: (row.get("key", ""), row.get("page_index", 0)))
