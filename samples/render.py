"""Render the demo's pages: `python samples/render.py demo/pages`.

The same call gives the same bytes. What is written on the pages goes to `truth.jsonl` *beside* the
folder of pages, one JSON object a page, so that it is no input itself.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import stories
import wear
from paper import A4, A5, Sheet
from PIL import Image

SEED = 20251114
DPI = (150, 150)


@dataclass(frozen=True)
class Truth:
    """One page: its document's path below the folder, its lines, and the error it must fail with."""

    key: str
    page_index: int
    lines: tuple[str, ...]
    error_code: str | None = None


@dataclass(frozen=True)
class Document:
    """One file of the demo: its bytes and the lines of each of its pages."""

    key: str
    content: bytes
    pages: tuple[tuple[str, ...], ...]
    error_code: str | None = None

    def truth(self) -> list[Truth]:
        """One entry a page; a file that cannot be opened has one, as in the table."""
        if self.error_code:
            return [Truth(self.key, 0, (), self.error_code)]
        return [Truth(self.key, index, lines) for index, lines in enumerate(self.pages)]


def letter() -> Document:
    """A letter: one column of running text."""
    sheet = Sheet()
    for text in stories.LETTER_HEAD:
        sheet.line(text, 26, align="right")
    sheet.gap(60)
    for text in stories.LETTER:
        sheet.paragraph(text, 27)
    sheet.gap(20)
    for text in stories.LETTER_END:
        sheet.line(text, 27, "italic")
    return _picture("letters/lighthouse.png", sheet)


def gazette() -> Document:
    """A newspaper page: a title over two columns."""
    sheet = Sheet(A4, margin=90)
    sheet.line(stories.GAZETTE_TITLE, 64, "bold", "centre")
    sheet.rule(4)
    sheet.line(stories.GAZETTE_LINE, 22, align="centre")
    sheet.rule()
    top, gutter = sheet.y + 20, 60
    width = (sheet.width - gutter) / 2
    for column, articles in enumerate((stories.GAZETTE[:2], stories.GAZETTE[2:])):
        sheet.y = top
        left = round(sheet.margin + column * (width + gutter))
        for title, *paragraphs in articles:
            sheet.put(left, title, 30, "bold")
            sheet.gap(52)
            for text in paragraphs:
                sheet.paragraph(text, 24, left, width)
            sheet.gap(26)
    return _picture("press/tidewater-gazette.png", sheet)


def receipt(rng: np.random.Generator) -> Document:
    """A till receipt: labels at the left, amounts at the right, scanned crookedly."""
    sheet = Sheet((620, 1180), margin=50, face="plain")
    sheet.line(stories.RECEIPT_HEAD[0], 40, align="centre")
    for text in stories.RECEIPT_HEAD[1:]:
        sheet.line(text, 25, align="centre")
    sheet.gap(10)
    sheet.rule()
    for label, amount in stories.RECEIPT:
        sheet.pair(label, amount, 27)
    sheet.rule()
    for label, amount in stories.RECEIPT_SUM:
        sheet.pair(label, amount, 30 if label == "TOTAL" else 27)
    sheet.rule()
    for text in stories.RECEIPT_END:
        sheet.line(text, 25, align="centre")
    scan = wear.scanned(sheet.image, rng, degrees=-0.8)
    return Document("shop/receipt.jpg", _encode(scan, "JPEG", quality=80), (tuple(sheet.lines),))


def form() -> Document:
    """A form: labelled fields, then a ruled table."""
    sheet = Sheet(A4, margin=110, face="plain")
    sheet.line(stories.FORM_TITLE, 42, "bold")
    sheet.rule(3)
    sheet.gap(20)
    for label, value in stories.FORM_FIELDS:
        sheet.row((label, value), (0, 0.36), 29)
        left, base = sheet.margin + 0.36 * sheet.width, sheet.y - 12
        sheet.draw.line((left, base, sheet.image.width - 110, base), 120)
        sheet.gap(10)
    sheet.gap(50)
    edges = (0.0, 0.38, 0.58, 0.78)
    top = sheet.y - 18
    for index, cells in enumerate((stories.FORM_TABLE_HEAD, *stories.FORM_TABLE)):
        sheet.row(cells, [edge + 0.015 for edge in edges], 27, "bold" if index == 0 else None)
        sheet.draw.line((110, sheet.y - 12, sheet.image.width - 110, sheet.y - 12), 60, 2)
        sheet.gap(6)
    bottom = sheet.y - 18
    for edge in (*edges, 1.0):
        x = sheet.margin + edge * sheet.width
        sheet.draw.line((x, top, x, bottom), 60, 2)
    sheet.draw.line((110, top, sheet.image.width - 110, top), 60, 2)
    sheet.gap(50)
    sheet.paragraph(stories.FORM_NOTE, 26)
    return _picture("office/form-27b.png", sheet)


def notice(rng: np.random.Generator) -> Document:
    """A notice, photographed with a telephone in bad light."""
    sheet = Sheet(A5, margin=80)
    sheet.line(stories.NOTICE_TITLE, 62, "bold", "centre")
    sheet.gap(30)
    for index, text in enumerate(stories.NOTICE):
        sheet.line(text, 27, "italic" if index < 2 else "regular", "centre")
        sheet.gap(44 if index in (1, 5, 8) else 8)
    photo = wear.photographed(sheet.image, rng, (1300, 1720))
    return Document("photos/marmalade-night.jpg", _encode(photo, "JPEG", quality=72), (tuple(sheet.lines),))


def tea_house() -> Document:
    """A page of Chinese."""
    sheet = Sheet(A5, margin=90, face="chinese")
    sheet.line(stories.TEA_TITLE, 58, align="centre")
    sheet.gap(30)
    for text in stories.TEA:
        sheet.paragraph(text, 32)
    sheet.rule()
    sheet.gap(16)
    for dish, price in stories.TEA_MENU:
        sheet.pair(dish, price, 32)
    return _picture("letters/山间茶馆.png", sheet)


def logbook(rng: np.random.Generator) -> Document:
    """A TIFF of three pages, one bit a pixel, CCITT G4, as a fax machine or an archive writes it."""
    frames: list[Image.Image] = []
    lines: list[tuple[str, ...]] = []
    for title, *entries in stories.LOGBOOK:
        sheet = Sheet((1166, 1000), margin=90)
        sheet.line(title, 44, "bold")
        sheet.rule(3)
        sheet.gap(20)
        for entry in entries:
            sheet.line(entry, 31)
            sheet.gap(26)
        frames.append(wear.faxed(sheet.image, rng))
        lines.append(tuple(sheet.lines))
    content = _encode(
        frames[0], "TIFF", save_all=True, append_images=frames[1:], compression="group4", dpi=(200, 200)
    )
    return Document("office/logbook.tif", content, tuple(lines))


def almanac(rng: np.random.Generator) -> Document:
    """A PDF of three pages: two born digital (text, a table of tides), one a scanned handbill."""
    from reportlab.lib.pagesizes import A5 as PDF_A5
    from reportlab.lib.utils import ImageReader, simpleSplit
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    width, height = PDF_A5
    canvas = Canvas(buffer, pagesize=PDF_A5, invariant=1, pageCompression=1)
    canvas.setTitle(stories.ALMANAC_TITLE)
    pages: list[tuple[str, ...]] = []

    def write(at: tuple[float, float], text: str, face: str, size: float, lines: list[str]) -> None:
        canvas.setFont(face, size)
        canvas.drawString(*at, text)
        lines.append(text)

    lines: list[str] = []
    y = height - 70
    write((50, y), stories.ALMANAC_TITLE, "Times-Bold", 24, lines)
    for index, text in enumerate(stories.ALMANAC):
        y -= 14
        face = "Times-Italic" if index == 0 else "Times-Roman"
        for piece in simpleSplit(text, face, 12, width - 100):
            y -= 18
            write((50, y), piece, face, 12, lines)
    pages.append(tuple(lines))
    canvas.showPage()

    lines = []
    y = height - 70
    write((50, y), stories.TIDES_TITLE, "Helvetica-Bold", 14, lines)
    y -= 12
    for index, cells in enumerate((stories.TIDES_HEAD, *stories.TIDES)):
        y -= 24
        for column, cell in enumerate(cells):
            write((50 + column * 66, y), cell, "Courier-Bold" if index == 0 else "Courier", 11, lines)
    y -= 40
    for piece in simpleSplit(stories.TIDES_NOTE, "Helvetica", 10, width - 100):
        write((50, y), piece, "Helvetica", 10, lines)
        y -= 16
    pages.append(tuple(lines))
    canvas.showPage()

    sheet = Sheet(A5, margin=90)
    sheet.gap(40)
    sheet.line(stories.HANDBILL_TITLE, 66, "bold", "centre")
    sheet.gap(50)
    for text in stories.HANDBILL:
        sheet.line(text, 30, align="centre")
        sheet.gap(26)
    scan = wear.scanned(sheet.image, rng, degrees=0.6)
    canvas.drawImage(ImageReader(io.BytesIO(_encode(scan, "JPEG", quality=85))), 0, 0, width, height)
    pages.append(tuple(sheet.lines))
    canvas.showPage()
    canvas.save()
    return Document("press/keepers-almanac.pdf", buffer.getvalue(), tuple(pages))


def torn() -> Document:
    """A photo that was cut off on its way: the one file of the demo that must fail."""
    sheet = Sheet(A5)
    for text in stories.LETTER[1:3]:
        sheet.paragraph(text, 27)
    whole = _encode(sheet.image, "JPEG", quality=80)
    return Document("photos/torn-in-half.jpg", whole[: len(whole) // 2], (), "decode.corrupt")


def documents() -> list[Document]:
    """All files of the demo; each has its own random numbers, so that one can change alone."""
    plain: Sequence[Callable[[], Document]] = (letter, gazette, form, tea_house, torn)
    worn: Sequence[Callable[[np.random.Generator], Document]] = (receipt, notice, logbook, almanac)
    return [make() for make in plain] + [
        make(np.random.default_rng(SEED + index)) for index, make in enumerate(worn)
    ]


def render(folder: Path) -> Path:
    """Write the pages into `folder` and their truth beside it; returns the truth's path.

    A file that is already there with the same bytes is left alone: to touch it would make it a
    changed document for a run that resumes.
    """
    entries: list[Truth] = []
    for document in documents():
        path = folder / document.key
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != document.content:
            path.write_bytes(document.content)
        entries.extend(document.truth())
    truth = folder.parent / "truth.jsonl"
    lines = [json.dumps(asdict(entry), ensure_ascii=False) + "\n" for entry in entries]
    truth.write_text("".join(lines), encoding="utf-8")
    return truth


def _picture(key: str, sheet: Sheet) -> Document:
    return Document(key, _encode(sheet.image, "PNG", dpi=DPI), (tuple(sheet.lines),))


def _encode(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def main(arguments: Sequence[str]) -> int:
    """The command: one argument, the folder to write into."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python samples/render.py OUT_DIR\n")
        return 2
    folder = Path(arguments[0])
    truth = render(folder)
    pages = len(truth.read_text(encoding="utf-8").splitlines())
    sys.stdout.write(f"{pages} pages in {folder}, their text in {truth}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
