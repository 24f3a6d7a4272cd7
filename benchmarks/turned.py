"""How many turned pages are put upright, how many upright ones are turned, and what the look costs.

    python benchmarks/turned.py [--sets sroie ...] [--pages 60] [--cost 20]

Needs labelled pages (RAYOCR_DATA). Each page is decided on as it comes and, `--turned` of a set, turned
clockwise by 90, 180 and 270 degrees: all of the engine but recognition. Pages that lie in their files are
known by name. Then the whole engine reads `--cost` pages with `engine.page_orientation` on and off, in turns.
Prints what goes wrong at once, then tables; writes results/turned.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.contracts import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import hardware  # noqa: E402

SETS = (
    "chinese",
    "doclaynet_pages",
    "funsd",
    "mdpbench_demo",
    "multipage",
    "omnidocbench_demo",
    "scene",
    "scribe_docs",
    "sroie",
)

LYING = {
    "mdp_zh_slide_45_indoor_light_right_bend-out.jpeg": (90,),
    "real_ocrmypdf_cardinal.pdf": (0, 90, 180, 270),
    "real_docling_nemotron_multipage.pdf": (0, 180, 90, 270),
    "rendered_digital_mixed_sizes_6p.pdf": (0, 0, 0, 0, 0, 90),
    "c25_turned_scans.pdf": (0, 180, 270, 90),
}
"""Degrees clockwise by which the pages of a file lie; and see `_lies` for those that say it in their name."""

_CLOCKWISE = "_cw"


@dataclass(frozen=True)
class Judged:
    """A page as somebody turned it. `lies`: degrees clockwise that it lies; `turned`: that the engine turned
    it by; `cpu_ms`: of the decision alone."""

    set: str
    page: str
    lies: int
    turned: int
    doubtful: bool
    cpu_ms: float

    @property
    def is_right(self) -> bool:
        """Whether it is upright now."""
        return (self.lies + self.turned) % 360 == 0


def main() -> None:
    """Judge, print, and write."""
    options = _arguments()
    data = Path(os.environ.get("RAYOCR_DATA") or ROOT.parent / "shared" / "data")
    judged: list[Judged] = []
    for one in _judged(data, options):
        judged.append(one)
        if not one.is_right or (one.doubtful and not one.lies):
            print(f"{one.set} {one.page}: lies {one.lies}, turned {one.turned}, {one.doubtful=}", flush=True)
    rows = list(_rows(judged))
    for row in rows:
        print(row, flush=True)
    cost = _cost(data, options.sets, options.cost)
    print(cost)
    tree = {
        "date": hardware.now(),
        "machine": asdict(hardware.hardware()),
        "versions": hardware.versions(("rayocr", "onnxruntime", "openvino")),
        "sets": rows,
        "wrong": [asdict(one) for one in judged if not one.is_right],
        "doubtful_upright": [one.page for one in judged if one.doubtful and not one.lies],
        "cost": cost,
    }
    options.output.write_text(json.dumps(tree, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="*", default=SETS, help=f"of {', '.join(SETS)}, field, scripts_demo")
    parser.add_argument("--pages", type=int, default=60, help="pages of a set at most")
    parser.add_argument("--turned", type=int, default=60, help="of these, pages that are turned, too")
    parser.add_argument("--cost", type=int, default=18, help="pages that the whole engine reads on and off")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "turned.json")
    return parser.parse_args()


def _engine(turning: bool = True) -> Any:
    from actors.engines import build_engine
    from actors.settings import EngineConfig

    return build_engine(EngineConfig(threads=1, page_orientation=turning))


def _judged(data: Path, options: argparse.Namespace) -> Iterator[Judged]:
    import numpy as np

    engine = _engine()
    for name in options.sets:
        for number, (file, index, picture) in enumerate(_pages(data, name, options.pages)):
            for lies in (0, 90, 180, 270) if number < options.turned else (0,):
                page = np.ascontiguousarray(np.rot90(picture[..., ::-1], -lies // 90))
                (found,) = engine._cut_out([page])
                begun = time.process_time()
                lie = engine._page_turner.lie(found.page, found.crops)
                spent = (time.process_time() - begun) * 1000
                where = (_lies(file, index) + lies) % 360
                yield Judged(name, f"{file.name} {index}", where, lie.rotation, lie.is_doubtful, spent)


def _pages(data: Path, name: str, most: int) -> Iterator[tuple[Path, int, Image]]:
    """Files, the numbers of their pages, and their pictures (H×W×3 uint8 RGB): at most so many, of each file
    some; plans of more than 40 megapixels are left out."""
    from actors.decode import CannotOpenError, open_document
    from actors.settings import DecodeConfig

    folder = data / name / ("inputs" if name == "field" else "images")
    files = sorted(path for path in folder.iterdir() if path.is_file())
    each = -(-most // len(files))
    for path in files[:most]:
        try:
            document = open_document(path.read_bytes(), DecodeConfig())
        except CannotOpenError:
            continue
        skipped = range(max(each, len(LYING.get(path.name, ()))), document.page_count)
        for page in document.pages(set(skipped)):
            if page.image is not None and page.image.size < 3 * 40e6:
                yield path, page.page_index, page.image
        document.close()


def _lies(file: Path, index: int) -> int:
    if file.name in LYING:
        return LYING[file.name][index]
    _, marked, degrees = file.stem.partition(_CLOCKWISE)
    return int(degrees) if marked else 0


def _rows(judged: list[Judged]) -> Iterator[dict[str, Any]]:
    for name in dict.fromkeys(one.set for one in judged):
        for lying in (False, True):
            some = [one for one in judged if one.set == name and bool(one.lies) is lying]
            count = Counter(
                "right" if one.is_right else "stayed" if not one.turned else "turned wrongly" for one in some
            )
            yield {
                "set": name,
                "pages": "turned" if lying else "upright",
                "count": len(some),
                **count,
                "stayed with a notice": sum(one.doubtful and not one.is_right for one in some),
                "upright with a notice": sum(one.doubtful and one.is_right for one in some),
                "cpu_ms": round(sum(one.cpu_ms for one in some) / max(1, len(some)), 1),
            }


def _cost(data: Path, sets: Sequence[str], most: int) -> dict[str, Any]:
    """CPU seconds a page of the whole engine on upright pages, on and off in turns, in whose order pages
    alternate: of each the least of three, when its shapes were seen before."""
    engines = {True: _engine(), False: _engine(turning=False)}
    spent: dict[bool, list[float]] = {True: [], False: []}
    each = -(-most // len(sets)) + len(LYING)
    found = [list(_pages(data, name, each)) for name in sets]
    upright = [[picture for file, index, picture in some if not _lies(file, index)] for some in found]
    pages = [picture for some in zip_longest(*upright) for picture in some if picture is not None]
    for number, picture in enumerate(pages[:most]):
        order = (True, False) if number % 2 else (False, True)
        rounds = [{on: _seconds(engines[on], picture) for on in order} for _ in range(4)]
        for on in order:
            spent[on].append(min(one[on] for one in rounds[1:]))
    on, off = sum(spent[True]), sum(spent[False])
    count = max(1, len(spent[True]))
    return {
        "pages": len(spent[True]),
        "on_s": round(on / count, 4),
        "off_s": round(off / count, 4),
        "difference_ms": round((on - off) / count * 1000, 1),
    }


def _seconds(engine: Any, picture: Image) -> float:
    begun = time.process_time()
    engine.recognize([picture])
    return time.process_time() - begun


if __name__ == "__main__":
    main()
