"""What a decoder's child and its parent say to one another, beside documents and pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Opened:
    """First message of the child about a document that it could open. `selected`: indexes of the pages that
    are wanted; `notices`: of the document as a whole."""

    page_count: int
    format: str
    selected: Sequence[int]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Idle:
    """The child waits for a document: its first message, and the last one about each document.

    Resident memory in MiB, when it was fresh and now.
    """

    fresh_mb: float
    resident_mb: float


@dataclass(frozen=True, slots=True)
class Look:
    """Asks the child into a document instead of for its pages: for the content of the file that the places of
    attachments lead to, or for what is `attached` to it."""

    path: tuple[int, ...]
    attached: bool
