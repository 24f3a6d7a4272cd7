"""Whether the fast engine in `compat` reads what stock PaddleOCR reads, line by line, on all labelled pages.

    python benchmarks/equality.py [--sets sroie,scene] [--pages 5] [--model PP-OCRv6_small]

Both engines work on the same runtime. Lines are compared in order; a line that one of them lacks, or reads
otherwise, is listed. Ends with 1 if a set stays below 99.5 % of equal lines.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.contracts import Image, OcrEngine

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import hardware  # noqa: E402

LEAST = 0.995
"""Share of equal lines from which two engines read the same: PaddleOCR's polygon library rounds otherwise."""


@dataclass(frozen=True)
class Difference:
    """Neighbouring lines of one page that differ: as stock has them, and as the fast engine has them."""

    page: str
    stock: tuple[str, ...]
    fast: tuple[str, ...]


@dataclass(frozen=True)
class Equality:
    """Lines of some pages (the larger number, where one engine has more), and those that are equal."""

    lines: int = 0
    equal: int = 0
    differences: tuple[Difference, ...] = ()

    @property
    def share(self) -> float:
        """Part of the lines that are equal; 1 for pages without any."""
        return self.equal / self.lines if self.lines else 1.0

    def __add__(self, other: Equality) -> Equality:
        """The equality of both together."""
        together = self.differences + other.differences
        return Equality(self.lines + other.lines, self.equal + other.equal, together)


def main() -> None:
    """Compare, print a table and the differences, and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", help="names of sets, joined by commas; all by default")
    parser.add_argument("--pages", type=int, help="at most so many pages of each set")
    parser.add_argument("--model", default="PP-OCRv6_small")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "equality.json")
    options = parser.parse_args()
    stock, fast = engines(options.model)
    data = Path(os.environ.get("RAYOCR_DATA", ROOT.parent / "shared" / "data"))
    known = sorted(path.parent.name for path in data.glob("*/gt.jsonl"))
    names = options.sets.split(",") if options.sets else known
    if not names or not set(names) <= set(known):
        sys.exit(f"The sets in {data} are {', '.join(known) or 'none: set RAYOCR_DATA'}.")
    found: dict[str, Equality] = {}
    print(f"{'set':<20}{'lines':>8}{'equal':>8}{'share':>10}")
    for name in names:
        found[name] = compare(stock, fast, pages(data / name, options.pages))
        _print_row(name, found[name])
    _print_row("all", sum(found.values(), Equality()))
    for name, equality in found.items():
        for difference in equality.differences:
            print(f"\n{name}/{difference.page}")
            print(*(f"  - {text}" for text in difference.stock), sep="\n")
            print(*(f"  + {text}" for text in difference.fast), sep="\n")
    _write(found, options.model, options.pages, options.output)
    sys.exit(any(equality.share < LEAST for equality in found.values()))


def engines(model: str) -> tuple[OcrEngine, OcrEngine]:
    """Stock and the fast engine in `compat`, on one thread of the CPU and with the same runtime."""
    from actors.engines import build_engine
    from actors.settings import EngineConfig

    stock = EngineConfig(engine="stock", model=model, device="cpu", threads=1)
    runtime = build_engine(stock)
    fast = EngineConfig(engine="fast", compat=True, model=model, device="cpu", threads=1)
    same = fast.model_copy(update={"runtime": runtime.info.runtime, "precision": "float32"})
    return runtime, build_engine(same)


def pages(folder: Path, limit: int | None = None) -> Iterator[tuple[str, Image]]:
    """Names and pictures of the first pages of a labelled set."""
    from actors.decode import decode_document
    from actors.settings import DecodeConfig

    rows = [json.loads(line) for line in (folder / "gt.jsonl").read_text("utf-8").splitlines() if line]
    for row in rows[:limit]:
        for page in decode_document((folder / row["file"]).read_bytes(), DecodeConfig()):
            if page.image is not None:
                yield row["file"], page.image


def compare(stock: OcrEngine, fast: OcrEngine, named: Iterator[tuple[str, Image]]) -> Equality:
    """Read each page with both, and compare."""
    total = Equality()
    for name, page in named:
        old, new = ([line.text for line in engine.recognize([page])[0].lines] for engine in (stock, fast))
        total += compare_lines(name, old, new)
    return total


def compare_lines(page: str, stock: Sequence[str], fast: Sequence[str]) -> Equality:
    """Compare the lines of one page in their order."""
    lines = equal = 0
    differences = []
    matcher = difflib.SequenceMatcher(None, stock, fast, autojunk=False)
    for kind, left, right, begin, end in matcher.get_opcodes():
        lines += max(right - left, end - begin)
        if kind == "equal":
            equal += right - left
        else:
            differences.append(Difference(page, tuple(stock[left:right]), tuple(fast[begin:end])))
    return Equality(lines, equal, tuple(differences))


def _print_row(name: str, equality: Equality) -> None:
    print(f"{name:<20}{equality.lines:>8}{equality.equal:>8}{equality.share:>10.2%}", flush=True)


def _write(found: dict[str, Equality], model: str, limit: int | None, output: Path) -> None:
    tree = {
        "date": hardware.now(),
        "machine": hardware.in_a_line(),
        "versions": {
            name: metadata.version(name)
            for name in ("rayocr", "paddleocr", "paddlex", "onnxruntime", "opencv-contrib-python")
        },
        "model": model,
        "pages_a_set": limit or "all",
        "sets": {name: {**asdict(equality), "share": equality.share} for name, equality in found.items()},
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(tree, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
