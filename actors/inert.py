"""Text of files and their names, made safe to look at: what commands a terminal, or hides, is spelled.

Escaped are control characters (C0 with line breaks and tabs, DEL, C1), everything that turns or isolates the
direction of text, line and paragraph separators, characters without a picture that hide others (zero-width
space, word joiner, soft hyphen, tags ...), and lone surrogates. Each becomes Python's escape of it: `\\n`,
`\\x1b`, `\\u202e`. Kept is what scripts need: letters of any direction with their marks, the joiners of
Persian and Indic text and of emoji (U+200C, U+200D), variation selectors, and flags spelled in tags.
"""

from __future__ import annotations

import logging
import re

from actors.signatures import without_queries

_ACTIVE = (
    "\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
_FLAG = "\U0001f3f4[\U000e0061-\U000e007a]{4,6}\U000e007f"
"""A flag of a part of a country, as Unicode spells it: a black flag and its code, in tags."""

_TO_ESCAPE = re.compile(f"({_FLAG})|[{_ACTIVE}]")
_BUT_LINES = re.compile(f"({_FLAG})|(?![\n\t])[{_ACTIVE}]")


def inert(text: str, *, lines: bool = False) -> str:
    """The text with its active characters escaped. `lines`: it has lines of its own, whose breaks and tabs
    stay. What is escaped stays as it is if it is escaped again."""
    if text.isascii() and text.isprintable():
        return text
    return (_BUT_LINES if lines else _TO_ESCAPE).sub(_escaped, text)


class InertFormatter(logging.Formatter):
    """A formatter of logs that keeps each message on its line, and shows no secret of an address."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """As logging does."""
        return inert(without_queries(super().formatMessage(record)))

    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's name
        """As logging does: a traceback has lines."""
        return inert(without_queries(super().formatException(ei)), lines=True)  # type: ignore[arg-type]


def _escaped(found: re.Match[str]) -> str:
    return found[1] or found[0].encode("unicode_escape").decode("ascii")
