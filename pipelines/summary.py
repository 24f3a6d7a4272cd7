"""What a run did, as `runs/<run_id>.json` and as the table at the end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from actors.inert import inert
from pipelines.names import Names

if TYPE_CHECKING:
    from actors.claim import CardUse

_GLOB = re.compile(r"[\[*?]")
"""What DuckDB takes for a pattern in the name of a file."""

EXIT_COMPLETE, EXIT_TOO_MANY_FAILED, EXIT_INCOMPLETE, EXIT_INTERRUPTED = 0, 3, 4, 130


@dataclass(frozen=True, slots=True)
class Summary:
    """One run. Counts of `pages`, `ok`, `empty`, `failed`, `notices` are of the whole output for the listed
    documents, `new_pages` of this run alone, `tried_again` of its pages those that had failed before;
    `copied`: pages beside those, with rows of documents of equal content; `forgotten`: documents that left
    the source, and now the output; `orphaned`: documents with rows that left the source; `noticed`: pages
    with a notice that they may lack something; `too_many`: what too many pages are, if that is the outcome;
    `shrunk`, `replaced`: how often batches were made smaller and engines started anew for lack of memory;
    `unread`: documents that changed and cannot be read now, whose older rows stay and are in no other count;
    `restarted`: engines started anew since their process died or hung; `cards`: the most device memory that
    each engine took; `seconds` are wall time, `recognising_s` without start-up."""

    run_id: str
    output: str
    exit_code: int
    documents: int
    pages: int
    ok: int
    empty: int
    failed: int
    missing: int
    new_pages: int
    seconds: float
    recognising_s: float
    error_codes: Mapping[str, int] = field(default_factory=dict)
    notices: Mapping[str, Names] = field(default_factory=dict)
    noticed: int = 0
    too_many: str = ""
    doubled: int = 0
    unread: int = 0
    orphaned: int = 0
    tried_again: int = 0
    copied: int = 0
    forgotten: int = 0
    shrunk: int = 0
    replaced: int = 0
    restarted: int = 0
    cards: tuple[CardUse, ...] = ()
    startup_s: Mapping[str, float] = field(default_factory=dict)
    runner: str = ""
    fingerprint: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def pages_per_second(self) -> float:
        """Pages of this run a second, start-up aside."""
        return self.new_pages / self.recognising_s if self.recognising_s > 0 else 0.0

    @property
    def outcome(self) -> str:
        """The run in a word."""
        words = {
            EXIT_COMPLETE: "complete: every page is there exactly once",
            EXIT_TOO_MANY_FAILED: self._complete_but,
            EXIT_INCOMPLETE: "incomplete: the same command goes on",
            EXIT_INTERRUPTED: "interrupted: the same command goes on",
        }
        return words[self.exit_code]

    @property
    def _complete_but(self) -> str:
        unread = f"{self.unread:,} documents changed and cannot be read now" if self.unread else ""
        many = f"too many pages {self.too_many}" if self.too_many else ""
        return f"complete, but {' and '.join(part for part in (unread, many) if part)}"

    @property
    def failures(self) -> str:
        """Codes of failed pages and how many have each, empty if there are none."""
        return ", ".join(f"{code} {count}" for code, count in sorted(self.error_codes.items()))

    @property
    def _done_and_left(self) -> str:
        """Both in documents: how many pages those have that are left is not known."""
        done = self.documents - self.missing
        return f"{done:,} of {self.documents:,} documents done, {self.missing:,} left"

    @property
    def query(self) -> str:
        """How to list the pages that have notices; empty if none has."""
        return notices_query(self.output) if self.notices else ""

    def in_a_line(self) -> str:
        """The outcome, pages that failed or have notices, and documents that lack."""
        failed = f"; {self.failed:,} of {self.pages:,} pages failed ({self.failures})" if self.failed else ""
        noticed = f"; {self.noticed:,} of {self.pages:,} pages have notices" if self.noticed else ""
        missing = f"; {self._done_and_left}" if self.missing else ""
        return f"{self.outcome}{failed}{noticed}{missing}"

    def rows(self) -> list[tuple[str, str]]:
        """Name and value of each line of the table at the end."""
        rows = [
            ("outcome", self.outcome),
            ("documents", self._done_and_left if self.missing else f"{self.documents:,}"),
            ("pages", f"{self.pages:,} ({self.ok:,} ok, {self.empty:,} empty, {self.failed:,} failed)"),
        ]
        if self.failures:
            rows.append(("failures", self.failures))
        if self.unread:
            rows.append(("unread", f"{self.unread:,} documents that changed: their older rows stay"))
        rows += self._notices()
        if self.tried_again:
            rows.append(("tried again", f"{self.tried_again:,} pages that had failed"))
        if self.copied:
            rows.append(("copied", f"{self.copied:,} pages of documents with the content of others"))
        if self.forgotten:
            rows.append(("forgotten", f"{self.forgotten:,} documents that left the source"))
        if self.shrunk or self.replaced:
            counts = f"batches made smaller: {self.shrunk:,}, engines replaced: {self.replaced:,}"
            rows.append(("short of memory", counts))
        if self.restarted:
            rows.append(("engines replaced", f"{self.restarted:,}, whose process died or hung"))
        if self.cards:
            rows.append(("card memory", _cards(self.cards)))
        if self.new_pages:
            rows.append(
                ("this run", f"{self.new_pages:,} pages in {self.recognising_s:.1f} s, start-up aside")
            )
            rows.append(("pages per second", f"{self.pages_per_second:.2f}"))
            parts = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in self.startup_s.items())
            rows.append(("start-up", parts))
        elif not self.copied:
            rows.append(
                ("this run", "no page came into a file" if self.missing else "nothing was left to do")
            )
        rows.append(("output", f"{self.output}/pages/*.parquet"))
        return rows

    def _notices(self) -> list[tuple[str, str]]:
        """Pages by notice, with the first names."""
        counted = [f"{code} {names.count:,}: {names.in_a_line}" for code, names in self.notices.items()]
        return [("notices" if not number else "", text) for number, text in enumerate(counted)]


def notices_query(output: str) -> str:
    """A query in SQL, as DuckDB takes it, that lists the pages of an output that have notices."""
    folder = _GLOB.sub(r"[\g<0>]", output.rstrip("/"))
    files = _quoted(f"{folder}/pages/*.parquet")
    return f"SELECT key, page_index, notices FROM {files} WHERE len(notices) > 0"


def _quoted(path: str) -> str:
    """A path as SQL has it; its active characters, which a terminal must not get, as code points."""
    parts: list[str] = []
    for one in path.replace("'", "''"):
        parts.append(one if inert(one) == one else f"' || chr({ord(one)}) || '")
    text = f"'{''.join(parts)}'"
    return text if inert(path) == path else f"read_parquet({text})"


def _cards(uses: tuple[CardUse, ...]) -> str:
    """How much device memory engines took at most, against what they may take."""
    least, most = min(use.peak_mb for use in uses), max(use.peak_mb for use in uses)
    peaks = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    caps = sorted({use.cap_mb for use in uses if use.cap_mb is not None})
    cards = {(use.node, use.device): use.total_mb for use in uses}
    sizes = sorted({total for total in cards.values() if total is not None})
    whose = "all that is on a card" if any(use.of_card for use in uses) else "each, with CUDA's context"
    parts = [
        f"{_count(len({use.engine for use in uses}), 'engine')} on {_count(len(cards), 'card')}",
        f"peak {peaks} MiB ({whose})",
        *([f"cap {' or '.join(f'{cap:,}' for cap in caps)} MiB without it"] if caps else []),
        *([f"of {' or '.join(f'{size:,}' for size in sizes)} MiB"] if sizes else []),
    ]
    return ", ".join(parts)


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"
