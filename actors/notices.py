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
        "page.turned",
        "The page looks turned, on its side or upside down, and was read as it lies: its look, its lines and "
        "how they read do not agree on a way, or `engine.page_orientation` is off.",
        "Look at the page; turn the scan, or set `engine.page_orientation=true` where it is off.",
    ),
)

NOTICE_CODES: dict[str, NoticeCode] = {entry.code: entry for entry in _CODES}
"""The one table of notices; the docs page is generated from it."""


def ordered(codes: set[str]) -> tuple[str, ...]:
    """The codes of one page in the order of the table. Raises ValueError for one that is not in it."""
    if unknown := codes - NOTICE_CODES.keys():
        raise ValueError(f"unknown notice {sorted(unknown)[0]!r}")
    return tuple(code for code in NOTICE_CODES if code in codes)
