"""What was measured against what was asked for; pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from actors.engines.fast.stages import ON_DEVICE
from benchmarks.card.files import Run
from benchmarks.card.reader import Pass
from benchmarks.equality import Equality, compare_lines

STOCK = "stock"
TIMES_STOCK = 8.0
PAGES_PER_S = {"funsd": 270.0}
"""Of one card, from decoded pages: what the fastest server with the same models says of itself."""

F1_WITHIN = 0.002
EQUAL_LINES = 0.99
MANY = 4
"""Engines on a card that must be worth it, or not be chosen."""


@dataclass(frozen=True)
class Gap:
    """Shares (0..1) of an engine's time: `models`: they run; `waiting`: for work of the host in other
    threads; `own`: of the thread that runs them. `limit`: pages a second if it did nothing but run them."""

    models: float
    waiting: float
    own: float
    limit: float


@dataclass(frozen=True)
class EngineRow:
    """One engine on one set, in one process, from decoded pages. `stages`, `cpu`: milliseconds a page by
    stage, by the clock and of CPUs, of all threads together (empty where it does not count); `f1`: of words,
    by the data's own scorer; `lines`, `equal`: against the CPU's float32; `lines_alike`, `equal_alike`:
    against the same with a card's sizes of lines and pages, so that arithmetic alone differs; `errors`:
    failed pages."""

    set: str
    variant: str
    runtime: str
    precision: str
    pages_per_s: float
    first_pages_per_s: float
    stages: Mapping[str, float]
    cpu: Mapping[str, float]
    warm_up_s: float
    decode_ms: float
    start_s: float
    busy: float | None
    memory_mb: int
    f1: float
    lines: int
    equal: int
    lines_alike: int
    equal_alike: int
    errors: int

    @property
    def equal_share(self) -> float:
        """Part of the lines that are as on the CPU."""
        return self.equal / self.lines if self.lines else 1.0

    @property
    def alike_share(self) -> float:
        """Part of the lines that are as on the CPU with a card's sizes."""
        return self.equal_alike / self.lines_alike if self.lines_alike else 1.0

    @property
    def gap(self) -> Gap | None:
        """Where the time of its calls goes; None where it does not count."""
        total = self.stages.get("total", 0.0)
        if not total:
            return None
        models = sum(self.stages.get(stage, 0.0) for stage in ON_DEVICE)
        waiting = self.stages.get("waiting", 0.0)
        return Gap(
            models=models / total,
            waiting=waiting / total,
            own=max(0.0, total - models - waiting) / total,
            limit=1000 / models if models else 0.0,
        )


@dataclass(frozen=True)
class Target:
    """What was asked for, beside what was measured; `held`: None where it was not."""

    name: str
    asked: str
    measured: str
    held: bool | None


def engine_row(variant: str, one: Pass, reference: Pass, alike: Pass, f1: float) -> EngineRow:
    """A pass, and how it reads beside the CPU's; `alike`: the CPU's with a card's sizes."""
    same = sum((_equality(one, reference, file) for file in one.read), Equality())
    same_alike = sum((_equality(one, alike, file) for file in one.read), Equality())
    per_page = 1000 / one.pages if one.pages else 0.0
    return EngineRow(
        set=one.set,
        variant=variant,
        runtime=one.runtime,
        precision=one.precision,
        pages_per_s=one.pages_per_s,
        first_pages_per_s=1 / one.first_s if one.first_s else 0.0,
        stages={name: seconds * per_page for name, seconds in one.stages.items()},
        cpu={name: seconds * per_page for name, seconds in one.cpu.items()},
        warm_up_s=one.warm_up_s,
        decode_ms=1000 * one.decode_s,
        start_s=one.start_s,
        busy=one.busy,
        memory_mb=one.memory_mb,
        f1=f1,
        lines=same.lines,
        equal=same.equal,
        lines_alike=same_alike.lines,
        equal_alike=same_alike.equal,
        errors=sum(page.error is not None for page in one.read.values()),
    )


def _equality(one: Pass, reference: Pass, file: str) -> Equality:
    return compare_lines(file, reference.read[file].texts, one.read[file].texts)


def targets(
    rows: Sequence[EngineRow],
    cpu_f1: Mapping[str, float],
    runs: Sequence[Run],
    chosen: Callable[[Sequence[Run]], float],
) -> list[Target]:
    """All targets. `chosen`: the share of a card that the plan gives each engine, knowing these runs."""
    ours = [row for row in rows if row.variant != STOCK]
    sets = list(dict.fromkeys(row.set for row in ours))
    found = [_times_stock(name, rows, ours) for name in sets]
    found += [_pages_per_s(name, asked, ours) for name, asked in PAGES_PER_S.items()]
    found += [_f1(row, cpu_f1[row.set]) for row in ours]
    half = [row for row in ours if row.precision == "float16"]
    found.append(_equal_lines("", sum(row.lines for row in half), sum(row.equal for row in half)))
    alike = sum(row.lines_alike for row in half), sum(row.equal_alike for row in half)
    found.append(_equal_lines(" with a card's sizes", *alike))
    groups = dict.fromkeys((run.set, run.variant) for run in runs)
    found += [_sharing([run for run in runs if (run.set, run.variant) == group], chosen) for group in groups]
    return found


def _fastest(ours: Sequence[EngineRow], name: str) -> EngineRow | None:
    return max(
        (row for row in ours if row.set == name and not row.errors),
        key=lambda row: row.pages_per_s,
        default=None,
    )


def _times_stock(name: str, rows: Sequence[EngineRow], ours: Sequence[EngineRow]) -> Target:
    title, asked = f"{name}: pages a second over stock's", f"{TIMES_STOCK:g} times"
    stock = next((row for row in rows if (row.set, row.variant) == (name, STOCK)), None)
    best = _fastest(ours, name)
    if stock is None or best is None or not stock.pages_per_s:
        return Target(title, asked, "stock was not measured" if best else "not measured", None)
    times = best.pages_per_s / stock.pages_per_s
    return Target(title, asked, f"{times:.1f} times ({best.variant})", times >= TIMES_STOCK)


def _pages_per_s(name: str, asked: float, ours: Sequence[EngineRow]) -> Target:
    title, best = f"{name}: pages a second, decoded pages, one card", _fastest(ours, name)
    if best is None:
        return Target(title, f"{asked:g}", "not measured", None)
    measured = f"{best.pages_per_s:.1f} ({best.variant})"
    return Target(title, f"{asked:g}", measured, best.pages_per_s >= asked)


def _f1(row: EngineRow, cpu: float) -> Target:
    title = f"{row.set}: word F1 of {row.variant} against the CPU's"
    measured = f"{row.f1:.4f} against {cpu:.4f}"
    return Target(title, f"within {F1_WITHIN:g}", measured, abs(row.f1 - cpu) <= F1_WITHIN + 1e-9)


def _equal_lines(how: str, lines: int, equal: int) -> Target:
    title, asked = f"lines in float16 that are as on the CPU{how}, all sets", f"{EQUAL_LINES:.0%}"
    if not lines:
        return Target(title, asked, "float16 was not measured", None)
    return Target(title, asked, f"{equal / lines:.2%} of {lines:,}", equal / lines >= EQUAL_LINES)


def _sharing(runs: Sequence[Run], chosen: Callable[[Sequence[Run]], float]) -> Target:
    title = f"{runs[0].set}: {MANY} {runs[0].variant} engines on a card against 1"
    asked = "more pages a second, or the plan does not choose them"
    rates = {run.engines: run.pages_per_s for run in runs}
    if not {1, MANY} <= set(rates):
        return Target(title, asked, "not measured", None)
    share = chosen(runs)
    plan = f"knowing this, the plan gives each engine {share:g} of a card"
    held = rates[MANY] > rates[1] or not 0 < share <= 1 / MANY
    return Target(title, asked, f"{rates[MANY]:.1f} against {rates[1]:.1f}; {plan}", held)
