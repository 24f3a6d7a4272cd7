"""The labelled sets: which pages, which measure, and the scores of what a system read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from benchmarks.peers.number_tokens import NumberScore, score_numbers
from benchmarks.peers.processes import ROOT, Read

Measure = Literal["word", "char"]


@dataclass(frozen=True)
class PageSet:
    """Pages of a folder of the labelled data: all, or those of a language or with a tag.

    `documents`: its files have several pages each, labelled in manifest.jsonl; those with text count.
    """

    name: str
    folder: str
    measure: Measure = "word"
    lang: str | None = None
    tag: str | None = None
    documents: bool = False

    @property
    def reading_language(self) -> str:
        """The language that a system which must be told one is told."""
        return "zh" if self.lang == "zh" or self.folder == "chinese" else "en"


SETS = (
    PageSet("sroie", "sroie"),
    PageSet("funsd", "funsd"),
    PageSet("scribe_docs", "scribe_docs"),
    PageSet("doclaynet_pages", "doclaynet_pages"),
    PageSet("omnidocbench_en", "omnidocbench_demo", lang="en"),
    PageSet("omnidocbench_zh", "omnidocbench_demo", "char", lang="zh"),
    PageSet("chinese", "chinese", "char"),
    PageSet("mdpbench_upright", "mdpbench_demo", "char", tag="upright"),
    PageSet("scene", "scene", tag="original"),
    PageSet("multipage", "multipage", documents=True),
)
TARGET_SETS = ("sroie", "funsd", "scribe_docs")
"""Receipts, forms and 300-dpi pages: what the geometric mean is over."""


@dataclass(frozen=True)
class Label:
    """A labelled page: its picture, and its line of gt.jsonl."""

    path: Path
    row: Mapping[str, Any]


@dataclass(frozen=True)
class Score:
    """Scores of a system on a set. `numbers`: exact numbers, None where spaces do not part words."""

    f1: float
    precision: float
    recall: float
    numbers: NumberScore | None = None


def data_folder() -> Path:
    """The folder of the labelled sets. Exits with a sentence if it isn't there."""
    folder = Path(os.environ.get("RAYOCR_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "score.py").is_file():
        sys.exit(f"There are no labelled pages in {folder}: let RAYOCR_DATA name the folder with score.py.")
    return folder.resolve()


def labels(data: Path, chosen: PageSet, limit: int | None, scratch: Path | None = None) -> list[Label]:
    """The first pages of a set, in the order of its labels. Pages of documents are decoded into files below
    `scratch`: such a set cannot do without."""
    if chosen.documents:
        assert scratch is not None, f"the pages of {chosen.name} must be written somewhere"
        return list(islice(_document_pages(data / chosen.folder, scratch), limit))
    folder = data / chosen.folder
    rows = [
        row
        for row in _rows(folder / "gt.jsonl")
        if chosen.lang in (None, row.get("lang"))
        and (chosen.tag is None or chosen.tag in row.get("tags", ()))
    ]
    return [Label(folder / row["file"], row) for row in rows[:limit]]


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


def _document_pages(folder: Path, scratch: Path) -> Iterator[Label]:
    """Pages with text of documents, as our own decoder gives them; a row each, as gt.jsonl would have it."""
    from PIL import Image

    from actors.decode import decode_document
    from actors.settings import DecodeConfig

    for document in _rows(folder / "manifest.jsonl"):
        texts = {page["page"] - 1: page["text"] for page in document["page"] if page["text"]}
        if not texts:
            continue
        for page in decode_document((folder / document["file"]).read_bytes(), DecodeConfig()):
            if page.image is None or page.page_index not in texts:
                continue
            path = scratch / f"{Path(document['file']).stem}-{page.page_index + 1}.png"
            dpi: dict[str, Any] = {"dpi": (page.dpi, page.dpi)} if page.dpi else {}
            Image.fromarray(page.image).save(path, compress_level=1, **dpi)
            told = {name: document.get(name) for name in ("lang", "ordered")}
            name = f"{document['file']}#{page.page_index + 1}"
            yield Label(path, {"file": name, "text": texts[page.page_index], **told})


def score(data: Path, chosen: PageSet, pages: Sequence[Label], read: Mapping[Path, Read]) -> Score:
    """Score what was read with the data's own scorer, on these pages alone."""
    empty = Read("", [], None)
    predictions = [
        {"file": page.row["file"], "text": read.get(page.path, empty).text, "lines": _polygons(read, page)}
        for page in pages
    ]
    with tempfile.TemporaryDirectory(prefix="compare-") as scratch:
        _write(Path(scratch) / "gt.jsonl", [page.row for page in pages])
        _write(Path(scratch) / "read.jsonl", predictions)
        command = [sys.executable, str(data / "score.py"), scratch, f"{scratch}/read.jsonl", "--json"]
        answer = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)
    found = json.loads(answer.stdout)
    numbers = score_numbers((page.row["text"], read.get(page.path, empty).text) for page in pages)
    f1, precision, recall = (found[f"{chosen.measure}_{name}"] for name in ("f1", "precision", "recall"))
    return Score(f1, precision, recall, numbers if chosen.measure == "word" else None)


def _polygons(read: Mapping[Path, Read], page: Label) -> list[dict[str, Any]]:
    return [{"polygon": polygon} for polygon in read[page.path].lines] if page.path in read else []


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def draw_warm_up(path: Path) -> Path:
    """A page that is in no set, for what a library does once; its shape is not that of any page."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (608, 416), "white")
    pen = ImageDraw.Draw(picture)
    for number in range(8):
        pen.text((24, 20 + 48 * number), "warm up " * (number + 1), "black", ImageFont.load_default(22))
    picture.save(path)
    return path
