"""The layout's figures on generated pages, template by template, and their table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from actors.layout.arrange import arrange
from benchmarks.page_templates.catalog import HALVES, pages
from benchmarks.page_templates.scores import Score, total


def measured(count: int) -> Iterator[dict[str, Any]]:
    """A row a template with the scores of its first `count` pages, and a row for each half."""
    for half, templates in HALVES.items():
        scores: dict[str, Score] = {}
        for name in templates:
            scores[name] = Score()
            for page in pages(name, count):
                scores[name].add(page, arrange(page.lines))
            yield _row(half, name, scores[name])
        yield _row(half, "all", total(scores.values()))


def _row(half: str, name: str, score: Score) -> dict[str, Any]:
    cells = None if score.cells is None else round(score.cells, 4)
    return {
        "half": half,
        "template": name,
        "pages": score.pages,
        "words": score.of,
        "order": round(score.order, 4),
        "rows": score.rows,
        "cells": cells,
    }


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """As Markdown."""
    print("| generated pages | template | pages | order | rows of tables | cells in their columns |")
    print("|---|---|---:|---:|---:|---:|")
    for row in rows:
        cells = "" if row["cells"] is None else f"{row['cells']:.3f}"
        counts = f"{row['pages']} | {row['order']:.3f} | {row['rows'] or ''} | {cells}"
        print(f"| {row['half']} | {row['template']} | {counts} |")
