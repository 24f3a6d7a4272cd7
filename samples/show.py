"""Show and check what the demo's run found: `python samples/show.py demo/out demo/truth.jsonl`.

One SQL query over the Parquet files, then a comparison with what was written on the pages. Exits 1 if a
page is missing or there twice, if anything but the torn photo failed, or if a page's words were not found.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

QUERY = """
    SELECT key, page_index, status, error_code, mean_score, line_count, text
    FROM read_parquet('{files}')
    ORDER BY key, page_index
"""

ENOUGH = 0.8
"""Share of a page's words that must be found, wherever they stand. The default model finds nearly all."""

EXCERPTS = ("letters/lighthouse.png", "letters/山间茶馆.png", "shop/receipt.jpg")
EXCERPT_LINES = 7

PageKey = tuple[str, int]


@dataclass(frozen=True)
class Row:
    """One row of the output, as far as it is shown."""

    key: str
    page_index: int
    status: str
    error_code: str | None
    mean_score: float | None
    line_count: int | None
    text: str | None

    @property
    def page(self) -> PageKey:
        """Which page it is."""
        return self.key, self.page_index


@dataclass(frozen=True)
class Expected:
    """What a page should give."""

    lines: Sequence[str]
    error_code: str | None


def read_rows(output: Path) -> list[Row]:
    """Run the query."""
    import duckdb

    files = str(output / "pages" / "*.parquet").replace("'", "''")
    relation = duckdb.sql(QUERY.format(files=files))
    return [Row(*values) for values in relation.fetchall()] if relation else []


def read_truth(file: Path) -> dict[PageKey, Expected]:
    """What was rendered."""
    entries = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return {(e["key"], e["page_index"]): Expected(e["lines"], e["error_code"]) for e in entries}


def found_share(expected: Expected, text: str | None) -> float:
    """Share of the words on the page that are in the text; a Chinese sign counts as a word."""
    wanted, there = _words(" ".join(expected.lines)), _words(text or "")
    return sum((wanted & there).values()) / max(1, sum(wanted.values()))


def complaints(rows: Sequence[Row], truth: Mapping[PageKey, Expected]) -> list[str]:
    """Everything that is not as it should be, a sentence each."""
    counts = Counter(row.page for row in rows)
    found = [f"{key}, page {index}: no row" for key, index in truth if not counts[key, index]]
    found += [f"{key}, page {index}: {n} rows" for (key, index), n in counts.items() if n > 1]
    for row in rows:
        where = f"{row.key}, page {row.page_index}"
        expected = truth.get(row.page)
        if expected is None:
            found.append(f"{where}: is no page of the demo")
        elif row.error_code != expected.error_code:
            wanted = expected.error_code or "text"
            found.append(f"{where}: {row.error_code or 'no error'} instead of {wanted}")
        elif row.status != "failed" and (share := found_share(expected, row.text)) < ENOUGH:
            found.append(f"{where}: only {share:.0%} of its words were found")
    return found


def show(rows: Sequence[Row], truth: Mapping[PageKey, Expected]) -> None:
    """Print the query, a table of the pages, and the beginning of some."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=120)
    console.print(QUERY.format(files="demo/out/pages/*.parquet").strip("\n"), markup=False)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("key", overflow="fold", ratio=3)
    for name in ("page", "status", "score", "lines", "found"):
        table.add_column(name, justify="left" if name == "status" else "right", min_width=len(name))
    table.add_column("text begins", no_wrap=True, ratio=4)
    for row in rows:
        table.add_row(*_cells(row, truth.get(row.page)))
    console.print(table)
    for row in rows:
        if row.key in EXCERPTS and row.text:
            lines = [f"   {line}" for line in row.text.split("\n")[:EXCERPT_LINES]]
            console.print(f"-- {row.key}", *lines, "   ...", "", sep="\n", markup=False)


def _cells(row: Row, expected: Expected | None) -> tuple[str, ...]:
    if row.status == "failed":
        return row.key, str(row.page_index), row.status, "", "", "", f"({row.error_code})"
    score = "" if row.mean_score is None else f"{row.mean_score:.3f}"
    lines = "" if row.line_count is None else str(row.line_count)
    found = "" if expected is None else f"{found_share(expected, row.text):.0%}"
    first = (row.text or "").partition("\n")[0]
    return row.key, str(row.page_index), row.status, score, lines, found, first


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"[\u4e00-\u9fff]|[^\W_\u4e00-\u9fff]+", text.lower()))


def main(arguments: Sequence[str]) -> int:
    """The command: the output of the run, and the truth."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python samples/show.py OUTPUT TRUTH\n")
        return 2
    output, truth_file = map(Path, arguments)
    if not any(output.glob("pages/*.parquet")):
        sys.stderr.write(f"{output} holds no pages: run `rayocr run configs/laptop.yaml` first\n")
        return 1
    rows, truth = read_rows(output), read_truth(truth_file)
    show(rows, truth)
    wrong = complaints(rows, truth)
    for line in wrong:
        sys.stderr.write(f"wrong: {line}\n")
    if wrong:
        sys.stderr.write("If the samples changed since the last demo: make clean-demo demo\n")
        return 1
    sys.stdout.write(
        f"All {len(truth)} pages are there, each once; only the torn photo failed, as it must.\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
