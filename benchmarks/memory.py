"""Whether an engine's memory stays where it is: many pages of varied shapes through one engine.

    python benchmarks/memory.py [--pages 2000] [--runtime onnxruntime] [--precision float32] [--batch 4]

The pages are crops and rescalings of labelled pages (of drawn ones without RAYOCR_DATA), small so that two
thousand take minutes, nearly all of a shape of their own. Prints resident memory after each tenth of the
pages; ends with 1 if it is, after the last page, more than 15 % above what it was after the first tenth.
A runtime that keeps kernels of shapes is full after a hundred pages or two: if a tenth is fewer than that,
let --warm-up read them before.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.contracts import Image

ROOT = Path(__file__).resolve().parents[1]
MOST_GROWTH = 1.15
"""Memory at the end over memory after a tenth of the pages, from which it counts as a leak."""

TENTHS = 10
_SOURCES = 8
_SHORTEST, _LONGEST = 96, 384
"""Sides of the pages in pixels."""


def main() -> None:
    """Read the pages, print memory, and say whether it grew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--batch", type=int, default=4, help="pages that are read together")
    parser.add_argument("--warm-up", type=int, default=0, help="pages that are read before it begins")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="engine settings")
    options = parser.parse_args()
    if options.pages < TENTHS:
        parser.error(f"--pages must be {TENTHS} at least")
    settings = {"runtime": options.runtime, "precision": options.precision, "threads": 1}
    settings |= dict(pair.partition("=")[::2] for pair in options.set)
    resident = measure(settings, options.pages, options.batch, options.warm_up)
    growth = resident[-1] / resident[0]
    print(f"growth from the first tenth to the last: {growth:.3f} (at most {MOST_GROWTH:g})")
    sys.exit(growth > MOST_GROWTH)


def measure(settings: dict[str, object], count: int, batch: int, warm_up: int = 0) -> list[float]:
    """Resident memory in MiB after each tenth of the pages, `warm_up` others having been read before."""
    from actors.engines import build_engine
    from actors.settings import EngineConfig
    from actors.threads import limit_threads

    limit_threads(1)
    engine = build_engine(EngineConfig.model_validate(settings))
    print(f"{engine.info.engine}, {engine.info.runtime}, {engine.info.precision}: {count} pages")
    print(f"{'pages':>8}{'MiB':>8}{'lines':>8}")
    resident: list[float] = []
    done = lines = 0
    waiting: list[Image] = []
    sheets = pages(warm_up + count)
    for page in islice(sheets, warm_up):
        engine.recognize([page])
    for page in sheets:
        waiting.append(page)
        if len(waiting) == batch or done + len(waiting) == count:
            lines += sum(len(result.lines) for result in engine.recognize(waiting))
            done += len(waiting)
            waiting = []
        while not waiting and len(resident) < TENTHS and done >= count * (len(resident) + 1) / TENTHS:
            resident.append(_resident_mb())
            print(f"{done:>8}{resident[-1]:>8.0f}{lines:>8}", flush=True)
    return resident


def pages(count: int) -> Iterator[Image]:
    """Pieces of pages, of some hundred pixels a side each, the same for a number."""
    import cv2
    import numpy as np

    chance = random.Random(1)
    sources = _labelled() or _drawn()
    for _ in range(count):
        source = chance.choice(sources)
        height, width = source.shape[:2]
        crop_width = min(width, chance.randint(_SHORTEST, 2 * _LONGEST))
        crop_height = min(height, chance.randint(_SHORTEST, 2 * _LONGEST))
        left, top = chance.randint(0, width - crop_width), chance.randint(0, height - crop_height)
        crop = source[top : top + crop_height, left : left + crop_width]
        scale = chance.uniform(0.5, 1.0) * min(1.0, _LONGEST / max(crop_width, crop_height))
        size = max(16, round(crop_width * scale)), max(16, round(crop_height * scale))
        yield np.ascontiguousarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA))


def _labelled() -> list[Image]:
    import numpy as np
    from PIL import Image as Pictures

    data = Path(os.environ.get("RAYOCR_DATA", ROOT.parent / "shared" / "data"))
    folders = [folder for name in ("sroie", "funsd", "scene", "chinese") if (folder := data / name).is_dir()]
    files = [file for folder in folders for file in sorted((folder / "images").iterdir())[: _SOURCES // 4]]
    return [np.asarray(Pictures.open(file).convert("RGB")) for file in files]


def _drawn() -> list[Image]:
    import numpy as np
    from PIL import Image as Pictures
    from PIL import ImageDraw, ImageFont

    drawn = []
    for number in range(_SOURCES):
        size = 16 + 4 * number
        picture = Pictures.new("RGB", (1400, 1400), "white")
        pen = ImageDraw.Draw(picture)
        for row in range(1400 // (2 * size)):
            text = " ".join(f"{word} {number * row}" for word in ("total", "amount", "invoice") * 4)
            pen.text((20, 20 + 2 * size * row), text, "black", ImageFont.load_default(size))
        drawn.append(np.asarray(picture))
    return drawn


def _resident_mb() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss) / 2**20


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
