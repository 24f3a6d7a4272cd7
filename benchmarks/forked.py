"""The error that PaddleOCR's users meet, and what becomes of it here: `cudaErrorInitializationError`.

    python benchmarks/forked.py [--children 3] [--pages 6] [--engine fast]

With a card: CUDA is initialised in a process and used in forks of it, which fails; in as many processes of
their own, which works; and by `rayocr run` with two engines on the card. Without one it shows what the guards
of an engine's process refuse, on a made-up driver where a C compiler is, and a run on the CPU. Prints a
table; ends with 0 if everything is as it should be, with 1 if not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import cuda, hardware  # noqa: E402
from pipelines.nvidia import Gpu, visible_gpus  # noqa: E402

ERROR = "cudaErrorInitializationError"
REFUSED = "CUDA is already initialised in this worker."
_TIMEOUT_S = 600.0
_ENGINES = 2


@dataclass(frozen=True)
class Shown:
    """One thing that was shown: what was done, what should come of it, and what did."""

    what: str
    expected: str
    seen: str
    holds: bool


@dataclass(frozen=True)
class Guard:
    """A guard of an engine's process, and how to meet it. `code`: run in a fresh Python, with `driver` for
    the made-up libcuda; `words`: what must be said."""

    what: str
    words: str
    code: str
    environment: Mapping[str, str]


_CLAIM = "claim = claim_device(EngineConfig(), ['0'], {share}, patience_s=0)\n"
_WHOLE = _CLAIM.format(share=1)

GUARDS = (
    Guard(
        "a worker that sees all cards of its node, and was given one",
        "This worker sees other cards than Ray gave it: 0.",
        _WHOLE,
        {},
    ),
    Guard(
        "a worker that sees another card than its own",
        "This worker sees other cards than Ray gave it: 0.",
        _WHOLE,
        {"CUDA_VISIBLE_DEVICES": "1"},
    ),
    Guard(
        "a worker in which CUDA counts cards otherwise than the driver",
        "CUDA_DEVICE_ORDER is FASTEST_FIRST.",
        _WHOLE,
        {"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "FASTEST_FIRST"},
    ),
    Guard(
        "an engine for a GPU in a worker that was given none",
        "engine.device is gpu and this worker was given no GPU.",
        "claim_device(EngineConfig(device='gpu'), [], 1)\n",
        {"CUDA_VISIBLE_DEVICES": "0"},
    ),
    Guard(
        "half of a card whose memory nobody can read",
        "The memory of GPU 0 is not known, so a share of it cannot be kept.",
        _CLAIM.format(share=0.5),
        {"CUDA_VISIBLE_DEVICES": "0"},
    ),
)

MADE_UP_GUARDS = (
    Guard(
        "a worker in which CUDA was initialised before the engine (made-up driver)",
        REFUSED,
        "driver.cuInit(0)\n" + _WHOLE,
        {"CUDA_VISIBLE_DEVICES": "0"},
    ),
    Guard(
        "an engine on another card than the one that was given (made-up driver)",
        "The engine computes on GPU-00010203-0405-0607-0809-0a0b0c0d0e0f, and Ray gave GPU-aa.",
        "claim = Claim(EngineConfig(device='gpu'), 'GPU-aa')\ndriver.cuInit(0)\nconfirm(claim)\n",
        {"CUDA_VISIBLE_DEVICES": "0"},
    ),
)

_MEET = """
import ctypes, sys
from actors.claim import Claim, claim_device, confirm
from actors.errors import ConfigError
from actors.settings import EngineConfig
driver = ctypes.CDLL(sys.argv[1]) if sys.argv[1:] else None
try:
{code}
except ConfigError as error:
    print(error.what)
else:
    print("it was let in")
"""

_SEES_NONE = """
import os
from actors.claim import claim_device
from actors.settings import EngineConfig
claim = claim_device(EngineConfig(), [], 1)
print(claim.device, repr(os.environ["CUDA_VISIBLE_DEVICES"]))
"""


def main() -> None:
    """Show it, print the table, and say by the exit code whether all of it holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--children", type=int, default=3, help="forked ones, and processes of their own (3)")
    parser.add_argument("--pages", type=int, default=6, help="made-up pages of the run (6)")
    parser.add_argument("--engine", choices=("fast", "stock", "fake"), default="fast", help="of the run")
    options = parser.parse_args()
    if min(options.children, options.pages) < 1:
        parser.error("--children and --pages count from 1")
    cards = visible_gpus()
    with tempfile.TemporaryDirectory(prefix="forked-") as scratch:
        if cards:
            print(_with_card(cards[0]))
            shown = on_card(cards[0], options.children)
        else:
            print(
                "No card is here (nvidia-smi lists none), so the error itself is not shown.",
                "Shown is what an engine's process refuses, and a run whose engine sees no card.",
                "On a machine with a card this command shows the error, and that it is gone.",
                sep="\n",
            )
            shown = guards(Path(scratch))
        shown += run(Path(scratch), options.pages, options.engine, cards[0] if cards else None)
    print_table(shown)
    sys.exit(not all(one.holds for one in shown))


def _with_card(card: Gpu) -> str:
    model = next((one for one in hardware.cards() if one.uuid == card.uuid), None)
    return f"{model.name}, driver {model.driver}, {card.uuid}" if model else f"Card {card.uuid}"


def on_card(card: Gpu, children: int) -> list[Shown]:
    """The error, and that processes of their own do not meet it."""
    environment = {"CUDA_VISIBLE_DEVICES": card.uuid}
    library, answer = usable_library(environment)
    if library is None:
        return [Shown("CUDA in one process", "cudaSuccess", _said(answer), holds=False)]
    parent, *forked = _ask("fork", library, environment, str(children))
    rows = [Shown(f"CUDA in one process ({Path(library).name})", "success", _said(parent), parent.code == 0)]
    rows += [
        Shown("forked from it, CUDA again", ERROR, _said(one), one.code == cuda.NOT_INITIALISED)
        for one in forked
    ]
    guard = forked[0].guard or "it was let in"
    rows.append(Shown("forked from it, rayocr's guard", REFUSED, guard, guard == REFUSED))
    rows += [
        Shown("a process of its own, at the same time as the others", "success", _said(one), one.code == 0)
        for one in together(library, environment, children)
    ]
    return rows


def usable_library(environment: Mapping[str, str]) -> tuple[str | None, cuda.Answer]:
    """The first library with which CUDA starts, and its answer; None with the last answer if none does."""
    answer = cuda.Answer(-1, "no library of CUDA was found", "dlopen")
    for library in cuda.libraries():
        (answer,) = _ask("own", library, environment)
        if answer.code == cuda.SUCCESS:
            return library, answer
    return None, answer


def together(library: str, environment: Mapping[str, str], count: int) -> list[cuda.Answer]:
    """What so many processes get, each of which keeps its context until all have answered."""
    command = [sys.executable, "-m", "benchmarks.cuda", "own", library]
    processes = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ(environment),
            cwd=ROOT,
        )
        for _ in range(count)
    ]
    lines = [process.stdout.readline() if process.stdout else "" for process in processes]
    for process in processes:
        process.communicate(timeout=_TIMEOUT_S)
    return [_answers(line)[0] for line in lines]


def _ask(act: str, library: str, environment: Mapping[str, str], *more: str) -> list[cuda.Answer]:
    """Answers of `benchmarks.cuda` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.cuda", act, library, *more]
    answer = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environ(environment),
        cwd=ROOT,
        timeout=_TIMEOUT_S,
        check=False,
    )
    return _answers(answer.stdout)


def _answers(line: str) -> list[cuda.Answer]:
    if not line:
        return [cuda.Answer(-1, "the process died", "")] * 2
    return [cuda.Answer(**one) for one in json.loads(line)]


def _said(answer: cuda.Answer) -> str:
    return f"{answer.function}: {answer.name} ({answer.code})"


def guards(scratch: Path) -> list[Shown]:
    """What an engine's process refuses, without a card."""
    rows = []
    with made_up_driver(scratch / "driver") as driver:
        if driver is not None:
            rows += [_meet(guard, str(driver)) for guard in MADE_UP_GUARDS]
            child = _ask("fork", str(driver), {}, "1")[-1]
            guard = child.guard or "it was let in"
            what = "a worker forked from a process with CUDA (made-up driver)"
            rows.append(Shown(what, REFUSED, guard, guard == REFUSED))
        else:
            print("There is no C compiler (cc), so what needs a made-up driver is left out.")
    rows += [_meet(guard) for guard in GUARDS]
    told = _python(_SEES_NONE, {"CUDA_VISIBLE_DEVICES": "0,1"}).strip()
    wanted = "cpu ''"
    rows.append(
        Shown("a worker without a GPU on a node with two: what it sees", wanted, told, told == wanted)
    )
    return rows


@contextmanager
def made_up_driver(folder: Path) -> Iterator[Path | None]:
    """A libcuda.so.1 that keeps CUDA's law of forks, as the tests have it; None without a C compiler."""
    from tests import cuda_library

    yield cuda_library.build(folder, runtime=False) if cuda_library.COMPILER else None


def _meet(guard: Guard, *driver: str) -> Shown:
    code = _MEET.format(code="".join(f"    {line}\n" for line in guard.code.splitlines()))
    told = _python(code, guard.environment, *driver).strip()
    return Shown(guard.what, guard.words, told, told == guard.words)


def _python(code: str, environment: Mapping[str, str], *arguments: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env=environ(environment),
        cwd=ROOT,
        timeout=_TIMEOUT_S,
        check=False,
    )
    return answer.stdout or answer.stderr.strip().rpartition("\n")[2]


def environ(more: Mapping[str, str]) -> dict[str, str]:
    """Ours, with the checkout importable, no Ray of somebody else, and of what names cards only `more`."""
    dropped = ("RAY_ADDRESS", "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def run(scratch: Path, pages: int, engine: str, card: Gpu | None) -> list[Shown]:
    """The same work by the pipeline on Ray: two engines on the card, or one on the CPU."""
    draw(scratch / "pages", pages)
    output, engines = scratch / "out", _ENGINES if card else 1
    command = [sys.executable, "-m", "rayocr", "run", "-i", str(scratch / "pages"), "-o", str(output)]
    command += ["-q", "--runner", "ray", "--set", f"engine.engine={engine}"]
    command += ["--set", f"resources.actors={engines}", "--set", "resources.batch_pages=2"]
    if card:
        command += ["--set", "engine.device=gpu", "--set", f"resources.gpus_per_actor={1 / engines:g}"]
    else:
        command += ["--set", "engine.device=cpu"]
    ray_folder = tempfile.mkdtemp(prefix="r-")  # short: sockets are in it
    try:
        environment = environ(
            {"RAY_TMPDIR": ray_folder} | ({"CUDA_VISIBLE_DEVICES": card.uuid} if card else {})
        )
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=environment,
            cwd=ROOT,
            timeout=_TIMEOUT_S,
            check=False,
        )
        logs = [file.read_text(errors="replace") for file in Path(ray_folder).rglob("logs/worker-*")]
    finally:
        shutil.rmtree(ray_folder, ignore_errors=True)
    where = f"{engines} engines on one card" if card else "1 engine on the CPU"
    rows = [_read(done, output, pages, where), _logged(logs, engines, card)]
    return [*rows, _no_error([done.stderr, *logs])] if card else rows


def _read(done: subprocess.CompletedProcess[str], output: Path, pages: int, where: str) -> Shown:
    what, expected = f"rayocr run --runner ray, {where}", f"{pages} of {pages} pages read"
    files = list((output / "runs").glob("*.json"))
    if done.returncode or not files:
        why = " ".join(done.stderr.split())[:200]
        return Shown(what, expected, f"exit code {done.returncode}: {why}", holds=False)
    summary = json.loads(files[0].read_text("utf-8"))
    read = summary["ok"] + summary["empty"]
    return Shown(what, expected, f"{read} of {pages} pages read", read == pages)


def _logged(logs: Sequence[str], engines: int, card: Gpu | None) -> Shown:
    lines = [line for log in logs for line in log.splitlines() if "rayocr.device: pid" in line]
    device = f"device {card.uuid}" if card else "device cpu, no card is visible"
    good = [line for line in lines if device in line]
    processes = {line.partition("pid ")[2].split()[0] for line in good}
    what = "its engines, each in a process of its own, as they log it"
    seen = f"{len(processes)} x {device}" if good else "; ".join(lines) or "nothing was logged"
    return Shown(what, f"{engines} x {device}", seen, len(processes) == engines and len(lines) == len(good))


def _no_error(texts: Sequence[str]) -> Shown:
    times = sum(text.count(ERROR) for text in texts)
    return Shown(f"{ERROR} in its logs", "0 times", f"{times} times", not times)


def draw(folder: Path, count: int) -> None:
    """Pages with some lines of text."""
    from PIL import Image, ImageDraw, ImageFont

    folder.mkdir()
    for number in range(count):
        picture = Image.new("RGB", (800, 600), "white")
        pen = ImageDraw.Draw(picture)
        for line in range(10):
            text = f"page {number} line {line}: total {100 * number + line}.00"
            pen.text((40, 30 + 52 * line), text, "black", ImageFont.load_default(26))
        picture.save(folder / f"{number:03}.png")


def print_table(shown: Sequence[Shown]) -> None:
    """All that was shown, a row each."""
    from rich.console import Console
    from rich.table import Table

    table = Table("", "what", "should be", "was")
    for one in shown:
        table.add_row("ok" if one.holds else "NOT SO", one.what, one.expected, one.seen)
    Console(width=None if sys.stdout.isatty() else 160, highlight=False).print(table)


if __name__ == "__main__":
    main()
