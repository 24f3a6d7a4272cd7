"""Kill a job again and again, and see that every page is there exactly once at the end.

    python -m tests.faults.stress --minutes 30 --runner ray --kills 20 [--seed 1]

One job over generated pages, with documents added and changed on the way: run, SIGKILL to one of its
processes (driver, engine, decoder, Ray's own driver, decode worker, raylet), resume. Kills of the driver are
aimed at each phase in turn, or come at random; the driver is stopped for a moment, its phase is read off its
output, and it is killed or goes on. At the end the output must equal that of an undisturbed run. Exit code 1
if it does not, if a run hangs, or if a phase was never hit.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli import start
from tests.faults.phases import PHASES, Output
from tests.faults.processes import Tree, kill
from tests.pictures import picture, tiff

_PAGES_A_TIFF = 3
_TRIES = 8
"""Runs that may end before the moment came."""

_YOUNG_S = 1.5

_ENDS = (0, 4, -9)
"""Exit codes of a run that something was killed of."""

_AIMS = {
    "inline": [("engine", ""), ("decoder", ""), ("driver", "")],
    "ray": [
        ("engine", ""),
        ("decoder", ""),
        ("decode worker", ""),
        ("raylet", ""),
        ("Ray's driver", ""),
        ("driver", ""),
    ],
}
"""Whom to kill besides the driver in each of its phases; no phase: at a random moment."""


@dataclass(frozen=True, slots=True)
class Kill:
    """What was done: who died, when, in which phase, and what became of the run."""

    number: int
    victim: str
    phase: str
    seconds: float
    exit_code: int | None
    left: tuple[str, ...] = ()


@dataclass(slots=True)
class Job:
    """The source that grows, and the output."""

    folder: Path
    runner: str
    rng: random.Random
    documents: int = 0
    pages: int = 0
    page_s: float = 0.05

    @property
    def source(self) -> Path:
        """The pages."""
        return self.folder / "in"

    @property
    def output(self) -> Output:
        """The table."""
        return Output(self.folder / "out", self.pages)

    def grow(self, documents: int, changes: int) -> None:
        """More to do: new documents, and some that changed."""
        self.source.mkdir(exist_ok=True)
        known = sorted(self.source.glob("*.png"))
        for file in self.rng.sample(known, min(changes, len(known))):
            picture(self.rng.randrange(1 << 30)).save(file)
        for _ in range(documents):
            self.documents += 1
            if self.documents % 7 == 0:
                tiff(self.source / f"{self.documents:04}.tif", _PAGES_A_TIFF, seed=self.documents * 100)
                self.pages += _PAGES_A_TIFF
            else:
                picture(self.documents).save(self.source / f"{self.documents:04}.png")
                self.pages += 1

    def begin(self, output: Path | None = None) -> subprocess.Popen[str]:
        """Start a run; into another output, it is one without Ray."""
        settings = {
            "engine.engine": "fake",
            "engine.fake": f"{{'*': 'sleep:{self.page_s}'}}",
            "output.flush_seconds": "0.3",
            "output.max_failed_fraction": "0",
            "ocr.timeout_s": "10",
            "resources.actor_start_timeout_s": "90",
            "resources.batch_pages": "4",
        }
        options = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
        target = output or self.output.folder
        runner = "inline" if output else self.runner
        return start("run", "-i", self.source, "-o", target, "--runner", runner, *options)


@dataclass(slots=True)
class Stress:
    """One job's kills."""

    job: Job
    rng: random.Random
    run_timeout_s: float = 240.0
    kills: list[Kill] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def strike(self, victim: str, phase: str, missed: int = 0) -> bool:
        """Run, kill, and wait for the end; whether the aim was met. `missed`: how often it was not."""
        process = self.job.begin()
        tree = Tree(process.pid)
        began = time.monotonic()
        struck = self._wait_and_kill(process, tree, victim, phase, missed)
        seconds = time.monotonic() - began
        exit_code, errors = self._ended(process)
        left = tree.end()
        if struck:
            one = Kill(len(self.kills) + 1, victim, struck, seconds, exit_code, tuple(left))
            self.kills.append(one)
            words = f"kill {one.number:>3}  {victim:<14}{struck:<11}after {seconds:5.1f} s"
            stayed = f"  stayed: {', '.join(title[:40] for title in left)}" if left else ""
            print(f"{words}  exit {exit_code}{stayed}", flush=True)
        if exit_code not in _ENDS:
            words = f"exit {exit_code} after a kill of {victim} in {struck or 'no phase'}"
            self.troubles.append(f"{words}: {errors[-400:]}")
        return bool(struck)

    def _wait_and_kill(
        self, process: subprocess.Popen[str], tree: Tree, victim: str, phase: str, missed: int
    ) -> str:
        """Wait for the moment; the phase in which the victim died, empty if the run was over before."""
        if victim == "driver" and phase:
            return self._aim(process, tree, phase)
        moment = time.monotonic() + self._random_delay(missed)
        while process.poll() is None:
            found = tree.of_kind(victim)
            if found and time.monotonic() >= moment:
                with tree.frozen():
                    seen = self.job.output.phase(tree)
                    if seen == "end":
                        return ""
                    chosen = self.rng.choice(found)
                    age = time.time() - chosen.create_time()
                    kill(chosen)
                return _phase_of(victim, seen, age)
            time.sleep(0.02)
        return ""

    def _random_delay(self, missed: int) -> float:
        """Seconds from the start, within half the time after each run that was over before."""
        whole = 4.0 if self.job.runner == "inline" else 25.0
        return self.rng.uniform(0.2, max(whole / 2**missed, 0.4))

    def _aim(self, process: subprocess.Popen[str], tree: Tree, phase: str) -> str:
        """Look quickly, freeze, look closely, and kill if it is the phase."""
        output = self.job.output
        not_before = time.monotonic() + (self.rng.uniform(0.02, 0.4) if phase == "listing" else 0)
        while process.poll() is None:
            if time.monotonic() < not_before or not _may_be(output, phase):
                time.sleep(0.0005)
                continue
            with tree.frozen():
                if output.phase(tree) == phase:
                    tree.look()
                    kill(tree.driver)
                    return phase
            tree.look()
            time.sleep(0.002)
        return ""

    def _ended(self, process: subprocess.Popen[str]) -> tuple[int | None, str]:
        try:
            _, errors = process.communicate(timeout=self.run_timeout_s)
        except subprocess.TimeoutExpired:
            self.troubles.append(f"a run hung for {self.run_timeout_s:.0f} s")
            process.kill()
            process.communicate()
            return None, ""
        return process.returncode, errors


def _phase_of(victim: str, seen: str, age: float) -> str:
    """What the victim was doing: an engine that is young is being built."""
    if victim in ("decoder", "decode worker"):
        return "decode"
    return ("start" if age < _YOUNG_S else "recognise") if victim == "engine" else seen


def _may_be(output: Output, phase: str) -> bool:
    """A cheap look, so that the driver is not stopped for nothing."""
    folder = output.folder
    if phase in ("stage", "gap"):
        return bool(output.staged())
    if phase == "publish":
        return output.published_now()
    if phase == "supersede":
        return any(folder.glob("_swap/*.json")) or bool(output.staged())
    if phase in ("start", "verify", "recognise"):
        return (folder / "_lock.json").exists()
    return True


def aims(runner: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """For ever: each phase of the driver, and the other victims in between, in a new order each time."""
    driver = [("driver", phase) for phase in PHASES if phase != "decode"]
    while True:
        round_ = [*driver, *_AIMS[runner]]
        rng.shuffle(round_)
        yield from round_


def compare(job: Job, stress: Stress) -> None:
    """Finish the job, do it anew without kills, and compare all pages."""
    import duckdb

    for target in (None, job.folder / "undisturbed"):
        process = job.begin(target)
        _, errors = process.communicate(timeout=1800)
        if process.returncode:
            stress.troubles.append(f"the last run ended with {process.returncode}: {errors[-500:]}")
    mine, other = (f"'{job.folder / name}/pages/*.parquet'" for name in ("out", "undisturbed"))
    volatile = "exclude (run_id, written_at, timings, attempts)"
    queries = {
        "rows are missing or wrong": f"from (select * {volatile} from {other} except all "
        f"select * {volatile} from {mine})",
        "rows are there and should not be": f"from (select * {volatile} from {mine} except all "
        f"select * {volatile} from {other})",
        "pages are there twice": f"from (select 1 from {mine} group by document_id, page_index "
        "having count(*) > 1)",
        "pages failed": f"from {mine} where status = 'failed'",
    }
    for words, query in queries.items():
        count = duckdb.execute(f"select count(*) {query}").fetchall()[0][0]
        if count:
            stress.troubles.append(f"{count} {words}")
    rows = duckdb.execute(f"select count(*) from {mine}").fetchall()[0][0]
    print(f"{rows} pages of {job.pages} at the end", flush=True)
    rest = [
        *job.folder.glob("out/_staging/*/*"),
        *job.folder.glob("out/_swap/*"),
        *job.folder.glob("out/_l*"),
    ]
    if rest:
        stress.troubles.append(f"left behind: {[file.name for file in rest]}")


def table(kills: list[Kill]) -> str:
    """Kills by victim and phase."""
    counts = Counter((one.victim, one.phase) for one in kills)
    victims = sorted({one.victim for one in kills})
    lines = [f"{'':<12}" + "".join(f"{victim:>15}" for victim in victims)]
    for phase in PHASES:
        lines.append(f"{phase:<12}" + "".join(f"{counts[victim, phase] or '':>15}" for victim in victims))
    return "\n".join(lines)


def stress(
    runner: str, kills: int, minutes: float, seed: int, wanted: list[tuple[str, str]] | None = None
) -> Stress:
    """Kill so often, or so long; `wanted`: only these, in order. Says who was killed, and what went wrong."""
    rng = random.Random(seed)
    ends = time.monotonic() + minutes * 60
    with tempfile.TemporaryDirectory(prefix="stress-") as scratch:
        job = Job(Path(scratch), runner, rng)
        job.grow(30, 0)
        run = Stress(job, rng)
        for victim, phase in wanted if wanted is not None else aims(runner, rng):
            for missed in range(_TRIES):
                struck = run.strike(victim, phase, missed)
                job.grow(6, 3)
                if struck or time.monotonic() > ends:
                    break
            if len(run.kills) >= kills or time.monotonic() > ends:
                break
        if wanted is not None:
            job.runner = "inline"  # nothing is killed any more, and what is left is the same for both
        compare(job, run)
    spared = [phase for phase in PHASES if phase not in {one.phase for one in run.kills}]
    if spared and wanted is None:
        run.troubles.append(f"never hit: {', '.join(spared)}")
    return run


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runner", choices=sorted(_AIMS), default="inline")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"{options.runner}, seed {options.seed}", flush=True)
    run = stress(options.runner, options.kills, options.minutes, options.seed)
    print(table(run.kills))
    for trouble in run.troubles:
        print(f"FAILED: {trouble}")
    return 1 if run.troubles else 0


if __name__ == "__main__":
    sys.exit(main())
