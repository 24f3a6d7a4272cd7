"""Pictures of unusual shape and size: what is read of them, what they cost, and what the others pay for it.

    python benchmarks/large_pages.py [--kinds chat,roll] [--systems fast,stock] [--parts lines,cost,memory]

Draws screenshots, plans, rolls, panoramas and a newspaper page with known text (Debian's fonts), and reads
them with our engine in each precision of this machine and with stock PaddleOCR. Measures what the look for
small print costs pages of usual size (RAYOCR_DATA), and the memory of whole runs over a plan of 13,000 x
13,000 pixels of one bit and a roll of 1,000 x 60,000. Writes results/large_pages.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import hardware  # noqa: E402
from benchmarks.large.canvas import Label  # noqa: E402
from benchmarks.large.pages import KINDS  # noqa: E402

if TYPE_CHECKING:
    from actors.contracts import Image, OcrEngine

RESULTS = ROOT / "benchmarks" / "results" / "large_pages.json"
PARTS = ("lines", "cost", "memory")
SYSTEMS = {
    "fast": {},
    "fast float32": {"runtime": "onnxruntime", "precision": "float32"},
    "stock": {"engine": "stock"},
}
"""Settings of `engine`, by name; with `fast` alone runtime and precision are what suits the machine."""

SETS = ("sroie", "funsd", "scribe_docs")
PAGES, ROUNDS = 8, 7
"""Pages of each labelled set whose look is timed, and how often, in turns."""

LOOK_SECONDS = 0.05
"""How often the memory of a run's processes is looked at."""

OWN = {"actors.engines.child": "engine", "actors.decoding.child": "decoder"}
"""Names of processes, by what their command line holds."""


@dataclass(frozen=True)
class Score:
    """What was read of a picture. `exact`: lines of the truth that are lines of the text; `upright`: of those
    that run across; `recall` and `precision`: of words."""

    lines: int
    found: int
    exact: int
    upright: int
    upright_exact: int
    recall: float
    precision: float


def main() -> None:
    """Measure, print tables, write them down."""
    arguments = _arguments()
    result: dict[str, Any] = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "hardware": asdict(hardware.hardware()),
        "versions": hardware.versions(
            ("onnxruntime", "openvino", "opencv-contrib-python", "paddleocr", "pillow")
        ),
    }
    if RESULTS.exists():
        result = json.loads(RESULTS.read_text("utf-8")) | result
    if "lines" in arguments.parts:
        result["lines"] = _lines(arguments.kinds, arguments.systems, arguments.seed)
    if "cost" in arguments.parts:
        result["cost"] = _cost()
    if "memory" in arguments.parts:
        result["memory"] = [_memory(name, arguments.seed) for name in ("plan", "roll")]
    arguments.output.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kinds", type=_names(tuple(KINDS)), default=tuple(KINDS))
    parser.add_argument("--systems", type=_names(tuple(SYSTEMS)), default=tuple(SYSTEMS))
    parser.add_argument("--parts", type=_names(PARTS), default=PARTS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


def _names(known: Sequence[str]) -> Any:
    def read(text: str) -> tuple[str, ...]:
        names = tuple(text.split(","))
        if unknown := set(names) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not among {', '.join(known)}")
        return names

    return read


def score(labels: Sequence[Label], lines: Sequence[str]) -> Score:
    """Compare lines, whose spaces do not matter but for whether there are some; and words."""
    truth, read = [_plain(label.text) for label in labels], [_plain(line) for line in lines]
    upright = [_plain(label.text) for label in labels if not label.upwards]
    words, found = (Counter(word for line in some for word in line.split()) for some in (truth, read))
    shared = (words & found).total()
    return Score(
        lines=len(truth),
        found=len(read),
        exact=(Counter(truth) & Counter(read)).total(),
        upright=len(upright),
        upright_exact=(Counter(upright) & Counter(read)).total(),
        recall=shared / max(1, words.total()),
        precision=shared / max(1, found.total()),
    )


def _plain(text: str) -> str:
    return " ".join(text.split())


def _lines(kinds: Sequence[str], systems: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """One row a picture and system: what is read of it, and its CPU seconds with one thread."""
    rows = []
    print(f"{'picture':11}{'pixels':>15}{'system':>15}{'exact':>12}{'upright':>12}{'words':>14}{'CPU s':>8}")
    for system in systems:
        engine = _engine(SYSTEMS[system])
        for kind in kinds:
            sheet = KINDS[kind](seed)
            pixels = sheet.pixels()
            began = time.process_time()
            (result,) = engine.recognize([pixels])
            seconds = time.process_time() - began
            found = score(sheet.labels, [line.text for line in result.lines])
            size = f"{sheet.size[0]} x {sheet.size[1]}"
            print(
                f"{kind:11}{size:>15}{system:>15}{found.exact:>6}/{found.lines:<5}"
                f"{found.upright_exact:>6}/{found.upright:<5}{found.recall:>7.3f}{found.precision:>7.3f}"
                f"{seconds:>8.1f}",
                flush=True,
            )
            info = {"runtime": engine.info.runtime, "precision": engine.info.precision}
            rows.append(
                {"kind": kind, "size": size, "system": system, **info, **asdict(found), "cpu_s": seconds}
            )
        engine.close()
    return rows


def _engine(settings: dict[str, Any]) -> OcrEngine:
    from actors.engines import build_engine
    from actors.settings import EngineConfig
    from actors.threads import limit_threads

    limit_threads(1)
    return build_engine(EngineConfig.model_validate({"threads": 1, **settings}))


def _cost() -> list[dict[str, Any]]:
    """What the look for small print adds to pages of usual size: CPU milliseconds, and a share of all."""
    from actors.engines.fast.options import options_of, pace_of
    from actors.engines.fast.sides import GlyphRule
    from actors.settings import EngineConfig

    rule = options_of(EngineConfig(), pace_of("onnxruntime", "cpu")).sides
    assert isinstance(rule, GlyphRule)
    without = replace(rule, tiles=None)
    engine = _engine({})
    rows = []
    print(
        f"{'set':14}{'page, CPU ms':>14}{'look before':>13}{'look now':>10}{'more':>8}  in tiles  other size"
    )
    for name in SETS:
        pages = [page[:, :, ::-1].copy() for page in _labelled(name)]
        took = [_seconds(lambda page=page: engine.recognize([page[:, :, ::-1]])) for page in pages]
        before, now = [], []
        for page in pages:
            turns = [
                (_seconds(lambda page=page: without.plan(page)), _seconds(lambda page=page: rule.plan(page)))
                for _ in range(ROUNDS)
            ]
            before.append(median(turn[0] for turn in turns))
            now.append(median(turn[1] for turn in turns))
        plans = [(rule.plan(page), without.plan(page)) for page in pages]
        row = {
            "set": name,
            "pages": len(pages),
            "page_ms": 1000 * sum(took) / len(pages),
            "look_before_ms": 1000 * sum(before) / len(pages),
            "look_ms": 1000 * sum(now) / len(pages),
            "more": (sum(now) - sum(before)) / sum(took),
            "in_tiles": sum(bool(plan.ways) for plan, _ in plans),
            "other_size": sum(plan.whole != old.whole for plan, old in plans),
        }
        rows.append(row)
        print(
            f"{name:14}{row['page_ms']:>14.0f}{row['look_before_ms']:>13.2f}{row['look_ms']:>10.2f}"
            f"{row['more']:>8.2%}{row['in_tiles']:>10}{row['other_size']:>12}"
        )
    engine.close()
    return rows


def _seconds(act: Any) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


def _labelled(name: str) -> list[Image]:
    import numpy as np
    from PIL import Image as Pictures

    folder = Path(os.environ.get("RAYOCR_DATA") or ROOT.parent / "shared" / "data") / name
    if not folder.is_dir():
        sys.exit(f"There is no {folder}: set RAYOCR_DATA to the labelled data, or leave out the part `cost`.")
    rows = (folder / "gt.jsonl").read_text("utf-8").splitlines()[:PAGES]
    return [np.asarray(Pictures.open(folder / json.loads(row)["file"]).convert("RGB")) for row in rows]


def _memory(kind: str, seed: int) -> dict[str, Any]:
    """A whole run over one picture: the peak of each of its processes in MiB, and what became of the page."""
    import pyarrow.dataset as ds

    sheet = KINDS[kind](seed)
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "in", Path(folder) / "out"
        source.mkdir()
        sheet.picture.save(source / f"{kind}.png")
        command = [sys.executable, "-m", "rayocr", "run", "--input", str(source), "--output", str(output)]
        began = time.perf_counter()
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT)
            peaks = _peaks(process)
        seconds = time.perf_counter() - began
        if process.returncode:
            sys.exit((Path(folder) / "log").read_text("utf-8"))
        table = ds.dataset(output / "pages", format="parquet").to_table(columns=["status", "line_count"])
        (row,) = table.to_pylist()
    size = f"{sheet.size[0]} x {sheet.size[1]}"
    told = ", ".join(f"{name} {peak} MiB" for name, peak in peaks.items())
    print(f"{kind} {size}: {row['status']}, {row['line_count']} lines, {seconds:.0f} s; {told}")
    return {"kind": kind, "size": size, **row, "seconds": seconds, "peak_mb": peaks}


def _peaks(process: subprocess.Popen[bytes]) -> dict[str, int]:
    """The highest resident memory (VmHWM of proc(5)) of a process and its children, until it ends."""
    import psutil

    peaks: dict[str, int] = {}
    while process.poll() is None:
        try:
            every = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        except psutil.Error:
            break
        for one in every:
            try:
                line = " ".join(one.cmdline())
                status = Path(f"/proc/{one.pid}/status").read_text("ascii")
            except (psutil.Error, OSError):
                continue
            name = next((name for part, name in OWN.items() if part in line), "run")
            peak = next((int(row.split()[1]) for row in status.splitlines() if row.startswith("VmHWM")), 0)
            peaks[name] = max(peaks.get(name, 0), peak >> 10)
        time.sleep(LOOK_SECONDS)
    process.wait()
    return peaks


if __name__ == "__main__":
    main()
