"""What the box and the parsed answers of decoders cost: CPU milliseconds a page, and a child's start.

    python benchmarks/box.py FILE... [--rounds N]

Each round goes through the files with `decode.sandbox` auto, then off, so that a busy machine slows both
alike. CPU time is this process's and its child's together.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import psutil

from actors.decoding.child import Decoder
from actors.settings import DecodeConfig


def cpu_s(decoder: Decoder) -> float:
    """CPU seconds of this process and the decoder's child so far."""
    own = time.process_time()
    if decoder.pid is None:
        return own
    child = psutil.Process(decoder.pid).cpu_times()
    return own + child.user + child.system


def pages_cost(decoder: Decoder, files: list[bytes]) -> tuple[float, int]:
    """CPU seconds, and pages."""
    before, pages = cpu_s(decoder), 0
    for data in files:
        for _ in decoder.pages(data):
            pages += 1
    return cpu_s(decoder) - before, pages


def start_cost(settings: DecodeConfig) -> tuple[float, float]:
    """Wall and CPU seconds until a fresh child has answered."""
    began, own = time.perf_counter(), time.process_time()
    with Decoder(settings) as decoder:
        list(decoder.pages(b"no picture"))
        return time.perf_counter() - began, cpu_s(decoder) - own


def settings_of(sandbox: str) -> DecodeConfig:
    """The default, with this box; a release that has none is measured without."""
    known = "sandbox" in DecodeConfig.model_fields
    return DecodeConfig.model_validate({"sandbox": sandbox} if known else {})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    files = [path.read_bytes() for path in options.files]
    boxes = ("auto", "off")
    decoders = {name: Decoder(settings_of(name)) for name in boxes}
    for decoder in decoders.values():
        pages_cost(decoder, files)
    a_page: dict[str, list[float]] = {name: [] for name in boxes}
    start: dict[str, list[tuple[float, float]]] = {name: [] for name in boxes}
    for _ in range(options.rounds):
        for name, decoder in decoders.items():
            seconds, pages = pages_cost(decoder, files)
            a_page[name].append(seconds / pages * 1000)
            start[name].append(start_cost(settings_of(name)))
    for name in boxes:
        walls, cpus = zip(*start[name], strict=True)
        page = f"{statistics.median(a_page[name]):.2f} CPU ms a page (least {min(a_page[name]):.2f})"
        begin = (
            f"{statistics.median(walls):.3f} s, {statistics.median(cpus):.3f} CPU s (least {min(cpus):.3f})"
        )
        print(f"sandbox {name}: {page}; start {begin}")
    for decoder in decoders.values():
        decoder.close()


if __name__ == "__main__":
    main()
