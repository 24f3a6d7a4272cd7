"""From measurements to ratios and tables; pure functions, but for `machine`."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import hardware
from benchmarks.peers.number_report import number_table, numbers_beside
from benchmarks.peers.number_tokens import NumberScore
from benchmarks.peers.tables import table, yes_or_no

TELLING_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


@dataclass(frozen=True)
class Row:
    """One system on one set in one mode. CPU seconds and pages per second are of recognition alone.

    `numbers`: exact numbers; None on sets without, and in results from before they were counted.
    """

    mode: str
    set: str
    system: str
    ours: bool
    weights: str
    precision: str
    settings: str
    pages: int
    cpu_s_page: float
    cpu_s_page_first: float
    pages_per_s: float
    peak_rss_mb: float
    measure: str
    f1: float
    text_precision: float
    text_recall: float
    errors: int
    start_cpu_s: float
    start_wall_s: float
    numbers: NumberScore | None = None


@dataclass(frozen=True)
class Ratio:
    """A variant of ours against the cheapest peer with weights of the same size, on one set."""

    mode: str
    set: str
    variant: str
    weights: str
    peer: str
    cpu_s_page: float
    peer_cpu_s_page: float
    ratio: float
    ratio_first: float
    f1: float
    peer_f1: float

    @property
    def no_lower_f1(self) -> bool:
        """Whether it reads at least as well as that peer."""
        return self.f1 >= self.peer_f1


@dataclass(frozen=True)
class Mean:
    """Geometric mean of a variant's ratios; `complete` if over all sets that it is meant to be over."""

    mode: str
    variant: str
    ratio: float
    ratio_first: float
    no_lower_f1: bool
    sets: tuple[str, ...]
    complete: bool


def geometric_mean(values: Sequence[float]) -> float:
    """Geometric mean of positive numbers. Raises ValueError for none."""
    if not values:
        raise ValueError("a mean of nothing")
    return math.exp(sum(map(math.log, values)) / len(values))


def ratios(rows: Sequence[Row]) -> list[Ratio]:
    """Each variant of ours against the cheapest peer of its class that read every page."""
    found = []
    for row in rows:
        peers = [peer for peer in rows if _is_peer(peer, row)]
        if not row.ours or not peers:
            continue
        best = min(peers, key=lambda peer: peer.cpu_s_page)
        first = min(peer.cpu_s_page_first for peer in peers)
        found.append(
            Ratio(
                row.mode,
                row.set,
                row.system,
                row.weights,
                best.system,
                row.cpu_s_page,
                best.cpu_s_page,
                row.cpu_s_page / best.cpu_s_page,
                row.cpu_s_page_first / first,
                row.f1,
                best.f1,
            )
        )
    return found


def _is_peer(peer: Row, row: Row) -> bool:
    same = (peer.mode, peer.set, peer.weights) == (row.mode, row.set, row.weights)
    return same and not peer.ours and not peer.errors and peer.cpu_s_page > 0


def means(found: Sequence[Ratio], sets: Sequence[str]) -> list[Mean]:
    """The geometric mean over `sets`, for each variant and mode that was measured on any of them."""
    result = []
    for mode, variant in dict.fromkeys((ratio.mode, ratio.variant) for ratio in found):
        ours = [
            one
            for one in found
            if (one.mode, one.variant) == (mode, variant) and one.set in sets and one.ratio > 0
        ]
        if not ours:
            continue
        result.append(
            Mean(
                mode,
                variant,
                geometric_mean([one.ratio for one in ours]),
                geometric_mean([one.ratio_first for one in ours]),
                all(one.no_lower_f1 for one in ours),
                tuple(one.set for one in ours),
                {one.set for one in ours} == set(sets),
            )
        )
    return result


def markdown(tree: Mapping[str, Any], rows: Sequence[Row], target_sets: Sequence[str]) -> str:
    """The whole report."""
    found = ratios(rows)
    parts = [_heading(tree)]
    for mode, name in dict.fromkeys((row.mode, row.set) for row in rows):
        parts.append(_set_table(mode, name, [row for row in rows if (row.mode, row.set) == (mode, name)]))
    parts.append(_ratio_tables(found, means(found, target_sets), target_sets))
    if beside := numbers_beside(rows):
        parts.append(number_table(beside))
    if tree["left_out"]:
        parts.append(_left_out(tree["left_out"]))
    parts.append(_systems(tree, rows))
    return "\n\n".join(parts) + "\n"


def _heading(tree: Mapping[str, Any]) -> str:
    hardware, options = tree["machine"], tree["options"]
    lines = [
        "# Engines and their peers",
        "",
        f"{tree['date']}. {hardware['cpu']}, {hardware['cores']} cores, {hardware['memory_gib']} GiB, "
        f"{', '.join(hardware['flags']) or 'none of the telling flags'}; {hardware['system']}. "
        f"Load before: {hardware['load']:.1f}.",
        "",
        f"Written by `python benchmarks/compare.py`; {options['rounds']} round(s), "
        f"turns of {options['chunk']} pages a process, {options['processes']} processes for all cores.",
    ]
    return "\n".join(lines)


def _set_table(mode: str, name: str, rows: Sequence[Row]) -> str:
    measure = rows[0].measure
    header = (
        "system", "weights", "arithmetic", "CPU s/page", "first round", "pages/s", "peak RSS MB",
        f"{measure} F1", f"{measure} precision", "numbers", "errors", "start CPU s",
    )  # fmt: skip
    cells = [
        (
            row.system,
            row.weights,
            row.precision,
            f"{row.cpu_s_page:.3f}",
            f"{row.cpu_s_page_first:.3f}",
            f"{row.pages_per_s:.3f}",
            f"{row.peak_rss_mb:.0f}",
            f"{row.f1:.3f}",
            f"{row.text_precision:.3f}",
            f"{row.numbers.f1:.4f}" if row.numbers else "-",
            str(row.errors),
            f"{row.start_cpu_s:.1f}",
        )
        for row in rows
    ]
    return f"## {name}, {mode}, {rows[0].pages} pages\n\n{table(header, cells, text_columns=3)}"


def _ratio_tables(found: Sequence[Ratio], over: Sequence[Mean], target_sets: Sequence[str]) -> str:
    lines = [
        "## Our engine against the best peer",
        "",
        "CPU seconds a page over those of the cheapest peer with weights of the same size, in the same run.",
        "",
    ]
    header = (
        "mode", "variant", "set", "best peer", "CPU s/page", "peer's", "ratio", "ratio, first round",
        "F1", "peer's F1", "F1 no lower",
    )  # fmt: skip
    cells = [
        (
            one.mode,
            one.variant,
            one.set,
            f"{one.peer} ({one.weights})",
            f"{one.cpu_s_page:.3f}",
            f"{one.peer_cpu_s_page:.3f}",
            f"{one.ratio:.3f}",
            f"{one.ratio_first:.3f}",
            f"{one.f1:.3f}",
            f"{one.peer_f1:.3f}",
            yes_or_no(one.no_lower_f1),
        )
        for one in found
    ]
    lines += [table(header, cells, text_columns=4), "", f"Geometric mean over {', '.join(target_sets)}:", ""]
    mean_header = ("mode", "variant", "ratio", "ratio, first round", "F1 no lower on each", "sets measured")
    mean_cells = [
        (
            one.mode,
            one.variant,
            f"{one.ratio:.3f}",
            f"{one.ratio_first:.3f}",
            yes_or_no(one.no_lower_f1),
            "all" if one.complete else f"only {', '.join(one.sets)}",
        )
        for one in over
    ]
    return "\n".join([*lines, table(mean_header, mean_cells, text_columns=2)])


def _left_out(cases: Sequence[Mapping[str, str]]) -> str:
    where: dict[tuple[str, str], list[str]] = {}
    for one in cases:
        where.setdefault((one["system"], one["reason"]), []).append(f"{one['set']} {one['mode']}")
    lines = [f"- {system}: {reason} ({', '.join(places)})" for (system, reason), places in where.items()]
    return "\n".join(["## Left out", "", *lines])


def _systems(tree: Mapping[str, Any], rows: Sequence[Row]) -> str:
    settings = {
        name: "; or ".join(dict.fromkeys(row.settings for row in rows if row.system == name))
        for name in tree["versions"]
    }
    cells = [
        (name, settings[name], ", ".join(f"{key} {value}" for key, value in versions.items()))
        for name, versions in tree["versions"].items()
    ]
    return f"## Settings and versions\n\n{table(('system', 'settings', 'versions'), cells, text_columns=3)}"


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    told = hardware.processor_facts()
    flags = told.get("flags", "").split()
    return {
        "cpu": hardware.processor(),
        "family_model": f"{told.get('cpu family', '?')}/{told.get('model', '?')}",
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": hardware.memory_gib(),
        "flags": [flag for flag in TELLING_FLAGS if flag in flags],
        "system": hardware.system(),
        "load": os.getloadavg()[0],
    }
