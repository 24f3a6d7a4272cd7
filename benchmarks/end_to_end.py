"""Whole runs against bare engines on all cores: pages a second of `rayocr run`, inline and with Ray.

    python benchmarks/end_to_end.py [--pages 200] [--rounds 1] [--set engine.charset=latin]

The bare engines are as many processes as cores, each with one thread and its share of the pages, decoding
included. Of the runs, the time counts from their first page, when start-up is over, to their last file in
the output. What they decoded before that is free to them (some pages inline; with Ray what decoders did
beside engines that were starting), and what no part of the start-up names, such as planning, counts against
them. Start-up is listed by part, and what comes after the last file (the proof, the end of Ray) beside it.
How steadily files reach the output is read off their times. Rounds begin with another side each; the ratios
are of medians. Pages are the labelled sets' (or the project's samples), repeated under other names.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import hardware  # noqa: E402

SETS = ("sroie", "funsd")
VERSIONS = ("rayocr", "onnxruntime", "openvino", "ray")
SIDES = ("bare", "inline", "ray")

BARE = """
import sys, time
from pathlib import Path
from actors.decode import decode_document
from actors.engines import build_engine
from actors.settings import DecodeConfig, EngineConfig
from actors.threads import limit_threads
limit_threads(1)
settings = dict(item.split("=", 1) for item in sys.argv[2:])
engine = build_engine(EngineConfig(**settings, threads=1))
files = Path(sys.argv[1]).read_text().split("\\n")
started = time.time()
for start in range(0, len(files), 4):
    batch = [page.image for name in files[start:start + 4]
             for page in decode_document(Path(name).read_bytes(), DecodeConfig())]
    engine.recognize(batch)
print(started, time.time())
"""


@dataclass(frozen=True)
class Measured:
    """One side of one round. `longest_gap_s`: between two files that appeared in the output; `ending_s`: from
    the last of them to the end of the command."""

    side: str
    pages_per_second: float
    startup_s: dict[str, float]
    files: int = 0
    longest_gap_s: float = 0.0
    ending_s: float = 0.0


def main() -> None:
    """Measure, print, and write the figures with hardware, versions and date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="engine.KEY=VALUE")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "end_to_end.json")
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        pages = prepare(Path(scratch) / "pages", options.pages)
        for turn in range(options.rounds):
            for side in (*SIDES[turn % 3 :], *SIDES[: turn % 3]):
                measure = bare if side == "bare" else partial(run, runner=side)
                one = measure(pages, options.set, Path(scratch))
                found.append(one)
                rounded = {part: round(seconds, 2) for part, seconds in one.startup_s.items()}
                print(f"{one.side:<8} {one.pages_per_second:6.3f} pages/s", rounded, flush=True)
    report(found, options)


def prepare(folder: Path, count: int) -> Path:
    """A folder of pages under names of their own."""
    folder.mkdir()
    data = Path(os.environ.get("RAYOCR_DATA", ROOT.parent / "shared" / "data"))
    files = [file for name in SETS for file in sorted((data / name / "images").glob("*"))]
    if not files:
        subprocess.run(
            [sys.executable, ROOT / "samples" / "render.py", folder.parent / "samples"], check=True
        )
        files = [file for file in (folder.parent / "samples").iterdir() if file.suffix in (".png", ".jpg")]
    for number in range(count):
        source = files[number % len(files)]
        shutil.copyfile(source, folder / f"{number:04}{source.suffix}")
    return folder


def bare(folder: Path, settings: list[str], scratch: Path) -> Measured:
    """As many engines as cores, and nothing else."""
    files, cores = sorted(map(str, folder.iterdir())), os.cpu_count() or 1
    processes = []
    for core in range(cores):
        listed = scratch / f"share-{core}"
        listed.write_text("\n".join(files[core::cores]))
        command = [
            sys.executable,
            "-c",
            BARE,
            str(listed),
            *(item.removeprefix("engine.") for item in settings),
        ]
        processes.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
    times = [tuple(map(float, process.communicate()[0].split()[-2:])) for process in processes]
    seconds = max(end for _, end in times) - min(start for start, _ in times)
    return Measured("bare", len(files) / seconds, {})


def run(folder: Path, settings: list[str], scratch: Path, runner: str) -> Measured:
    """A run as a user starts it."""
    output = scratch / f"out-{runner}"
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "-m", "rayocr", "run", "-i", str(folder), "-o", str(output), "-q"]
    command += ["--runner", runner, "--set", "output.flush_seconds=10"]
    for item in settings:
        command += ["--set", item]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    ended = time.time()
    (written,) = (output / "runs").glob("*.json")
    summary = json.loads(written.read_text())
    times = sorted(file.stat().st_ctime for file in (output / "pages").glob("*.parquet"))
    begin = written.stat().st_mtime - summary["seconds"] + sum(summary["startup_s"].values())
    gaps = [after - before for before, after in zip([begin, *times], times, strict=False)]
    rate = summary["new_pages"] / (times[-1] - begin)
    return Measured(runner, rate, summary["startup_s"], len(times), max(gaps), ended - times[-1])


def report(found: list[Measured], options: argparse.Namespace) -> None:
    """Print the ratios and write the file."""
    rates = {side: [one.pages_per_second for one in found if one.side == side] for side in SIDES}
    middle = {side: median(values) for side, values in rates.items()}
    ratios = {side: middle[side] / middle["bare"] for side in ("inline", "ray")}
    for side, ratio in ratios.items():
        print(f"{side}: {ratio:.3f} of the bare engines' pages a second")
    tree = {
        "date": hardware.now(),
        "machine": hardware.in_a_line(),
        "load": os.getloadavg()[0],
        "versions": {
            one.metadata["Name"]: one.version
            for one in metadata.distributions()
            if one.metadata["Name"] in VERSIONS
        },
        "pages": options.pages,
        "settings": options.set,
        "ratios": ratios,
        "measured": [asdict(one) for one in found],
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(tree, indent=2) + "\n")


if __name__ == "__main__":
    main()
