"""The command: which sheets, which systems, and where the results go."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from actors.errors import ConfigError
from benchmarks import hardware
from benchmarks.peers.systems import CannotRunError
from benchmarks.rendered_numbers import fonts as typefaces
from benchmarks.rendered_numbers import report, words
from benchmarks.rendered_numbers.judge import Case
from benchmarks.rendered_numbers.match import match
from benchmarks.rendered_numbers.readers import Reading, reader_of
from benchmarks.rendered_numbers.sheets import X_HEIGHTS, Contents, Order, Sheet, orders, render
from benchmarks.rendered_numbers.systems import NAMES, STOCK, System, choose
from benchmarks.rendered_numbers.wear import WEARS

ROOT = Path(__file__).resolve().parents[2]
SEED = 20261130
NUMBERS_A_SHEET = 16
WORDS_A_SHEET = 6
_BATCH = 4
"""Sheets that an engine is given at once."""

_PACKAGES = (
    "rayocr", "onnxruntime", "onnxruntime-gpu", "openvino", "paddlepaddle", "paddlepaddle-gpu", "tensorrt",
    "paddleocr", "paddlex", "opencv-contrib-python", "numpy", "pillow",
)  # fmt: skip


def main(description: str | None) -> None:
    """Render, read, judge, print, and write."""
    options = parse(description)
    missing = typefaces.missing() + words.missing()
    if missing:
        say(f"Not installed, and left out: {', '.join(missing)}.\nsudo apt-get install {' '.join(missing)}")
    todo = chosen(options, list(filter(typefaces.is_installed, typefaces.FONTS)))
    if not todo:
        sys.exit("There is no sheet to read: none of the fonts is installed, or nothing was chosen.")
    content = contents(options.seed, options.model)
    cases = [case for order in todo for case in cases_of(render(order, content))]
    readings = read(options, todo, content, cases)
    found = results(options, todo, cases, readings) | {"missing": missing}
    print(report.markdown(found), end="")
    if options.list_wrong:
        list_wrong(cases, [reading.system for reading in readings])
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    options.output.with_suffix(".md").write_text(report.markdown(found), "utf-8")


def parse(description: str | None) -> argparse.Namespace:
    """The command line; `options.chosen` are its systems."""
    parser = argparse.ArgumentParser(
        prog="numbers.py", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    fonts = {font.name: font for font in typefaces.FONTS}
    add = parser.add_argument
    add("--seed", type=int, default=SEED)
    add("--items", type=int, help="only the first sheets, with so many numbers: all fonts, sizes and wears")
    add("--fonts", type=_some(fonts), default=list(fonts), help="only these, names joined by commas")
    add("--wears", type=_some(WEARS), default=list(WEARS), help=f"only these of {','.join(WEARS)}")
    add("--sizes", type=_some(map(str, X_HEIGHTS)), default=list(map(str, X_HEIGHTS)), help="x-heights in px")
    add("--systems", type=_some(NAMES), default=list(NAMES), help=f"of {','.join(NAMES)}")
    add("--fast", action="append", default=[], metavar="NAME:KEY=VALUE,...", help="a variant of our engine")
    add("--model", default="PP-OCRv6_small")
    add("--device", choices=("cpu", "gpu"), default="cpu")
    add("--threads", type=int, default=1)
    add("--cache", type=Path, metavar="FOLDER", help="keep readings here, and use those of before")
    add("--keep", type=_names, help="whose readings --cache keeps (all but the variants of our engine)")
    add("--list-wrong", action="store_true", help="print each wrong reading, stock's beside it")
    add("--output", type=Path, default=ROOT / "benchmarks" / "results" / "numbers.json")
    options = parser.parse_args()
    if (options.items or 1) < 1 or options.threads < 1:
        parser.error("--items and --threads count from 1")
    try:
        options.chosen = choose(options.systems, options.fast, options.model, options.device, say)
    except ValueError as error:
        parser.error(str(error))
    return options


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _some(known: Any) -> Any:
    """A type for argparse: some of the known names, joined by commas."""
    allowed = list(known)

    def some(text: str) -> list[str]:
        names = _names(text)
        if unknown := [name for name in names if name not in allowed]:
            raise argparse.ArgumentTypeError(f"no {', '.join(unknown)}; there are {', '.join(allowed)}")
        return names

    return some


def chosen(options: argparse.Namespace, fonts: Sequence[typefaces.Font]) -> list[Order]:
    """The sheets to read, in their order."""
    todo = [
        order
        for order in orders(fonts, X_HEIGHTS, list(WEARS), options.seed)
        if order.font.name in options.fonts
        and order.wear in options.wears
        and str(order.x_height) in options.sizes
    ]
    return todo[: -(-options.items // NUMBERS_A_SHEET)] if options.items else todo


def contents(seed: int, model: str) -> Contents:
    """What stands on the sheets; only what the model has characters for."""
    from actors.engines.dictionary import read_dictionary
    from actors.models.cache import ModelStore

    characters = {*read_dictionary(ModelStore().ensure(model)), " "}
    lists = words.load(characters.issuperset)
    return Contents(seed, NUMBERS_A_SHEET, WORDS_A_SHEET, lists, characters.issuperset)


def cases_of(sheet: Sheet) -> list[Case]:
    """A sheet's items, not yet read."""
    order = sheet.order
    return [Case(order.font.name, order.x_height, order.wear, placed.item, {}) for placed in sheet.placed]


def read(
    options: argparse.Namespace, todo: Sequence[Order], content: Contents, cases: Sequence[Case]
) -> list[Reading]:
    """All sheets with all systems that can run, one after the other, so that one is in memory at a time.
    Ends the command where none can."""
    found, last = [], ""
    for system in options.chosen:
        try:
            found.append(read_with(system, options, todo, content, cases))
        except (CannotRunError, ConfigError, ValidationError) as error:
            last = f"{system.name} is left out: {' '.join(str(error).split())}"
            say(last)
    if not found:
        sys.exit(f"None of the systems can run here. {last}")
    return found


def read_with(
    system: System,
    options: argparse.Namespace,
    todo: Sequence[Order],
    content: Contents,
    cases: Sequence[Case],
) -> Reading:
    """All sheets with one system; what it read goes into the cases. Raises CannotRunError, ConfigError, or
    pydantic's ValidationError for settings that there are not."""
    keeps = system.name in options.keep if options.keep is not None else not system.is_fast
    reader = reader_of(system, options.threads, options.cache if keeps else None)
    rest = iter(cases)
    try:
        for start in range(0, len(todo), _BATCH):
            say(f"{system.name}: sheet {start + 1} of {len(todo)}", end="\r")
            batch = [render(order, content) for order in todo[start : start + _BATCH]]
            for sheet, lines in zip(batch, reader.read(batch), strict=True):
                matched = match(sheet, lines)
                reader.reading.strays += matched.strays
                for one in matched.reads:
                    next(rest).read[system.name] = one
    finally:
        reader.close()
    return reader.reading


def results(
    options: argparse.Namespace, todo: Sequence[Order], cases: Sequence[Case], readings: Sequence[Reading]
) -> dict[str, Any]:
    """The tree that is written."""
    numbers = [case for case in cases if case.item.is_number]
    systems = {system.name: system for system in options.chosen}
    read_ = [reading.system for reading in readings]
    names = ("seed", "items", "fonts", "wears", "sizes", "model", "device", "threads")
    return {
        "date": hardware.now(),
        "machine": asdict(hardware.hardware()),
        "versions": hardware.versions(_PACKAGES),
        "options": {name: getattr(options, name) for name in names},
        "settings": {name: dict(systems[name].settings) for name in read_},
        "sheets": len(todo),
        "items": {
            "numbers": len(numbers),
            "equal": sum(bool(case.item.equal) for case in numbers),
            "words": len(cases) - len(numbers),
        },
        **report.tree(cases, readings, [name for name in read_ if systems[name].is_fast]),
    }


def list_wrong(cases: Sequence[Case], systems: Sequence[str]) -> None:
    """Each wrong reading of each system, with stock's beside it."""
    print("\n# Wrong readings\n")
    for system in systems:
        for case in cases:
            if case.right(system):
                continue
            beside = f"   {STOCK}: {case.told(STOCK)}" if STOCK in case.read and system != STOCK else ""
            print(
                f"{system}: {case.font}, {case.x_height} px, {case.wear}, {case.item.kind}: "
                f"{case.item.text!r} -> {case.told(system)}{beside}"
            )


def say(text: str, end: str = "\n") -> None:
    """One line of progress; those that are written over one another only where a person looks at them."""
    if sys.stderr.isatty():
        print(f"\033[K{text}", end=end, file=sys.stderr, flush=True)
    elif end == "\n" and text:
        print(text, file=sys.stderr, flush=True)
