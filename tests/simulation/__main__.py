"""Run random schedules: `python -m tests.simulation --schedules 100000 [--seed 0] [--jobs 2]`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterable

from tests.simulation.schedule import run_seed
from tests.simulation.world import LawError, simulated

_CHUNK = 100
_REPORT_S = 10.0


def main() -> int:
    """Run them, say how far it is, and show the trace of the first that breaks a law."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    last = options.seed + options.schedules
    chunks = [range(start, min(start + _CHUNK, last)) for start in range(options.seed, last, _CHUNK)]
    began = reported = time.monotonic()
    done, failed = 0, 0
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        for count, failures in pool.imap_unordered(_run, chunks):
            done += count
            for seed, trace in failures:
                print(f"seed {seed}" if failed else f"seed {seed}\n{trace}", flush=True)
                failed += 1
            if time.monotonic() - reported > _REPORT_S or done == options.schedules:
                reported = time.monotonic()
                rate = done / (reported - began)
                print(f"{done:,} schedules, {failed} failed, {rate:.0f} a second", flush=True)
    return 1 if failed else 0


def _run(seeds: Iterable[int]) -> tuple[int, list[tuple[int, str]]]:
    count, failures = 0, []
    with simulated():
        for seed in seeds:
            count += 1
            try:
                run_seed(seed)
            except LawError as error:
                failures.append((seed, str(error)))
    return count, failures


if __name__ == "__main__":
    sys.exit(main())
