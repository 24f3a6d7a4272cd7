"""What a card gives: engines on decoded pages, whole runs from files, and both against what was asked for.

    python benchmarks/gpu.py [--tensorrt] [--sets funsd,sroie] [--seconds 20] [--files 3000]
    python benchmarks/gpu.py --device cpu --pages 4       # a rehearsal without a card: measures nothing

Reads labelled pages (RAYOCR_DATA) again and again. First the CPU reads each page once, for what should be
read, and once with a card's sizes of lines and pages, for what its arithmetic changes; then stock PaddleOCR
and our engine read them on the first card that this process sees, each alone in a process, and numbers on
rendered sheets (benchmarks/numbers.py); then `rayocr run` reads them from files with one engine on the card,
with two, and with four.
--tensorrt measures float16 compiled by TensorRT, too, and takes minutes more, since engines are built. Prints
tables, and writes results/gpu.json. Without a card it ends with 2; a rehearsal writes no results.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import util
from pathlib import Path
from typing import Any, NoReturn, get_args

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from actors.device import gpu_package_missing  # noqa: E402
from actors.engines.fast.stages import Stage  # noqa: E402
from actors.models.catalogue import find_model  # noqa: E402
from benchmarks import hardware  # noqa: E402
from benchmarks.card import rendered  # noqa: E402
from benchmarks.card.files import Run, RunFailedError, RunOrder, repeat, run  # noqa: E402
from benchmarks.card.judge import STOCK, EngineRow, Target, engine_row, targets  # noqa: E402
from benchmarks.card.reader import Order, Pass, parse  # noqa: E402
from benchmarks.peers import pages as labelled  # noqa: E402
from benchmarks.peers.pages import Label, PageSet  # noqa: E402
from benchmarks.peers.processes import Read  # noqa: E402
from pipelines.nvidia import visible_gpus  # noqa: E402

REHEARSAL = "A REHEARSAL ON THE CPU: none of this is a measurement of a GPU, and no results are written."
SETS = ("funsd", "sroie")
_BATCH_PAGES = 16
_REHEARSAL_BATCH = 2
_TIMEOUT_S = 3600.0

PACKAGES = (
    "rayocr", "ray", "onnxruntime-gpu", "onnxruntime", "paddlepaddle-gpu", "paddleocr", "paddlex", "tensorrt",
    "tensorrt-cu12", "tensorrt-cu13", "nvidia-cuda-runtime", "nvidia-cuda-runtime-cu12", "nvidia-cudnn-cu12",
    "nvidia-cudnn-cu13", "opencv-contrib-python", "numpy",
)  # fmt: skip
"""Whose versions are written down, where they are installed."""


@dataclass(frozen=True)
class Variant:
    """An engine under a name."""

    name: str
    settings: Mapping[str, Any]


@dataclass
class Bench:
    """What is to be measured, and what was."""

    options: argparse.Namespace
    data: Path
    sets: Mapping[PageSet, Sequence[Label]]
    rows: list[EngineRow]
    runs: list[Run]
    cpu_f1: dict[str, float]
    left_out: list[dict[str, str]]
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def rehearsal(self) -> bool:
        """Whether no card is used."""
        return bool(self.options.device == "cpu")

    def leave_out(self, what: str, why: str) -> None:
        """Say that something is not measured."""
        say(f"{what} is left out: {why}")
        self.left_out.append({"what": what, "why": why})


def main() -> None:
    """Measure, print, and write."""
    options = parse_options()
    if options.device == "gpu":
        use_first_card(options.model)
    data = labelled.data_folder()
    known = {one.name: one for one in labelled.SETS}
    sets = {known[name]: labelled.labels(data, known[name], options.pages) for name in options.sets}
    bench = Bench(options, data, sets, [], [], {}, [])
    measure_engines(bench)
    measure_numbers(bench)
    measure_runs(bench)
    found = targets(bench.rows, bench.cpu_f1, bench.runs, lambda runs: share_chosen(bench, runs))
    found += rendered.targets(bench.numbers)
    print_tables(bench, found)
    if not bench.rows and not bench.runs:
        sys.exit(1)
    if not bench.rehearsal:
        write(bench, found)


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = [one.name for one in labelled.SETS if one.measure == "word" and not one.documents]
    parser.add_argument("--sets", type=lambda text: text.split(","), default=list(SETS))
    parser.add_argument("--pages", type=int, help="only the first so many pages of each set")
    parser.add_argument("--seconds", type=float, help="how long each engine reads a set again (20)")
    parser.add_argument("--files", type=int, help="pages of each run, repeated from the set (3000)")
    parser.add_argument("--numbers", type=int, help="numbers on rendered sheets (1200); 0 for none")
    parser.add_argument("--tensorrt", action="store_true", help="measure float16 compiled by TensorRT, too")
    parser.add_argument("--model", default="PP-OCRv6_small")
    parser.add_argument(
        "--at-once",
        type=_numbers,
        default=[1, 2, 4],
        metavar="1,2,4",
        help="engines of the runs, on one card",
    )
    cores = len(os.sched_getaffinity(0))
    parser.add_argument("--threads", type=int, default=cores, help="of an engine alone, on the CPU")
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu", help="cpu: a rehearsal")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "gpu.json")
    options = parser.parse_args()
    rehearsal = options.device == "cpu"
    if unknown := sorted(set(options.sets) - set(known)):
        parser.error(f"no set {', '.join(unknown)}; there are {', '.join(known)}")
    options.seconds = options.seconds if options.seconds is not None else 1.0 if rehearsal else 20.0
    options.files = options.files or (2 * (options.pages or 4) if rehearsal else 3000)
    options.numbers = options.numbers if options.numbers is not None else 16 if rehearsal else 1200
    if min(options.pages or 1, options.files, options.threads, *options.at_once) < 1 or options.seconds <= 0:
        parser.error("--pages, --files, --at-once and --threads count from 1, --seconds is more than 0")
    return options


def _numbers(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


def use_first_card(model: str) -> None:
    """Let this process and its children see one card. Ends the command where none can be used."""
    cards = visible_gpus()
    if not cards:
        refuse(
            "There is no card to measure.",
            "nvidia-smi lists none, or CUDA_VISIBLE_DEVICES hides them.",
            "Run it where `nvidia-smi` lists a card; --device cpu --pages 4 rehearses it without one.",
        )
    missing = gpu_package_missing(find_model(model).format)
    if missing:
        refuse(
            f"The package {missing} is not installed.",
            f"Without it {model} cannot be executed on the card.",
            "docs/gpu.md and the README say how to install it.",
        )
    os.environ["CUDA_VISIBLE_DEVICES"] = cards[0].uuid


def refuse(what: str, why: str, remedy: str) -> NoReturn:
    """Three lines, and exit code 2."""
    print(what, why, remedy, sep="\n", file=sys.stderr)
    sys.exit(2)


def variants(bench: Bench) -> list[Variant]:
    """Ours, fastest arithmetic last."""
    device, model = bench.options.device, bench.options.model
    ours = {"engine": "fast", "model": model, "device": device}
    if find_model(model).format == "onnx":
        ours["runtime"] = "onnxruntime"  # also in a rehearsal: what float32 is compared with is float32
    found = [Variant("float32", ours | {"precision": "float32"})]
    if "runtime" in ours and not bench.rehearsal:
        found.append(Variant("float16", ours | {"precision": "float16"}))
        if bench.options.tensorrt:
            found.append(Variant("tensorrt", ours | {"precision": "float16", "tensorrt": True}))
    return found


def measure_engines(bench: Bench) -> None:
    """The CPU's readings, then each engine alone on the card."""
    model = bench.options.model
    truth = {"engine": "fast", "model": model, "device": "cpu", "precision": "float32"}
    if find_model(model).format == "onnx":
        truth["runtime"] = "onnxruntime"
    say("what the CPU reads")
    reference = {one.set: one for one in read_alone(bench, Variant("CPU", truth), seconds=0)}
    say("what the CPU reads with a card's sizes")
    alike = {one.set: one for one in read_alone(bench, Variant("CPU", truth), seconds=0, as_on_card=True)}
    bench.cpu_f1 = {name: f1_of(bench, one) for name, one in reference.items()}
    contenders = variants(bench)
    if len(contenders) == 1:
        why = "only cards compute in it" if bench.rehearsal else "the model is in paddle format"
        bench.leave_out("float16", why)
    elif not bench.options.tensorrt:
        bench.leave_out("tensorrt", "--tensorrt measures it")
    if util.find_spec("paddleocr"):
        stock = {"engine": STOCK, "model": model, "device": bench.options.device}
        contenders.insert(0, Variant(STOCK, stock))
    else:
        bench.leave_out(STOCK, "PaddleOCR is not installed (pip install 'rayocr[stock]')")
    for variant in contenders:
        say(f"decoded pages: {variant.name}")
        try:
            passes = read_alone(bench, variant, bench.options.seconds)
        except RunFailedError as error:
            bench.leave_out(f"{variant.name}, decoded pages", str(error))
            continue
        bench.rows += [
            engine_row(variant.name, one, reference[one.set], alike[one.set], f1_of(bench, one))
            for one in passes
        ]


def measure_numbers(bench: Bench) -> None:
    """Numbers on rendered sheets, with each engine that read pages."""
    options = bench.options
    measured = {row.variant for row in bench.rows}
    engines = {one.name: one.settings for one in variants(bench) if one.name in measured}
    if STOCK in measured:
        engines[STOCK] = {}
    if not options.numbers or not engines:
        return
    say("numbers on rendered sheets")
    order = rendered.NumbersOrder(options.model, options.device, options.threads, options.numbers, engines)
    with tempfile.TemporaryDirectory(prefix="gpu-") as scratch:
        bench.numbers = rendered.measure(order, Path(scratch), bench.leave_out)


def read_alone(bench: Bench, variant: Variant, seconds: float, *, as_on_card: bool = False) -> list[Pass]:
    """One engine on all sets, in a process of its own. Raises RunFailedError."""
    order = Order(
        settings=dict(variant.settings) | {"threads": bench.options.threads},
        sets={chosen.name: [str(page.path) for page in pages] for chosen, pages in bench.sets.items()},
        seconds=seconds,
        batch_pages=_REHEARSAL_BATCH if bench.rehearsal else _BATCH_PAGES,
        as_on_card=as_on_card,
    )
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.card.reader", json.dumps(asdict(order))],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise RunFailedError(last or f"its process ended with {done.returncode}")
    return parse(done.stdout)


def f1_of(bench: Bench, one: Pass) -> float:
    """Word F1 of what was read, by the data's own scorer."""
    chosen = next(chosen for chosen in bench.sets if chosen.name == one.set)
    read = {
        Path(file): Read("\n".join(page.texts), page.polygons, page.error) for file, page in one.read.items()
    }
    return labelled.score(bench.data, chosen, bench.sets[chosen], read).f1


def measure_runs(bench: Bench) -> None:
    """Whole runs from files, of our engines that could be measured alone."""
    with tempfile.TemporaryDirectory(prefix="gpu-") as scratch:
        measured = {row.variant for row in bench.rows}
        contenders = [variant for variant in variants(bench) if variant.name in measured]
        for chosen, pages in bench.sets.items():
            folder = Path(scratch) / chosen.name
            repeat([page.path for page in pages], folder, bench.options.files)
            for variant in contenders:
                for engines in bench.options.at_once:
                    order = RunOrder(
                        chosen.name,
                        variant.name,
                        variant.settings,
                        engines,
                        _REHEARSAL_BATCH if bench.rehearsal else _BATCH_PAGES,
                    )
                    run_one(bench, order, folder, Path(scratch) / "out")


def run_one(bench: Bench, order: RunOrder, folder: Path, output: Path) -> None:
    """A run, or why there was none."""
    say(f"files: {order.set}, {order.variant}, {order.engines} at once")
    try:
        bench.runs.append(run(order, folder, output))
    except RunFailedError as error:
        bench.leave_out(f"{order.set}, {order.variant}, {order.engines} at once", str(error))


def share_chosen(bench: Bench, runs: Sequence[Run]) -> float:
    """The share of a card that the plan gives each engine of this machine, if these runs were its probe."""
    from pipelines.config import load_config
    from pipelines.gpus import share_of_a_card
    from pipelines.machine import this_machine
    from pipelines.probe.measured import CardLoad

    flags = {"source.path": ".", "output.path": ".", "engine.model": bench.options.model}
    config = load_config(flags=flags, environment={})
    loads = [CardLoad(one.engines, one.pages_per_s, one.busy, one.memory_mb or None) for one in runs]
    loads.sort(key=lambda load: load.engines)
    return share_of_a_card(config, this_machine(), loads).value


def write(bench: Bench, found: Sequence[Target]) -> None:
    """The results, with what they depend on."""
    options = bench.options
    tree = {
        "date": hardware.now(),
        "machine": asdict(hardware.hardware()),
        "card": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "versions": hardware.versions(PACKAGES),
        "options": {
            name: getattr(options, name)
            for name in (
                "model",
                "sets",
                "pages",
                "seconds",
                "files",
                "numbers",
                "tensorrt",
                "at_once",
                "threads",
            )
        },
        "cpu_f1": bench.cpu_f1,
        "engines": [_row_tree(row) for row in bench.rows],
        "numbers": bench.numbers,
        "runs": [asdict(one) | {"pages_per_s": one.pages_per_s} for one in bench.runs],
        "targets": [asdict(one) for one in found],
        "left_out": bench.left_out,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(tree, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(f"written to {options.output}")


def _row_tree(row: EngineRow) -> dict[str, Any]:
    shares = {"equal_share": row.equal_share, "alike_share": row.alike_share}
    return asdict(row) | shares | {"gap": asdict(row.gap) if row.gap else None}


def print_tables(bench: Bench, found: Sequence[Target]) -> None:
    """Engines, runs, targets, and what is missing."""
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    title = REHEARSAL if bench.rehearsal else _heading()
    console.print(title, style="bold red" if bench.rehearsal else "bold")
    console.print(_engines_table(bench), _stages_table(bench), _gap_table(bench))
    if bench.numbers:
        console.print(rendered.table(bench.numbers))
    console.print(_runs_table(bench), _targets_table(found, bench.rehearsal))
    for one in bench.left_out:
        console.print(f"left out: {one['what']}: {one['why']}")
    if bench.rehearsal:
        console.print(title, style="bold red")


def _heading() -> str:
    machine = hardware.hardware()
    seen = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    card = next((f"{one.name}, driver {one.driver}" for one in machine.cards if one.uuid == seen), seen)
    return (
        f"{card}, CUDA {machine.cuda_driver}; {machine.processor}, {machine.cores} cores, "
        f"{machine.memory_gib} GiB; {hardware.now()}"
    )


def _engines_table(bench: Bench) -> Any:
    from rich.table import Table

    table = Table(title="decoded pages in memory, one process", title_justify="left")
    for name in ("set", "engine"):
        table.add_column(name)
    for name in (
        "pages/s",
        "first pass",
        "start s",
        "of it warm-up",
        "busy",
        "card MiB",
        "word F1",
        "CPU's",
        "lines as CPU",
        "same sizes",
        "errors",
    ):
        table.add_column(name, justify="right")
    for row in bench.rows:
        table.add_row(
            row.set,
            f"{row.variant} ({row.runtime}, {row.precision})",
            f"{row.pages_per_s:.2f}",
            f"{row.first_pages_per_s:.2f}",
            f"{row.start_s:.1f}",
            f"{row.warm_up_s:.1f}",
            _share(row.busy),
            f"{row.memory_mb:,}" if row.memory_mb else "-",
            f"{row.f1:.4f}",
            f"{bench.cpu_f1[row.set]:.4f}",
            f"{row.equal_share:.2%}" if row.variant != STOCK else "-",
            f"{row.alike_share:.2%}" if row.variant != STOCK else "-",
            str(row.errors),
        )
    return table


def _stages_table(bench: Bench) -> Any:
    from rich.table import Table

    title = "milliseconds a page by stage, all threads together: by the clock / of CPUs"
    table = Table("set", "engine", title=title, title_justify="left")
    for stage in get_args(Stage):
        table.add_column(stage, justify="right")
    for row in bench.rows:
        if row.stages:
            spent = (
                f"{row.stages[stage]:.1f} / {row.cpu[stage]:.1f}" if stage in row.stages else "-"
                for stage in get_args(Stage)
            )
            table.add_row(row.set, row.variant, *spent)
    return table


def _gap_table(bench: Bench) -> Any:
    from rich.table import Table

    title = "the gap to what the models alone would give"
    table = Table("set", "engine", title=title, title_justify="left")
    for name in (
        "pages/s",
        "models alone",
        "time in models",
        "waiting for the host",
        "the host's own turn",
        "busy",
    ):
        table.add_column(name, justify="right")
    for row in bench.rows:
        if gap := row.gap:
            shares = (f"{share:.0%}" for share in (gap.models, gap.waiting, gap.own))
            rates = f"{row.pages_per_s:.2f}", f"{gap.limit:.2f}"
            table.add_row(row.set, row.variant, *rates, *shares, _share(row.busy))
    return table


def _runs_table(bench: Bench) -> Any:
    from rich.table import Table

    table = Table(title="whole runs from files, rayocr run --runner ray", title_justify="left")
    for name in ("set", "engines"):
        table.add_column(name)
    for name in ("pages", "pages/s", "start-up s", "busy", "card MiB", "each at most MiB"):
        table.add_column(name, justify="right")
    for one in bench.runs:
        share = f" at {one.share:g} of a card" if one.share else ""
        table.add_row(
            one.set,
            f"{one.engines} {one.variant}{share}",
            f"{one.pages:,}",
            f"{one.pages_per_s:.2f}",
            f"{sum(one.startup_s.values()):.0f}",
            _share(one.busy),
            f"{one.memory_mb:,}" if one.memory_mb else "-",
            f"{max(one.own_mb):,}" if one.own_mb else "-",
        )
    return table


def _targets_table(found: Sequence[Target], rehearsal: bool) -> Any:
    from rich.table import Table

    table = Table("target", "asked", "measured", "held", title="targets", title_justify="left")
    for one in found:
        held = "-" if rehearsal or one.held is None else "yes" if one.held else "NO"
        table.add_row(one.name, one.asked, one.measured, held)
    return table


def _share(busy: float | None) -> str:
    return "-" if busy is None else f"{busy:.0%}"


def say(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
