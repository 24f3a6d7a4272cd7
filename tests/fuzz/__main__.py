"""Fuzz one target, or all: each in a process of its own, since a finding may end it.

    python -m tests.fuzz TARGET|all [--seconds N] [--jobs N] [--corpus FOLDER] [--found FOLDER]

The seconds are shared among the targets. Ends with 1 if there is a finding: its bytes are in the folder
`found`, and `python -m tests.fuzz TARGET --replay FILE` shows it again.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.cli import ROOT
from tests.fuzz.targets import target, targets

_SLACK_S = 120.0
"""Beyond its time: imports, and the one input that is underway. A process that takes longer hangs."""


def main() -> int:
    """The command."""
    told = _arguments()
    names = list(targets()) if told.target == "all" else [told.target]
    if told.replay:
        target(told.target).check(told.replay.read_bytes())
        print(f"{told.target}: no finding in {told.replay}")
        return 0
    run = partial(_fuzz, seconds=told.seconds * told.jobs / len(names), corpus=told.corpus, found=told.found)
    with ThreadPoolExecutor(told.jobs) as pool:
        well = list(pool.map(run, names))
    return 0 if all(well) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz one target, or all.")
    parser.add_argument("target", choices=[*targets(), "all"])
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together (60)")
    parser.add_argument("--jobs", type=int, default=1, help="targets at once (1)")
    parser.add_argument("--corpus", type=Path, help="folder to keep inputs in that reach something new")
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"), help="folder for findings")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="give the target this input alone")
    return parser.parse_args()


def _fuzz(name: str, seconds: float, corpus: Path | None, found: Path) -> bool:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        inputs = (corpus or Path(scratch)).absolute() / name
        results = found.absolute() / name
        inputs.mkdir(parents=True, exist_ok=True)
        results.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(target(name).seeds()):
            (inputs / f"seed-{number}").write_bytes(seed)
        command = [sys.executable, "-m", "tests.fuzz.worker", name, str(seconds), str(inputs), str(results)]
        try:
            answer = subprocess.run(
                command,
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=seconds + _SLACK_S,
                check=False,
            )
            status, words = answer.returncode, answer.stderr.decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            status, words = 1, "it does not end"
    count = re.search(r"number_of_executed_units: (\d+)", words)
    print(
        f"{name}: {count[1] if count else '?'} inputs, {'well' if status == 0 else 'A FINDING'}", flush=True
    )
    if status:
        print(words[-4000:], flush=True)
    elif not any(results.iterdir()):
        results.rmdir()
    return status == 0


if __name__ == "__main__":
    sys.exit(main())
