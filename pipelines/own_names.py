"""The names of an output's objects: which paths there can be, and which of them rayocr writes.

Only what has a name of these forms is ever moved or deleted. Whatever else lies in the folders of an output
is foreign: it stays, and `rayocr verify` names it.

    rayocr.json                         the card
    _unread.json                        versions of documents that could not be read
    pages/RUN-HEX.parquet               rows
    runs/RUN.json                       summaries
    _staging/RUN/RUN-HEX.parquet        rows that are not published
    _staging/.probe-HEX                 whether the output can be written
    _swap/RUN-HEX.json, RUN-N.json, RUN-schema-N.json    journals of replacements
    _lock.json, _lock/HEX16.json        the lock, and claims upon one that is over
    .tmp-HEX                            beside each of them: a write under way, or what a dead writer left

RUN is `YYYYMMDDTHHMMSS-HEX8`, HEX 32 hexadecimal digits. All releases since the first have these names.
"""

from __future__ import annotations

import re

from actors.errors import ConfigError
from actors.uris import escape_name

TEMPORARY = ".tmp-"
"""How names of writes under way begin."""

MOST_JSON_BYTES = 64 << 20
"""Bytes of a card, a lock or a journal, at most: a journal that replaces 200,000 files has less."""

_RUN = r"[0-9]{8}T[0-9]{6}-[0-9a-f]{8}"
_HEX = r"[0-9a-f]{32}"
_TEMPORARY_NAME = rf"\.tmp-{_HEX}"
_STAGED = re.compile(
    rf"_staging/(?:(?P<run>{_RUN})/(?:(?P=run)-{_HEX}\.parquet|{_TEMPORARY_NAME})"
    rf"|\.probe-{_HEX}|{_TEMPORARY_NAME})"
)
_STAGED_ROWS = re.compile(rf"_staging/(?P<run>{_RUN})/(?P<name>(?P=run)-{_HEX}\.parquet)")
_PAGES = re.compile(rf"pages/{_RUN}-{_HEX}\.parquet")
_JOURNAL = re.compile(rf"_swap/{_RUN}-(?:{_HEX}|(?:schema-)?[0-9]+)\.json")
_CLAIM = re.compile(r"_lock/[0-9a-f]{16}\.json")
_TEMPORARY_FILE = re.compile(rf"(?:(?:pages|runs|_staging|_swap|_lock)/)?{_TEMPORARY_NAME}")


def names_of(path: str) -> tuple[str, ...]:
    """The components of a path below an output. Raises ConfigError for an absolute one, and for one with an
    empty component, `.`, `..` or a NUL: it may lead out of the output."""
    names = tuple(path.split("/"))
    if "\0" in path or any(name in ("", ".", "..") for name in names):
        raise ConfigError(
            f"{escape_name(path)!r} is no path inside an output.",
            "Paths there are relative, without empty parts, . and .., so that none leads out of it.",
            "Remove that object, or what names it, and run again.",
        )
    return names


def is_staged(path: str) -> bool:
    """Whether it is something of rayocr in the staging folder."""
    return _STAGED.fullmatch(path) is not None


def is_pages(path: str) -> bool:
    """Whether a file of rows has a name that rayocr gives."""
    return _PAGES.fullmatch(path) is not None


def is_pair(staged: str, new: str) -> bool:
    """Whether these are names of one file, staged and published."""
    found = _STAGED_ROWS.fullmatch(staged)
    return found is not None and new == f"pages/{found['name']}"


def is_journal(path: str) -> bool:
    """Whether it has the name of a journal of replacements."""
    return _JOURNAL.fullmatch(path) is not None


def is_claim(path: str) -> bool:
    """Whether it has the name of a claim upon a lock."""
    return _CLAIM.fullmatch(path) is not None


def is_temporary(path: str) -> bool:
    """Whether it is a write under way, or what a dead writer left, beside an object of the output."""
    return _TEMPORARY_FILE.fullmatch(path) is not None


def too_large(where: str, size: int) -> ConfigError:
    """The error for a card, a lock or a journal of a size that none has."""
    return ConfigError(
        f"{where} is too large to be what its name says.",
        f"It has {size:,} bytes, and at most {MOST_JSON_BYTES:,} are read.",
        "Move it away and run again.",
    )
