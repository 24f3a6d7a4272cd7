"""Whether pages are read as a person would: reading order and characters on labelled pages, set by set, and
the order of generated pages, which is known exactly.

    python benchmarks/reading.py [--sets sroie ...] [--set engine.page_orientation=true] [--tesseract]
    python benchmarks/reading.py --sets                # generated pages alone: no engine, no labelled data
    python benchmarks/reading.py --render 1 --sets     # some of these drawn, and read by the engine, too

Labelled pages need the data (RAYOCR_DATA) with its `score.py`. Each set is scored as a whole and in two
halves, by the hash of a page's file name, to choose on one and check on the other. Generated pages are lines
as a detector gives them (page_templates/): the rules were made while looking at the failures of half of the
templates, `building`; nobody looked at those of the other half, `judging`. Writes results/reading.json.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import hardware  # noqa: E402
from benchmarks.page_templates.measure import measured, print_table  # noqa: E402
from benchmarks.page_templates.rendered import read  # noqa: E402

SETS = ("sroie", "scribe_docs", "doclaynet_pages", "omnidocbench_demo", "chinese", "mdpbench_demo")
RESULTS = ROOT / "benchmarks" / "results"


@dataclass
class Scored:
    """The counts of a set's pages, and what arranging their lines took."""

    pages: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    arrange_s: float = 0.0
    lines: int = 0


def main() -> None:
    """Measure, print a table, write it down."""
    arguments = _arguments()
    data = Path(os.environ.get("RAYOCR_DATA") or ROOT.parent / "shared" / "data")
    if arguments.sets and not (data / "score.py").is_file():
        sys.exit(f"There is no {data}/score.py: set RAYOCR_DATA to the labelled data.")
    score = _scorer(data) if arguments.sets else None
    rows: list[dict[str, Any]] = []
    for name in arguments.sets:
        rows += list(_rows(name, "rayocr", _ours(data, name, arguments.set, score), score))
        if arguments.tesseract:
            rows += list(_rows(name, "tesseract", _tesseract(data, name, score), score))
    if rows:
        _print(rows)
    generated = list(measured(arguments.generated)) if arguments.generated else []
    print_table(generated)
    rendered = list(read(_engine(arguments.set), arguments.render)) if arguments.render else []
    result = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": _machine(),
        "settings": list(arguments.set),
        "rows": rows,
        "generated": generated,
        "rendered": rendered,
    }
    arguments.output.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="*", default=SETS, metavar="SET")
    parser.add_argument("--set", action="append", default=[], metavar="engine.KEY=VALUE")
    parser.add_argument("--tesseract", action="store_true", help="measure Tesseract (psm 3), too")
    parser.add_argument(
        "--generated", type=int, default=50, metavar="PAGES", help="of each template; 0: none"
    )
    parser.add_argument(
        "--render", type=int, default=0, metavar="PAGES", help="of each template, as pictures"
    )
    parser.add_argument("--output", type=Path, default=RESULTS / "reading.json")
    return parser.parse_args()


def _scorer(data: Path) -> Any:
    spec = importlib.util.spec_from_file_location("score", data / "score.py")
    assert spec is not None and spec.loader is not None
    from rapidfuzz.distance import Levenshtein

    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    score.distance = Levenshtein.distance  # the same numbers, in a thousandth of the time
    return score


def _labels(data: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (data / name / "gt.jsonl").read_text("utf-8").splitlines()]


def _engine(overrides: Sequence[str]) -> Any:
    from actors.engines import build_engine
    from pipelines.config import load_config

    flags = {"source.path": ".", "output.path": "."}
    return build_engine(load_config(overrides=overrides, flags=flags).engine)


def _ours(data: Path, name: str, overrides: Sequence[str], score: Any) -> Scored:
    from actors.layout.arrange import arrange

    engine = _engine(overrides)
    found = Scored()
    for label in _labels(data, name):
        lines = engine.recognize([_picture(data / name / label["file"])])[0].lines
        begun = time.process_time()
        text = arrange(lines).text
        found.arrange_s += time.process_time() - begun
        found.lines += len(lines)
        found.pages.append((label, score.score_page(label, {"file": label["file"], "text": text})))
    return found


def _tesseract(data: Path, name: str, score: Any) -> Scored:
    found = Scored()
    for label in _labels(data, name):
        language = "chi_sim" if str(label.get("lang")).startswith("zh") else "eng"
        command = ["tesseract", data / name / label["file"], "-", "-l", language, "--psm", "3"]
        answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        prediction = {"file": label["file"], "text": answer.stdout}
        found.pages.append((label, score.score_page(label, prediction)))
    return found


def _picture(path: Path) -> Any:
    import numpy as np
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def _rows(name: str, system: str, found: Scored, score: Any) -> Iterator[dict[str, Any]]:
    parts: dict[str, list[Any]] = {"all": found.pages}
    for number in (0, 1):
        parts[f"half {number}"] = [page for page in found.pages if _half(page[0]["file"]) == number]
    groups = {str(label.get("lang")) for label, _ in found.pages}
    if name == "omnidocbench_demo":
        parts |= {
            group: [page for page in found.pages if page[0].get("lang") == group] for group in sorted(groups)
        }
    tags = {tag for label, _ in found.pages for tag in label.get("tags") or ()}
    parts |= {
        f"#{tag}": [page for page in found.pages if tag in (page[0].get("tags") or ())]
        for tag in sorted(tags)
    }
    for part, pages in parts.items():
        if not pages:
            continue
        summary = score.summary([row for _, row in pages])
        row = {"set": name, "part": part, "system": system, "pages": len(pages)}
        row |= {key: summary[key] for key in ("order", "cer", "cer_nocase", "word_f1", "char_f1")}
        if part == "all" and found.lines:
            row["ms_per_100_lines"] = found.arrange_s / found.lines * 1e5
        yield {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}


def _half(file: str) -> int:
    return hashlib.sha256(Path(file).name.encode()).digest()[-1] % 2


def _print(rows: Sequence[dict[str, Any]]) -> None:
    print("| set | part | system | pages | order | cer | word_f1 | char_f1 |")
    print("|---|---|---|---:|---:|---:|---:|---:|")
    for row in rows:
        numbers = [row[key] for key in ("order", "cer", "word_f1", "char_f1")]
        cells = [row["set"], row["part"], row["system"], str(row["pages"])]
        cells += ["" if number is None else f"{number:.3f}" for number in numbers]
        print("| " + " | ".join(cells) + " |")


def _machine() -> dict[str, Any]:
    from importlib.metadata import version

    packages = {name: version(name) for name in ("numpy", "onnxruntime", "openvino")}
    return {
        "processor": hardware.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **packages,
    }


if __name__ == "__main__":
    main()
