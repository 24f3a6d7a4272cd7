"""Which pages get a notice: labelled ones, which hardly should, and rendered ones in unknown scripts.

    python benchmarks/notices.py [--sets sroie,funsd] [--pages 8] [--seeds 21,22] [--engine stock]

Every page of a labelled set with a notice is listed: look at its picture to judge it. Rendered pages are
in 16 languages that the default model does not know and in 20 that it does, of texts and fonts that no rule
was tuned with. Needs labelled pages (RAYOCR_DATA) and Debian's fonts (rendered_scripts/fonts.py).
Prints tables, and writes results/notices.json and .md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.contracts import OcrEngine

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import hardware  # noqa: E402
from benchmarks.peers import pages as labelled  # noqa: E402
from benchmarks.peers.tables import table  # noqa: E402
from benchmarks.rendered_scripts.sheets import HELD_OUT, LAYOUTS, Sheet, draw, sheets  # noqa: E402

SETS = tuple(dict.fromkeys(one.folder for one in labelled.SETS))
SCRIPT = "script.unknown"


@dataclass(frozen=True)
class Seen:
    """One page of a set. `dropped`: lines that were found and not kept."""

    set: str
    page: str
    notices: tuple[str, ...]
    lines: int
    dropped: int


@dataclass(frozen=True)
class SeenSheet:
    """One rendered page. `is_foreign`: whether it should get `script.unknown`."""

    name: str
    language: str
    layout: str
    is_foreign: bool
    notices: tuple[str, ...]


def main() -> None:
    """Read, print, and write."""
    options = parse()
    engine = _engine(options.engine)
    rendered = list(read_sheets(engine, options.seeds))
    seen = [page for name in options.sets for page in read_set(engine, name, options.pages)]
    tree = {
        "date": hardware.now(),
        "machine": asdict(hardware.hardware()),
        "versions": hardware.versions(("rayocr", "onnxruntime", "openvino", "paddleocr")),
        "engine": f"{engine.info.engine}, {engine.info.runtime}, {engine.info.precision}",
        "seeds": options.seeds,
        "labelled": [asdict(page) for page in seen],
        "rendered": [asdict(sheet) for sheet in rendered],
    }
    text = markdown(tree, seen, rendered)
    print(text, end="")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(tree, indent=1, ensure_ascii=False) + "\n", "utf-8")
    options.output.with_suffix(".md").write_text(text, "utf-8")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--sets", type=_names, default=list(SETS), help=f"of {','.join(SETS)}; empty for none")
    add("--pages", type=int, help="only the first so many pages of each set")
    add("--seeds", type=lambda text: [int(one) for one in _names(text)], default=[21], help="empty for none")
    add("--engine", choices=("fast", "stock"), default="fast")
    add("--output", type=Path, default=ROOT / "benchmarks" / "results" / "notices.json")
    options = parser.parse_args()
    if not set(options.sets) <= set(SETS):
        parser.error(f"the sets are {', '.join(SETS)}")
    return options


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _engine(name: str) -> OcrEngine:
    from actors.engines import build_engine
    from actors.settings import EngineConfig
    from actors.threads import limit_threads

    limit_threads(1)
    return build_engine(EngineConfig.model_validate({"engine": name, "threads": 1}))


def read_sheets(engine: OcrEngine, seeds: Sequence[int]) -> Iterator[SeenSheet]:
    """Each rendered page with its notices."""
    for seed in seeds:
        for sheet in sheets(seed, HELD_OUT):
            print(sheet.name, file=sys.stderr, flush=True)
            (result,) = engine.recognize([draw(sheet)])
            yield _seen_sheet(sheet, result.notices)


def _seen_sheet(sheet: Sheet, notices: tuple[str, ...]) -> SeenSheet:
    return SeenSheet(sheet.name, sheet.language, sheet.layout, sheet.is_foreign, notices)


def read_set(engine: OcrEngine, name: str, limit: int | None) -> Iterator[Seen]:
    """Each page of a labelled set with its notices; documents page by page."""
    folder = labelled.data_folder() / name / "images"
    for page, picture in islice(_pictures(folder), limit):
        print(f"{name}: {page}", file=sys.stderr, flush=True)
        (result,) = engine.recognize([picture])
        yield Seen(name, page, result.notices, len(result.lines), len(result.dropped))


def _pictures(folder: Path) -> Iterator[tuple[str, Any]]:
    from actors.decode import decode_document
    from actors.settings import DecodeConfig

    for path in sorted(folder.iterdir()):
        for page in decode_document(path.read_bytes(), DecodeConfig()):
            if page.image is not None:
                yield f"{path.name}, page {page.page_index + 1}", page.image


def markdown(tree: dict[str, Any], seen: Sequence[Seen], rendered: Sequence[SeenSheet]) -> str:
    """The report."""
    machine = tree["machine"]
    listed = [
        (page.set, page.page, ", ".join(page.notices), str(page.lines), str(page.dropped))
        for page in seen
        if page.notices
    ]
    lines = [
        "# Notices of labelled and rendered pages",
        "",
        f"{tree['date']}. {machine['processor']}, {machine['cores']} cores; {machine['system']}.",
        f"Engine: {tree['engine']}. Rendered with seeds {', '.join(map(str, tree['seeds']))}.",
        "",
        "## Rendered pages in languages that the model does not know: pages with `script.unknown`",
        "",
        table(("language", *LAYOUTS[:-1], "all"), _found(rendered), text_columns=1),
        "",
        f"With `text.unread` alone: {_with_another(rendered)}.",
        "",
        "## Rendered pages in known languages, and English ones with a foreign word: pages with any notice",
        "",
        table(("language", *LAYOUTS, "all"), _false(rendered), text_columns=1),
        "",
        "## Labelled pages",
        "",
        table(("set", "pages", "with a notice"), _counts(seen), text_columns=1),
        "",
        table(("set", "page", "notices", "lines", "dropped"), listed, text_columns=3),
        "",
        ", ".join(f"{name} {version}" for name, version in tree["versions"].items()),
    ]
    return "\n".join(lines) + "\n"


def _found(rendered: Sequence[SeenSheet]) -> list[tuple[str, ...]]:
    foreign = [sheet for sheet in rendered if sheet.is_foreign]
    return _by_language(foreign, LAYOUTS[:-1], {sheet.name for sheet in foreign if SCRIPT in sheet.notices})


def _with_another(rendered: Sequence[SeenSheet]) -> str:
    some = [one for one in rendered if one.is_foreign and one.notices and SCRIPT not in one.notices]
    return ", ".join(sheet.name for sheet in some) or "none"


def _false(rendered: Sequence[SeenSheet]) -> list[tuple[str, ...]]:
    known = [sheet for sheet in rendered if not sheet.is_foreign]
    return _by_language(known, LAYOUTS, {sheet.name for sheet in known if sheet.notices})


def _by_language(
    some: Sequence[SeenSheet], layouts: Sequence[str], counted: set[str]
) -> list[tuple[str, ...]]:
    """A row a language: of each layout, and of all, how many are counted."""
    languages = list(dict.fromkeys(sheet.language for sheet in some))
    rows = []
    for language in (*languages, "all"):
        of_it = [sheet for sheet in some if language in (sheet.language, "all")]
        cells = [[sheet for sheet in of_it if sheet.layout == layout] for layout in layouts]
        rows.append((language, *(_part(cell, counted) for cell in (*cells, of_it))))
    return rows


def _part(some: Sequence[SeenSheet], counted: set[str]) -> str:
    return f"{sum(sheet.name in counted for sheet in some)}/{len(some)}" if some else "-"


def _counts(seen: Sequence[Seen]) -> list[tuple[str, ...]]:
    pages, with_one = Counter(one.set for one in seen), Counter(one.set for one in seen if one.notices)
    rows = [(name, str(count), str(with_one[name])) for name, count in pages.items()]
    return [*rows, ("all", str(pages.total()), str(with_one.total()))]


if __name__ == "__main__":
    main()
