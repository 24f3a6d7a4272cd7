"""The tables of a run, as a tree for JSON and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.peers.tables import table
from benchmarks.rendered_numbers import judge
from benchmarks.rendered_numbers.judge import DIMENSIONS, PROMISES, Case, Paired
from benchmarks.rendered_numbers.readers import Reading
from benchmarks.rendered_numbers.systems import PEERS, STOCK
from benchmarks.rendered_numbers.wear import CLEAN

ASKED_LOST = 0.001
ASKED_CER = 0.0005
NOISE = 0.001
"""How many numbers a variant may lose of those that stock reads; how much worse its CER on clean pages may
be; and what is no difference between two shares."""

_GROUPS: Mapping[str, Callable[[Case], str]] = {
    **DIMENSIONS,
    "kind": lambda case: case.item.kind,
    "equal neighbors": lambda case: "equal" if case.item.equal else "none equal",
}


def tree(cases: Sequence[Case], readings: Sequence[Reading], variants: Sequence[str]) -> dict[str, Any]:
    """All results."""
    numbers = [case for case in cases if case.item.is_number]
    words = [case for case in cases if not case.item.is_number]
    systems = [reading.system for reading in readings]
    against = [name for name in systems if name != STOCK] if STOCK in systems else []
    peers = [name for name in systems if name == STOCK or name in PEERS]
    return {
        "systems": {
            reading.system: {
                "is": reading.told,
                "cpu_s_page": reading.cpu_s / reading.read_now if reading.read_now else None,
                "faults": reading.faults,
                "strays": reading.strays,
                **overall(numbers, words, reading.system),
            }
            for reading in readings
        },
        "numbers": {name: _by(numbers, key, systems, judge.exact) for name, key in _GROUPS.items()},
        "words": {
            name: _by(words, key, systems, judge.exact)
            for name, key in {**DIMENSIONS, "language": _language}.items()
        },
        "characters of words": {
            name: _by(words, key, systems, judge.character_errors) for name, key in DIMENSIONS.items()
        },
        "promises": [
            {"system": system, "of": name, **asdict(judge.promise(group, system, least))}
            for system in systems
            for name, group in (("numbers", numbers), ("words", words), ("clean", _clean(cases)))
            for least in PROMISES
        ],
        "against_stock": {name: against_stock(cases, name) for name in against},
        "targets": [asked for name in variants if name in against for asked in targets(cases, name, peers)],
    }


def overall(numbers: Sequence[Case], words: Sequence[Case], system: str) -> dict[str, Any]:
    """One system's row of the first table."""
    equal = [case for case in numbers if case.item.equal]
    other = [case for case in numbers if not case.item.equal]
    return {
        "numbers": judge.exact(numbers, system).value,
        "numbers_equal": judge.exact(equal, system).value,
        "numbers_other": judge.exact(other, system).value,
        "numbers_clean": judge.exact(_clean(numbers), system).value,
        "numbers_cer": judge.character_errors(numbers, system).value,
        "words": judge.exact(words, system).value,
        "words_cer": judge.character_errors(words, system).value,
        "words_cer_clean": judge.character_errors(_clean(words), system).value,
    }


def against_stock(cases: Sequence[Case], system: str) -> dict[str, Any]:
    """Numbers paired with stock's: all together, and by font, size, wear and kind."""
    numbers = [case for case in cases if case.item.is_number]
    lost, won = judge.lost_and_won(numbers, system, STOCK)
    share = judge.lost_share(numbers, system, STOCK)
    return {
        "lost": lost,
        "won": won,
        "p": judge.mcnemar(lost, won),
        "read_by_stock": share.whole,
        "lost_share": share.value,
        "paired": [asdict(one) | {"is_worse": one.is_worse} for one in judge.paired(numbers, system, STOCK)],
    }


def targets(cases: Sequence[Case], system: str, peers: Sequence[str]) -> list[dict[str, Any]]:
    """What a variant of ours must reach on rendered sheets, and whether it does. `peers`: those that read
    the same sheets, stock among them."""
    numbers = [case for case in cases if case.item.is_number]
    words = _clean([case for case in cases if not case.item.is_number])
    ours = judge.exact(numbers, system).value
    worse = [one for one in judge.paired(numbers, system, STOCK) if one.is_worse]
    lost = judge.lost_share(numbers, system, STOCK)
    cer, stocks = (judge.character_errors(words, name).value for name in (system, STOCK))

    def target(name: str, asked: str, measured: str, held: bool) -> dict[str, Any]:
        return {"system": system, "target": name, "asked": asked, "measured": measured, "held": held}

    found = []
    for peer in peers:
        least = judge.exact(numbers, peer).value - NOISE
        found.append(target(f"numbers exact as {peer}", f"{least:.4f}", f"{ours:.4f}", ours >= least))
    return [
        *found,
        target("fonts, sizes, wears, kinds worse than stock", "none", _names(worse), not worse),
        target(
            "of stock's numbers lost",
            f"{ASKED_LOST:.2%}",
            f"{lost.value:.2%} ({lost.part} of {lost.whole})",
            lost.value <= ASKED_LOST,
        ),
        target("CER of clean words", f"{stocks + ASKED_CER:.4f}", f"{cer:.4f}", cer <= stocks + ASKED_CER),
    ]


def _names(worse: Iterable[Paired]) -> str:
    return ", ".join(one.value for one in worse) or "none"


def _clean(cases: Iterable[Case]) -> list[Case]:
    return [case for case in cases if case.wear == CLEAN]


def _language(case: Case) -> str:
    return case.item.language or ""


def _by(
    cases: Sequence[Case],
    key: Callable[[Case], str],
    systems: Sequence[str],
    measure: Callable[[Sequence[Case], str], judge.Share],
) -> dict[str, dict[str, Any]]:
    return {
        value: {"items": len(group)} | {system: measure(group, system).value for system in systems}
        for value, group in sorted(judge.split(cases, key).items(), key=lambda pair: _rank(pair[0]))
    }


def _rank(value: str) -> tuple[int, str]:
    """Sizes by number, the clean sheets first, all else by name."""
    first = value.partition(" ")[0]
    return (int(first) if first.isdigit() else -1 if value == CLEAN else 0, value)


def markdown(found: Mapping[str, Any]) -> str:
    """The whole report."""
    parts = [
        _heading(found),
        _overall(found["systems"]),
        _targets(found["targets"]),
        _promises(found["promises"]),
        _paired(found["against_stock"]),
    ]
    parts += [_table(f"Numbers read exactly, by {name}", rows) for name, rows in found["numbers"].items()]
    parts += [_table(f"Words read exactly, by {name}", rows) for name, rows in found["words"].items()]
    parts += [
        _table(f"Character error rate of words, by {name}", rows)
        for name, rows in found["characters of words"].items()
    ]
    parts.append(_versions(found))
    return "\n\n".join(part for part in parts if part) + "\n"


def _heading(found: Mapping[str, Any]) -> str:
    machine, options = found["machine"], found["options"]
    lines = [
        "# Numbers and words on rendered sheets",
        "",
        f"{found['date']}. {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB; "
        f"{machine['system']}.",
        "",
        f"Written by `python benchmarks/numbers.py`: seed {options['seed']}, {found['sheets']} sheets, "
        f"{found['items']['numbers']} numbers ({found['items']['equal']} with equal neighbors) and "
        f"{found['items']['words']} words in {len(found['numbers']['font'])} fonts.",
    ]
    if found["missing"]:
        lines += ["", f"Not installed, and left out: {', '.join(found['missing'])}."]
    return "\n".join(lines)


def _overall(systems: Mapping[str, Any]) -> str:
    header = (
        "system", "engine", "numbers exact", "equal neighbors", "none equal", "clean sheets",
        "CER of numbers", "words exact", "CER of words", "CER of clean words", "CPU s/sheet", "strays",
        "faults",
    )  # fmt: skip
    names = (
        "numbers", "numbers_equal", "numbers_other", "numbers_clean", "numbers_cer", "words", "words_cer",
        "words_cer_clean",
    )  # fmt: skip
    rows = [
        (
            system,
            row["is"],
            *(f"{row[name]:.4f}" for name in names),
            "-" if row["cpu_s_page"] is None else f"{row['cpu_s_page']:.3f}",
            str(row["strays"]),
            str(row["faults"]),
        )
        for system, row in systems.items()
    ]
    return f"## All\n\n{table(header, rows, text_columns=2)}"


def _targets(asked: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (one["system"], one["target"], one["asked"], one["measured"], "yes" if one["held"] else "NO")
        for one in asked
    ]
    header = ("system", "target", "asked", "measured", "held")
    return f"## Asked and measured\n\n{table(header, rows, text_columns=2)}" if rows else ""


def _promises(promises: Sequence[Mapping[str, Any]]) -> str:
    header = ("system", "of", "score from", "items", "wrong items", "characters", "wrong characters", "share")
    rows = [
        (
            one["system"],
            one["of"],
            f"{one['least']:.2f}",
            str(one["items"]),
            str(one["items_wrong"]),
            str(one["characters"]),
            str(one["wrong"]),
            f"{one['wrong'] / one['characters']:.3%}" if one["characters"] else "-",
        )
        for one in promises
    ]
    title = "## A score is a promise\n\nCharacters that are wrong, missing or too many, in items of a score."
    return f"{title}\n\n{table(header, rows, text_columns=2)}"


def _paired(against: Mapping[str, Any]) -> str:
    if not against:
        return ""
    header = ("system", "numbers", "only stock reads", "only it reads", "p", "p, corrected", "worse")
    rows = []
    for system, one in against.items():
        rows.append((system, "all", str(one["lost"]), str(one["won"]), f"{one['p']:.2g}", "", ""))
        rows += [
            (
                system,
                f"{group['dimension']}: {group['value']}",
                str(group["lost"]),
                str(group["won"]),
                f"{group['p']:.2g}",
                f"{group['held']:.2g}",
                "WORSE" if group["is_worse"] else "",
            )
            for group in one["paired"]
            if group["lost"] or group["won"]
        ]
    lost = [
        f"- {system}: of {one['read_by_stock']} numbers that stock reads, it loses {one['lost']} "
        f"({one['lost_share']:.3%})"
        for system, one in against.items()
    ]
    title = (
        "## Paired with stock\n\nMcNemar's exact test to both sides, Holm's correction over all fonts, sizes "
        "and wears; groups without a difference are left out."
    )
    return "\n".join([title, "", *lost, "", table(header, rows, text_columns=2)])


def _table(title: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    systems = [name for name in next(iter(rows.values())) if name != "items"]
    cells = [
        (value, str(row["items"]), *(f"{row[system]:.4f}" for system in systems))
        for value, row in rows.items()
    ]
    return f"## {title}\n\n{table(('', 'items', *systems), cells, text_columns=1)}"


def _versions(found: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return f"## Versions\n\n{versions}"
