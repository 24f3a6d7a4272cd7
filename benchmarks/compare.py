"""This project's engine against its peers, interleaved on the same pages: cost, speed, memory and scores.

    python benchmarks/compare.py                                            # everything: hours on two cores
    python benchmarks/compare.py --sets sroie --pages 8 --mode one-thread   # a look: minutes
    python benchmarks/compare.py --fast fast: --fast latin:charset=latin --rounds 3

Each system runs in an environment of its own, in processes that stay alive for a set. The pages are cut
into turns; each turn goes to every system, in an order that rotates, so that other load hits all alike.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import hardware  # noqa: E402
from benchmarks.peers import pages as labelled  # noqa: E402
from benchmarks.peers import report, systems  # noqa: E402
from benchmarks.peers.number_report import numbers_beside, numbers_tree  # noqa: E402
from benchmarks.peers.pages import Label, PageSet  # noqa: E402
from benchmarks.peers.processes import Pool, Turn, add  # noqa: E402
from benchmarks.peers.report import Row  # noqa: E402
from benchmarks.peers.systems import CannotRunError, System  # noqa: E402

ONE_THREAD, ALL_CORES = "one-thread", "all-cores"


@dataclass(frozen=True)
class Plan:
    """What is measured, and how. `chunk`: pages that a process gets in one turn."""

    data: Path
    sets: tuple[PageSet, ...]
    systems: tuple[System, ...]
    modes: tuple[str, ...]
    pages: int | None
    rounds: int
    chunk: int
    processes: int
    output: Path


@dataclass
class Results:
    """What was found so far; written after every set."""

    tree: dict[str, Any]
    rows: list[Row] = field(default_factory=list)

    def leave_out(self, system: System, mode: str, chosen: PageSet, reason: str) -> None:
        """Say that a system wasn't measured, and why."""
        say(f"{system.name} is left out: {reason}", end="\n")
        self.tree["left_out"].append(
            {"system": system.name, "mode": mode, "set": chosen.name, "reason": reason}
        )

    def write(self, output: Path) -> None:
        """The JSON file, and the tables beside it."""
        found = report.ratios(self.rows)
        tree = self.tree | {
            "rows": [asdict(row) | {"numbers": numbers_tree(row)} for row in self.rows],
            "numbers": [asdict(one) | {"no_lower": one.no_lower} for one in numbers_beside(self.rows)],
            "ratios": [asdict(one) | {"no_lower_f1": one.no_lower_f1} for one in found],
            "means": [asdict(one) for one in report.means(found, labelled.TARGET_SETS)],
        }
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(tree, indent=2) + "\n", encoding="utf-8")
        text = report.markdown(self.tree, self.rows, labelled.TARGET_SETS)
        output.with_suffix(".md").write_text(text, encoding="utf-8")


def main() -> None:
    """Measure, and write the report."""
    plan = parse()
    results = Results(
        {
            "date": hardware.now(),
            "machine": report.machine(),
            "options": {name: getattr(plan, name) for name in ("pages", "rounds", "chunk", "processes")},
            "versions": {},
            "left_out": [],
        }
    )
    with tempfile.TemporaryDirectory(prefix="compare-") as scratch:
        warm = labelled.draw_warm_up(Path(scratch) / "warm-up.png")
        for mode in plan.modes:
            for chosen in plan.sets:
                measure(plan, mode, chosen, warm, results, Path(scratch))
                results.write(plan.output)
    say("", end="")
    print(plan.output.with_suffix(".md").read_text(encoding="utf-8"))


def parse() -> Plan:
    """The plan from the command line."""
    known = {one.name: one for one in labelled.SETS}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", type=_names, default=list(known), help=f"some of {','.join(known)}")
    parser.add_argument("--systems", type=_names, default=[], help="only these; `fast` is all of --fast")
    parser.add_argument(
        "--fast", action="append", metavar="NAME:KEY=VALUE,...", help="a variant of our engine"
    )
    parser.add_argument("--pages", type=int, help="only the first so many pages of each set")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--mode", choices=(ONE_THREAD, ALL_CORES, "both"), default="both")
    parser.add_argument("--chunk", type=int, default=8, help="pages a process gets in one turn (8)")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)), help="for all cores")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "compare.json")
    options = parser.parse_args()
    if unknown := sorted(set(options.sets) - set(known)):
        parser.error(f"no set {', '.join(unknown)}; there are {', '.join(known)}")
    numbers = (options.rounds, options.chunk, options.processes, options.pages or 1)
    if min(numbers) < 1:
        parser.error("--pages, --rounds, --chunk and --processes count from 1")
    try:
        chosen = systems.choose(options.fast or ["fast:"], options.systems)
    except ValueError as error:
        parser.error(str(error))
    return Plan(
        labelled.data_folder(),
        tuple(known[name] for name in options.sets),
        tuple(chosen),
        (ONE_THREAD, ALL_CORES) if options.mode == "both" else (options.mode,),
        options.pages,
        options.rounds,
        options.chunk,
        options.processes,
        options.output,
    )


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def measure(plan: Plan, mode: str, chosen: PageSet, warm: Path, results: Results, scratch: Path) -> None:
    """All systems on one set: start them, take turns, score, end them."""
    pages = labelled.labels(plan.data, chosen, plan.pages, scratch)
    pools: list[Pool] = []
    try:
        for system in plan.systems:
            if system.whole_machine and mode == ONE_THREAD:
                continue
            say(f"{mode}, {chosen.name}: starting {system.name}")
            try:
                pools.append(start(plan, mode, system, chosen, warm))
            except CannotRunError as error:
                results.leave_out(system, mode, chosen, str(error))
        turns = take_turns(plan, mode, chosen, pools, [page.path for page in pages])
        for pool in pools:
            row = summarise(plan, mode, chosen, pool, turns[pool.system.name], pages)
            results.rows.append(row)
            results.tree["versions"][pool.system.name] = pool.introduction["versions"]
    finally:
        for pool in pools:
            pool.close()


def start(plan: Plan, mode: str, system: System, chosen: PageSet, warm: Path) -> Pool:
    """A system's processes: one with one thread, or as many as there are cores. Raises CannotRunError."""
    processes = plan.processes if mode == ALL_CORES and not system.whole_machine else 1
    options = {"threads": 1, "lang": chosen.reading_language, "cores": plan.processes, "warm": str(warm)}
    return Pool(system, processes, options, warm)


def take_turns(
    plan: Plan, mode: str, chosen: PageSet, pools: Sequence[Pool], pages: Sequence[Path]
) -> Mapping[str, list[Turn]]:
    """All rounds of a set; what each system did, round by round."""
    found: dict[str, list[Turn]] = {pool.system.name: [] for pool in pools}
    for number in range(plan.rounds):
        done: dict[str, list[Turn]] = {name: [] for name in found}
        for pool, part, batch in schedule(pools, pages, plan, mode, number):
            say(f"{mode}, {chosen.name}, round {number + 1} of {plan.rounds}: {pool.system.name}")
            done[pool.system.name].append(pool.turn(part, batch))
        for name, turns in done.items():
            found[name].append(add(turns))
    return found


def schedule(
    pools: Sequence[Pool], pages: Sequence[Path], plan: Plan, mode: str, number: int
) -> Iterator[tuple[Pool, Sequence[Path], int]]:
    """Who reads which pages next, how many at a time. The order rotates from turn to turn and round to round.

    With all cores a process takes half a turn at a time, so that none waits long for the others.
    """
    size = plan.chunk * (plan.processes if mode == ALL_CORES else 1)
    batch = max(1, plan.chunk // 2) if mode == ALL_CORES else plan.chunk
    for turn, begin in enumerate(range(0, len(pages), size)):
        shift = (turn + number) % len(pools) if pools else 0
        for pool in [*pools[shift:], *pools[:shift]]:
            if not pool.system.whole_machine:
                yield pool, pages[begin : begin + size], batch
            elif turn == 0:
                yield pool, pages, len(pages)


def summarise(
    plan: Plan, mode: str, chosen: PageSet, pool: Pool, rounds: Sequence[Turn], pages: Sequence[Label]
) -> Row:
    """A row of the table: costs are the mean of all rounds, scores those of the first."""
    total, first, told = add(rounds), rounds[0], pool.introduction
    scores = labelled.score(plan.data, chosen, pages, first.pages)
    processes = plan.processes if mode == ALL_CORES and not pool.system.whole_machine else 1
    return Row(
        mode=mode,
        set=chosen.name,
        system=pool.system.name,
        ours=pool.system.ours,
        weights=told["weights"],
        precision=told["precision"],
        settings=told["settings"],
        pages=len(pages),
        cpu_s_page=_over(total.cpu_s, total.measured),
        cpu_s_page_first=_over(first.cpu_s, first.measured),
        pages_per_s=_over(processes * total.measured, total.busy_s),
        peak_rss_mb=pool.peak_rss_mb,
        measure=chosen.measure,
        f1=scores.f1,
        text_precision=scores.precision,
        text_recall=scores.recall,
        errors=sum(page.error is not None for turn in rounds for page in turn.pages.values()),
        start_cpu_s=told["start_cpu_s"] + _over(total.start_cpu_s, len(rounds)),
        start_wall_s=told["start_wall_s"] + _over(total.start_wall_s, len(rounds)),
        numbers=scores.numbers,
    )


def _over(amount: float, count: float) -> float:
    return amount / count if count else 0.0


def say(text: str, end: str = "") -> None:
    """One line of progress, written over the last one where a person looks at it."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end=end, file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
