"""Every notice a row can carry: what a person should know of a page that did not fail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NoticeCode:
    """One row of the table of notices."""

    code: str
    meaning: str
    remedy: str


_CODES = (
    NoticeCode(
        "text.unread",
        "Text was found on the page and not read, or read too uncertainly to be kept: see `lines_found` and "
        "`lines_kept`.",
        "Look at the page; `engine.min_score` keeps more of it, a better scan reads better.",
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
        "Scan again with more dots per inch, or raise `decode.dpi` for a PDF.",
    ),
)

NOTICE_CODES: dict[str, NoticeCode] = {entry.code: entry for entry in _CODES}
"""The one table of notices; the docs page is generated from it."""


def ordered(codes: set[str]) -> tuple[str, ...]:
    """The codes of one page in the order of the table. Raises ValueError for one that is not in it."""
    if unknown := codes - NOTICE_CODES.keys():
        raise ValueError(f"unknown notice {sorted(unknown)[0]!r}")
    return tuple(code for code in NOTICE_CODES if code in codes)
