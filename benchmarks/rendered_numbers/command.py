"""The command: which sheets, which systems, and where the results go."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import hardware
from benchmarks.peers.systems import variant
from benchmarks.rendered_numbers import fonts as typefaces
from benchmarks.rendered_numbers import report, words
from benchmarks.rendered_numbers.judge import Case
from benchmarks.rendered_numbers.match import match
from benchmarks.rendered_numbers.readers import COMPAT, STOCK, Reader, System
from benchmarks.rendered_numbers.sheets import X_HEIGHTS, Contents, Order, Sheet, every_wear, orders, render

ROOT = Path(__file__).resolve().parents[2]
SEED = 20261130
FAST = "fast"
NUMBERS_A_SHEET = 16
WORDS_A_SHEET = 6
_BATCH = 4
"""Sheets that an engine is given at once."""

_PACKAGES = (
    "rayocr", "onnxruntime", "openvino", "paddleocr", "paddlex", "paddlepaddle", "opencv-contrib-python", "numpy", "pillow",
)  # fmt: skip


@dataclass
class Run:
    """What is to be read, and what was. `cases`: an item each, in the order of the sheets."""

    options: argparse.Namespace
    sheets: Sequence[Order]
    contents: Contents
    systems: Sequence[System]
    readers: list[Reader] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)


def main(description: str | None) -> None:
    """Render, read, judge, print, and write."""
    options = parse(description)
    missing = typefaces.missing() + words.missing()
    if missing:
        say(f"Not installed, and left out: {', '.join(missing)}.\nsudo apt-get install {' '.join(missing)}")
    fonts = [font for font in typefaces.FONTS if font.path.is_file()]
    if not fonts:
        sys.exit("None of the fonts is installed.")
    run = Run(options, chosen(options, fonts), contents(options.seed, options.model), systems(options))
    read(run)
    found = results(run, missing)
    print(report.markdown(found), end="")
    if options.list_wrong:
        list_wrong(run)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    options.output.with_suffix(".md").write_text(report.markdown(found), "utf-8")


def parse(description: str | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="numbers.py", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--items", type=int, help="only the first sheets that hold so many numbers")
    parser.add_argument("--fonts", type=_names, help="only these, names joined by commas")
    parser.add_argument("--wears", type=_names, help=f"only these of {','.join(every_wear())}")
    parser.add_argument(
        "--sizes", type=_names, help=f"only these x-heights of {','.join(map(str, X_HEIGHTS))}"
    )
    parser.add_argument("--systems", type=_names, default=[FAST, COMPAT, STOCK], help="of fast,compat,stock")
    parser.add_argument(
        "--fast", action="append", metavar="NAME:KEY=VALUE,...", help="a variant of our engine"
    )
    parser.add_argument("--model", default="PP-OCRv6_small")
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="keep what is read here, and use it")
    parser.add_argument(
        "--keep", type=_names, default=[COMPAT, STOCK], help="whose readings --cache keeps (compat,stock)"
    )
    parser.add_argument("--list-wrong", action="store_true", help="print each wrong reading")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "numbers.json")
    options = parser.parse_args()
    if unknown := set(options.systems) - {FAST, COMPAT, STOCK}:
        parser.error(f"no system {', '.join(sorted(unknown))}; there are fast, compat and stock")
    if unknown := set(options.wears or ()) - set(every_wear()):
        parser.error(f"no wear {', '.join(sorted(unknown))}; there are {', '.join(every_wear())}")
    if unknown := set(options.fonts or ()) - {font.name for font in typefaces.FONTS}:
        parser.error(f"no font {', '.join(sorted(unknown))}")
    try:
        options.variants = [variant(text) for text in options.fast or precisions(options)]
    except ValueError as error:
        parser.error(str(error))
    return options


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def precisions(options: argparse.Namespace) -> list[str]:
    """Our engine in each arithmetic that this machine has."""
    from actors.engines import describe_engine
    from actors.errors import ConfigError
    from actors.settings import EngineConfig

    found = []
    plain = "runtime=onnxruntime,precision=float32"
    for precision, settings in (
        ("float32", plain),
        ("bfloat16", "precision=bfloat16"),
        ("float16", "precision=float16"),
        ("int8", "precision=int8"),
    ):
        tree = {key: value for key, _, value in (pair.partition("=") for pair in settings.split(","))}
        try:
            config = EngineConfig.model_validate({**tree, "model": options.model, "device": options.device})
            describe_engine(config)
        except (ConfigError, ValueError) as error:
            say(f"{precision} is left out: {error}")
            continue
        found.append(f"{precision}:{settings}")
    return found


def systems(options: argparse.Namespace) -> list[System]:
    """What reads: our variants first, then what they are measured by."""
    base = {"model": options.model, "device": options.device}
    found = []
    if FAST in options.systems:
        found += [
            System(one.name, {**base, "engine": "fast", **one.options["settings"]}, is_fast=True)
            for one in options.variants
        ]
    plain = {"runtime": "onnxruntime", "precision": "float32"}
    if COMPAT in options.systems:
        found.append(System(COMPAT, {**base, **plain, "engine": "fast", "compat": True}))
    if STOCK in options.systems:
        found.append(System(STOCK, {**base, "engine": "stock"}))
    return found


def chosen(options: argparse.Namespace, fonts: Sequence[typefaces.Font]) -> list[Order]:
    """The sheets to read, in their order."""
    todo = [
        order
        for order in orders(fonts, X_HEIGHTS, every_wear(), options.seed)
        if (not options.fonts or order.font.name in options.fonts)
        and (not options.wears or order.wear in options.wears)
        and (not options.sizes or str(order.x_height) in options.sizes)
    ]
    return todo[: -(-options.items // NUMBERS_A_SHEET)] if options.items else todo


def contents(seed: int, model: str) -> Contents:
    """What stands on the sheets; only what the model has characters for."""
    from actors.engines.dictionary import read_dictionary
    from actors.models.cache import ModelStore

    characters = {*read_dictionary(ModelStore().ensure(model)), " "}

    def known(text: str) -> bool:
        return characters.issuperset(text)

    return Contents(seed, NUMBERS_A_SHEET, WORDS_A_SHEET, words.load(known), known)


def read(run: Run) -> None:
    """All sheets with all systems, one system after the other, so that one engine is in memory at a time."""
    texts: list[list[Any]] = []
    for system in run.systems:
        kept = run.options.cache if system.name in run.options.keep else None
        reader = Reader(system, run.options.threads, kept)
        run.readers.append(reader)
        found = []
        for start in range(0, len(run.sheets), _BATCH):
            say(f"{system.name}: sheet {start + 1} of {len(run.sheets)}", end="\r")
            batch = [render(order, run.contents) for order in run.sheets[start : start + _BATCH]]
            reader.read(batch)
            found += [
                match(sheet, lines)
                for sheet, lines in zip(batch, reader.reading.pages[-len(batch) :], strict=True)
            ]
            if system is run.systems[0]:
                for sheet in batch:
                    run.cases += cases_of(sheet)
        reader.close()
        texts.append([one for page in found for one in page])
    names = [system.name for system in run.systems]
    for case, *reads in zip(run.cases, *texts, strict=True):
        case.read.update(zip(names, reads, strict=True))
    say("")


def cases_of(sheet: Sheet) -> list[Case]:
    """A sheet's items, not yet read."""
    order = sheet.order
    return [Case(order.font.name, order.x_height, order.wear, placed.item, {}) for placed in sheet.placed]


def results(run: Run, missing: Iterable[str]) -> dict[str, Any]:
    """The tree that is written."""
    numbers = [case for case in run.cases if case.item.is_number]
    machine = hardware.hardware()
    options = run.options
    return {
        "date": hardware.now(),
        "machine": {"processor": machine.processor, "cores": machine.cores, "memory_gib": machine.memory_gib,
                    "system": machine.system, "cards": [card.name for card in machine.cards]},
        "versions": hardware.versions(_PACKAGES),
        "options": {name: getattr(options, name) for name in ("seed", "items", "fonts", "wears", "sizes", "model", "device", "threads")},
        "settings": {system.name: dict(system.settings) for system in run.systems},
        "missing": list(missing),
        "sheets": len(run.sheets),
        "items": {
            "numbers": len(numbers),
            "equal": sum(bool(case.item.equal) for case in numbers),
            "words": len(run.cases) - len(numbers),
        },
        **report.tree(run.cases, [reader.reading for reader in run.readers], [system.name for system in run.systems if system.is_fast]),
    }  # fmt: skip


def list_wrong(run: Run) -> None:
    """Each reading of ours that is wrong, with stock's beside it."""
    print("\n# Wrong readings\n")
    shown: Callable[[float | None], str] = lambda score: "-" if score is None else f"{score:.3f}"  # noqa: E731
    for system in run.systems:
        if system.name == STOCK and len(run.systems) > 1:
            continue
        for case in run.cases:
            if case.right(system.name):
                continue
            read_ = case.read[system.name]
            stock: Mapping[str, Any] = case.read
            beside = f"   stock {stock[STOCK].text!r} {shown(stock[STOCK].score)}" if STOCK in stock else ""
            print(
                f"{system.name}: {case.font}, {case.x_height} px, {case.wear}, {case.item.kind}: "
                f"{case.item.text!r} -> {read_.text!r} {shown(read_.score)}{beside}"
            )


def say(text: str, end: str = "\n") -> None:
    """One line of progress; those that are written over one another only where a person looks at them."""
    if sys.stderr.isatty():
        print(f"\033[K{text}", end=end, file=sys.stderr, flush=True)
    elif end == "\n" and text:
        print(text, file=sys.stderr, flush=True)
