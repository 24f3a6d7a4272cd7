"""Every notice a row can carry: what a person should know of a page that did not fail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NoticeCode:
    """One row of the table of notices. `lacks`: whether the row may lack something that stands on its page;
    the others only tell."""

    code: str
    meaning: str
    remedy: str
    lacks: bool = True


_CODES = (
    NoticeCode(
        "text.unread",
        "Text was found on the page and not read, or read too uncertainly to be kept: see `lines_found` and "
        "`lines_kept`.",
        "Look at the page; `engine.rec_score_thresh` keeps more of it, a better scan reads better.",
    ),
    NoticeCode(
        "script.unknown",
        "The page, or a noticeable part of it, is in a script that the model does not know. It skips these "
        "letters, so that what is left may score high.",
        "Take a model that knows the script (`engine.model`, `rayocr models list`).",
    ),
    NoticeCode(
        "text.too_small",
        "A noticeable part of the text is smaller than can be read: its lines are up to 8 pixels high. Words "
        "are wrong at high scores.",
        "Scan again with more dots per inch, or raise `decode.pdf_dpi` for a PDF.",
    ),
    NoticeCode(
        "page.turned",
        "The page looks turned, on its side or upside down, and was read as it lies: its look, its lines and "
        "how they read do not agree on a way, or `engine.page_orientation` is off.",
        "Look at the page; turn the scan, or set `engine.page_orientation=true` where it is off.",
    ),
    NoticeCode(
        "pdf.damaged_image",
        "A picture on the page is damaged, cut off or missing: what could be seen of the page was read.",
        "Fetch or scan the file again; another tool (qpdf, mutool) may save more of it.",
    ),
    NoticeCode(
        "pdf.xfa",
        "The document is a dynamic XFA form: what was read is the placeholder that other programs than "
        "Adobe's show, and not the form.",
        "Open it in Adobe Acrobat or Reader, and print it to PDF.",
    ),
    NoticeCode(
        "pdf.portfolio",
        "The document is a portfolio: this is its cover, and its files are attached to it.",
        "Set `decode.attachments` to `read`, or extract the files: `pdfdetach -saveall FILE`.",
    ),
    NoticeCode(
        "pdf.attachments",
        "Files are attached to the document, and were not read.",
        "Set `decode.attachments` to `read`, which takes attached PDFs and pictures, or extract the files: "
        "`pdfdetach -saveall FILE`.",
    ),
    NoticeCode(
        "pdf.attached",
        "PDFs or pictures are attached to the document, and are documents of their own.",
        "Their keys begin with this document's key and `!/`.",
        lacks=False,
    ),
)

NOTICE_CODES: dict[str, NoticeCode] = {entry.code: entry for entry in _CODES}
"""The one table of notices; the docs page is generated from it."""

TEXT_IS_THERE = frozenset({"text.unread", "script.unknown", "text.too_small"})
"""Notices that say that a page has text, whether any of it was read or not."""


def ordered(codes: set[str]) -> tuple[str, ...]:
    """The codes of one page in the order of the table. Raises ValueError for one that is not in it."""
    if unknown := codes - NOTICE_CODES.keys():
        raise ValueError(f"unknown notice {sorted(unknown)[0]!r}")
    return tuple(code for code in NOTICE_CODES if code in codes)
