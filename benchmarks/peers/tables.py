"""Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int) -> str:
    """A Markdown table; columns after the first `text_columns` are aligned to the right."""
    rules = ["---" if number < text_columns else "---:" for number in range(len(header))]
    lines = (header, rules, *rows)
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def yes_or_no(value: bool) -> str:
    """A cell that says whether something holds."""
    return "yes" if value else "no"
