"""What the pipeline costs on top of its engine: CPU seconds a page of an inline run against the bare engine.

    python benchmarks/overhead.py [--pages 20] [--rounds 3] [--engine fast]

Both sides work on the same pages with one engine on one thread, in turn, in processes of their own; each
is measured on few and on many pages, and the difference is divided by the pages between, so that start-up
falls out. It is listed by part instead. CPU seconds are user and system of all processes together.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import hardware  # noqa: E402

FEW = 2

BARE = """
import sys, time
started = time.process_time()
from pathlib import Path
import numpy as np
from actors.decode import decode_document
from actors.engines import build_engine
from actors.settings import DecodeConfig, EngineConfig
from actors.threads import limit_threads
limit_threads(1)
pages = [page.image for path in sorted(Path(sys.argv[1]).iterdir())
         for page in decode_document(path.read_bytes(), DecodeConfig())]
engine = build_engine(EngineConfig(engine=sys.argv[2], threads=1))
ready = time.process_time()
for page in pages:
    engine.recognize([page])
print(ready - started, time.process_time() - ready)
"""

RAY = """
import time
started = time.monotonic()
from pipelines.runners.ray import connect, disconnect
connect()
print(time.monotonic() - started)
disconnect()
"""

IMPORTS = {
    "python": "",
    "ray.data": "import ray.data",
    "paddleocr": "import paddleocr",
    "onnxruntime": "import onnxruntime",
    "pyarrow": "import pyarrow.parquet",
}


def main() -> None:
    """Measure, print a table, and write it with hardware, versions and date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", default="fast")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "overhead.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        few, many = prepare(Path(scratch), options.pages)
        rounds = [measure(few, many, options.engine, Path(scratch)) for _ in range(options.rounds)]
    report(rounds, options.engine, options.pages, options.output)


def prepare(scratch: Path, pages: int) -> tuple[Path, Path]:
    """Two folders of receipts (or of the project's samples, without the labelled pages)."""
    data = Path(os.environ.get("RAYOCR_DATA", ROOT.parent / "shared" / "data")) / "sroie" / "images"
    if data.is_dir():
        files = sorted(data.iterdir())
    else:
        subprocess.run([sys.executable, ROOT / "samples" / "render.py", scratch / "samples"], check=True)
        files = [file for file in sorted((scratch / "samples").iterdir()) if file.suffix in (".png", ".jpg")]
    folders = []
    for name, count in (("few", FEW), ("many", pages)):
        folder = scratch / name
        folder.mkdir()
        for number in range(count):
            source = files[number % len(files)]
            shutil.copyfile(source, folder / f"{number:04}{source.suffix}")
        folders.append(folder)
    return folders[0], folders[1]


def measure(few: Path, many: Path, engine: str, scratch: Path) -> dict[str, float]:
    """One round: CPU seconds a page of the bare engine and of the run, and start-up by part."""
    more = len(list(many.iterdir())) - FEW
    bare_start, bare_few = bare(few, engine)
    run_few = run(few, engine, scratch / "out-few")
    _, bare_many = bare(many, engine)
    run_many = run(many, engine, scratch / "out-many")
    found = {
        "bare_s": (bare_many - bare_few) / more,
        "run_s": (run_many - run_few) / more,
        "engine start": bare_start,
        "run start": run_few - FEW * (run_many - run_few) / more,
    }
    for name, statement in IMPORTS.items():
        found[f"import {name}"] = cpu_seconds([sys.executable, "-c", statement])
    answer = subprocess.run([sys.executable, "-c", RAY], cwd=ROOT, capture_output=True, text=True, check=True)
    found["ray start, wall"] = float(answer.stdout.split()[-1])
    return found


def bare(folder: Path, engine: str) -> tuple[float, float]:
    """CPU seconds of start-up, and of recognising all pages of a folder."""
    command = [sys.executable, "-c", BARE, str(folder), engine]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    start, work = answer.stdout.split()[-2:]
    return float(start), float(work)


def run(folder: Path, engine: str, output: Path) -> float:
    """CPU seconds of a whole inline run."""
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "-m", "rayocr", "run", "-i", str(folder), "-o", str(output), "-q"]
    command += ["--runner", "inline", "--set", f"engine.engine={engine}", "--set", "resources.actors=1"]
    return cpu_seconds([*command, "--set", "engine.threads=1"])


def cpu_seconds(command: list[str]) -> float:
    """User and system seconds of a command and of all processes that it waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def report(rounds: list[dict[str, float]], engine: str, pages: int, output: Path) -> None:
    """Print the table and write the file."""
    ratios = [one["run_s"] / one["bare_s"] for one in rounds]
    for one, ratio in zip(rounds, ratios, strict=True):
        print(f"bare {one['bare_s']:.3f}  run {one['run_s']:.3f} CPU s a page  ratio {ratio:.3f}")
    print(f"median ratio {statistics.median(ratios):.3f} ({engine}, {pages} pages, one thread)")
    starts = {name: statistics.median(one[name] for one in rounds) for name in rounds[0] if " " in name}
    for name, seconds in starts.items():
        print(f"{name:<20} {seconds:6.2f} {'s' if 'wall' in name else 'CPU s'}")
    tree = {
        "date": hardware.now(),
        "machine": hardware.in_a_line(),
        "load": os.getloadavg()[0],
        "versions": {name: metadata.version(name) for name in ("rayocr", "paddleocr", "onnxruntime", "ray")},
        "engine": engine,
        "pages": pages,
        "median_ratio": statistics.median(ratios),
        "rounds": rounds,
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(tree, indent=2) + "\n")


if __name__ == "__main__":
    main()
