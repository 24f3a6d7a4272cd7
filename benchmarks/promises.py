"""What a high score is worth on real pages: of the characters in lines of 0.95 and more, how many are wrong.

    python benchmarks/promises.py [--sets sroie,funsd,scribe_docs] [--pages 8]
    python benchmarks/promises.py --systems fast,stock --fast one: --fast two:rec_squeeze=1 --list-wrong

Needs labelled pages (RAYOCR_DATA). A line that was read is compared with the label's lines in its place,
without spaces and without case (receipts are labelled in capitals); lines that the labels cut otherwise are
left out, and counted. Labels have errors of their own: compare systems with each other.
Prints tables, and writes results/promises.json and .md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.contracts import Line

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import hardware  # noqa: E402
from benchmarks.peers import pages as labelled  # noqa: E402
from benchmarks.peers.tables import table  # noqa: E402
from benchmarks.rendered_numbers import systems  # noqa: E402
from benchmarks.rendered_numbers.match import distance, folded  # noqa: E402

SETS = ("sroie", "funsd", "scribe_docs")
SCORES = (0.95, 0.98)
_NAMES = (systems.FAST, systems.COMPAT, systems.STOCK)

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

_SAME_PLACE = 0.8
"""Least part that a line and the labels in its place share of their common width."""


@dataclass(frozen=True)
class Compared:
    """A line, and what the label has in its place; both as they are compared."""

    page: str
    truth: str
    read: str
    score: float

    @property
    def wrong(self) -> int:
        """Characters that are wrong, missing or too many."""
        return distance(self.truth, self.read)

    @property
    def wrong_digits(self) -> int:
        """The same of digits alone."""
        return distance(*("".join(filter(str.isdigit, text)) for text in (self.truth, self.read)))


@dataclass(frozen=True)
class Promise:
    """Lines of a set with at least a score, their characters and digits, and those that are wrong."""

    set: str
    system: str
    least: float
    lines: int
    characters: int
    wrong: int
    digits: int
    wrong_digits: int


def main() -> None:
    """Read, compare, print, and write."""
    options = parse()
    data = labelled.data_folder()
    known = {one.name: one for one in labelled.SETS}
    pages = {name: labelled.labels(data, known[name], options.pages) for name in options.sets}
    found: list[Promise] = []
    left_out: dict[str, int] = {}
    for system in options.chosen:
        for name, compared, apart in read(system, pages, options.threads):
            found += [promise(name, system.name, compared, least) for least in SCORES]
            left_out[f"{name}, {system.name}"] = apart
            if options.list_wrong:
                _list_wrong(system.name, compared)
    tree = {
        "date": hardware.now(),
        "machine": asdict(hardware.hardware()),
        "versions": hardware.versions(("rayocr", "onnxruntime", "openvino", "paddleocr", "paddlex")),
        "pages": {name: len(some) for name, some in pages.items()},
        "settings": {system.name: dict(system.settings) for system in options.chosen},
        "promises": [asdict(one) for one in found],
        "lines_left_out": left_out,
    }
    text = markdown(tree, found)
    print(text, end="")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(tree, indent=2, ensure_ascii=False) + "\n", "utf-8")
    options.output.with_suffix(".md").write_text(text, "utf-8")


def parse() -> argparse.Namespace:
    """The command line; `options.chosen` are its systems."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--sets", type=lambda text: text.split(","), default=list(SETS), help=f"of {','.join(SETS)}")
    add("--pages", type=int, help="only the first so many pages of each set")
    add("--systems", type=lambda text: text.split(","), default=list(_NAMES), help=f"of {','.join(_NAMES)}")
    add("--fast", action="append", default=[], metavar="NAME:KEY=VALUE,...", help="a variant of our engine")
    add("--model", default="PP-OCRv6_small")
    add("--threads", type=int, default=1)
    add("--list-wrong", action="store_true", help="print the sure lines that differ from their label")
    add("--output", type=Path, default=ROOT / "benchmarks" / "results" / "promises.json")
    options = parser.parse_args()
    if not set(options.sets) <= set(SETS) or not set(options.systems) <= set(_NAMES):
        parser.error(f"the sets are {', '.join(SETS)}, the systems {', '.join(_NAMES)}")
    try:
        options.chosen = systems.choose(options.systems, options.fast, options.model, "cpu", print)
    except ValueError as error:
        parser.error(str(error))
    return options


def read(
    system: systems.System, pages: dict[str, list[labelled.Label]], threads: int
) -> Iterator[tuple[str, list[Compared], int]]:
    """Each set as a system reads it: the lines that can be compared, and how many cannot."""
    from actors.engines import build_engine
    from actors.settings import EngineConfig
    from actors.threads import limit_threads

    limit_threads(threads)
    engine = build_engine(EngineConfig.model_validate({**system.settings, "threads": threads}))
    for name, some in pages.items():
        compared: list[Compared] = []
        apart = 0
        for page in some:
            if not page.row.get("lines"):
                continue
            print(f"{system.name}: {page.row['file']}", file=sys.stderr, flush=True)
            (result,) = engine.recognize([_picture(page.path)])
            found, left = compare(page.row, result.lines)
            compared += found
            apart += left
        yield name, compared, apart
    engine.close()


def _picture(path: Path) -> Any:
    from actors.decode import decode_document
    from actors.settings import DecodeConfig

    return next(iter(decode_document(path.read_bytes(), DecodeConfig()))).image


def compare(label: Any, lines: Sequence[Line]) -> tuple[list[Compared], int]:
    """Lines of a page beside its label; how many lie where the label has other lines, or none."""
    labels = [(_box([xy for point in one["polygon"] for xy in point]), one) for one in label["lines"]]
    found = []
    for line in lines:
        box = _box(line.polygon)
        inside = sorted(
            ((place, one) for place, one in labels if _holds_middle(box, place)), key=lambda pair: pair[0]
        )
        if not inside or any(one.get("ignore") for _, one in inside):
            continue
        left, right = inside[0][0][0], max(place[2] for place, _ in inside)
        shared = min(box[2], right) - max(box[0], left)
        if shared >= _SAME_PLACE * (max(box[2], right) - min(box[0], left)):
            truth = compared_form(" ".join(one["text"] for _, one in inside))
            found.append(Compared(label["file"], truth, compared_form(line.text), line.score))
    return found, len(lines) - len(found)


def _box(polygon: Sequence[float]) -> Box:
    return min(polygon[::2]), min(polygon[1::2]), max(polygon[::2]), max(polygon[1::2])


def _holds_middle(box: Box, place: Box) -> bool:
    """Whether the middle of a place lies in a box."""
    x, y = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def compared_form(text: str) -> str:
    """A text without spaces and case, one form for each sign."""
    return folded(text).casefold()


def promise(name: str, system: str, compared: Sequence[Compared], least: float) -> Promise:
    """What a score of at least `least` was worth."""
    sure = [one for one in compared if one.score >= least]
    return Promise(
        name,
        system,
        least,
        len(sure),
        sum(len(one.truth) for one in sure),
        sum(one.wrong for one in sure),
        sum(sum(map(str.isdigit, one.truth)) for one in sure),
        sum(one.wrong_digits for one in sure),
    )


def markdown(tree: dict[str, Any], found: Sequence[Promise]) -> str:
    """The report."""
    machine = tree["machine"]
    header = (
        "set",
        "score from",
        "system",
        "lines",
        "characters",
        "wrong",
        "share",
        "digits",
        "wrong",
        "share",
    )
    rows = [
        (
            one.set,
            f"{one.least:.2f}",
            one.system,
            str(one.lines),
            str(one.characters),
            str(one.wrong),
            _share(one.wrong, one.characters),
            str(one.digits),
            str(one.wrong_digits),
            _share(one.wrong_digits, one.digits),
        )
        for one in sorted(found, key=lambda one: (one.set, one.least))
    ]
    apart = ", ".join(f"{name} {count}" for name, count in tree["lines_left_out"].items())
    lines = [
        "# What a score is worth on labelled pages",
        "",
        f"{tree['date']}. {machine['processor']}, {machine['cores']} cores; {machine['system']}.",
        "",
        table(header, rows, text_columns=3),
        "",
        f"Lines that the labels cut otherwise, or don't have: {apart}.",
        "",
        ", ".join(f"{name} {version}" for name, version in tree["versions"].items()),
    ]
    return "\n".join(lines) + "\n"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3%}" if whole else "-"


def _list_wrong(system: str, compared: Sequence[Compared]) -> None:
    for one in compared:
        if one.score >= min(SCORES) and one.wrong:
            print(f"{system}: {one.page}: {one.truth!r} -> {one.read!r} {one.score:.3f}")


if __name__ == "__main__":
    main()
