"""Random schedules, or each fault at each call: `python -m tests.simulation [--every-call] [--jobs 2]`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence

from tests.simulation.many import Done, every_call, seeds
from tests.simulation.systematic import everything

_CHUNK = 100
_REPORT_S = 10.0


def main() -> int:
    """Run them, say how far it is, and show the trace of the first that breaks a law."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--every-call", action="store_true", help="small jobs, each fault at each call")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    if options.every_call:
        return _report(every_call, list(everything()), options.jobs)
    last = options.seed + options.schedules
    chunks = [range(start, min(start + _CHUNK, last)) for start in range(options.seed, last, _CHUNK)]
    return _report(seeds, chunks, options.jobs)


def _report(work: Callable[..., Done], parts: Sequence[object], jobs: int) -> int:
    began = reported = time.monotonic()
    done, failed = 0, 0
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for number, (count, failures) in enumerate(pool.imap_unordered(work, parts), 1):
            done += count
            for name, trace in failures:
                print(name if failed else f"{name}\n{trace}", flush=True)
                failed += 1
            if time.monotonic() - reported > _REPORT_S or number == len(parts):
                reported = time.monotonic()
                rate = done / (reported - began)
                print(f"{done:,} schedules, {failed} failed, {rate:.0f} a second", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
