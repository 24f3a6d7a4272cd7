"""The process that runs one target until its time is over, or until a finding ends it.

With atheris the coverage of our own Python leads the mutations. Where it has no wheel, hypothesis changes
bytes of the seeds; it is slower to get deep, and knows what it has tried as well.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import time
import warnings
from importlib import util
from pathlib import Path

_MOST_BYTES = 1 << 16
_INPUT_TIMEOUT_S = 20
_MEMORY_MB = 2560
"""What one input may take, the libraries among it: what a decoder's process may in a run, and 30 % more."""

_ROOMS = ("actors", "pipelines", "rayocr")


def main(name: str, seconds: float, corpus: Path, found: Path) -> None:
    """Fuzz one target. A finding is written below `found`; the process then ends with a status of its own."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    if util.find_spec("atheris"):
        _with_atheris(name, seconds, corpus, found)
    else:
        _with_hypothesis(name, seconds, corpus, found)


def _with_atheris(name: str, seconds: float, corpus: Path, found: Path) -> None:
    import atheris

    with atheris.instrument_imports(include=list(_ROOMS)):
        from tests.fuzz.targets import target

        check = target(name).check
        for seed in target(name).seeds():
            check(seed)  # imports what is imported late, so that it is instrumented, too
    options = [f"-max_total_time={max(1, round(seconds))}", f"-max_len={_MOST_BYTES}", "-verbosity=0"]
    options += [f"-timeout={_INPUT_TIMEOUT_S}", f"-rss_limit_mb={_MEMORY_MB}", "-print_final_stats=1"]
    options += [f"-artifact_prefix={found}/", "-detect_leaks=0"]
    atheris.Setup([sys.argv[0], str(corpus), *options], check)
    atheris.Fuzz()


def _with_hypothesis(name: str, seconds: float, corpus: Path, found: Path) -> None:
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st

    from tests.fuzz.targets import target

    resource.setrlimit(resource.RLIMIT_AS, (4 * _MEMORY_MB << 20, resource.RLIM_INFINITY))
    check = target(name).check
    seeds = [path.read_bytes() for path in sorted(corpus.iterdir())]
    places = st.tuples(st.integers(0, _MOST_BYTES), st.integers(0, 3), st.binary(max_size=8))
    current = found / "underway"
    end = time.monotonic() + seconds

    @settings(
        max_examples=500,
        database=None,
        deadline=_INPUT_TIMEOUT_S * 1000,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(seeds), st.lists(places, max_size=6))
    def run(seed: bytes, changes: list[tuple[int, int, bytes]]) -> None:
        data = mutated(seed, changes)
        current.write_bytes(data)  # a crash of native code leaves nothing else behind
        check(data)

    count = 0
    while time.monotonic() < end:
        run()
        count += 500
    current.unlink(missing_ok=True)
    print(f"stat::number_of_executed_units: {count}", file=sys.stderr)


def mutated(seed: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """The seed after changes (place, kind, bytes): overwritten, put in, taken out, or cut off there."""
    data = bytearray(seed)
    for place, kind, new in changes:
        at = place % (len(data) + 1)
        if kind == 0:
            data[at : at + len(new)] = new
        elif kind == 1:
            data[at:at] = new
        elif kind == 2:
            del data[at : at + len(new)]
        elif place % 7 == 0:
            del data[at:]
    return bytes(data)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
    os._exit(0)  # native threads of a decoder must not delay the end
