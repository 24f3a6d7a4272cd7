"""All that commands print goes through here, and is inert (actors.inert): no file's name or text moves the
cursor, makes a line of its own, or turns what stands beside it."""

from __future__ import annotations

import json as json_format
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from actors.inert import inert
from actors.signatures import without_secrets

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_WIDTH = 120
"""Columns of a table where there is no terminal."""


def line(text: str, *, err: bool = False) -> None:
    """Print one line, without the secrets of addresses."""
    _write(inert(without_secrets(text)), err=err)


def note(text: str) -> None:
    """Print one line about what is going on, to stderr."""
    line(f"rayocr: {text}", err=True)


def lines(text: str, *, err: bool = False) -> None:
    """Print text that has lines and tabs of its own."""
    _write(inert(text, lines=True), err=err)


def json(tree: Any) -> None:
    """Print a tree as JSON, in ASCII."""
    _write(json_format.dumps(tree, indent=2, ensure_ascii=True), err=False)


def cell(text: str) -> str:
    """Text as a cell of a table: markup means nothing in it, and lines stay."""
    from rich.markup import escape

    return escape(inert(without_secrets(text), lines=True))


def table(made: Table, *, err: bool = False, title: str = "", width: int = _WIDTH) -> None:
    """Print a table, below its title. `width`: columns where there is no terminal."""
    target = console(err=err, width=width)
    if title:  # not the table's own title, which wraps where the table ends
        target.print(inert(without_secrets(title)), style="table.title", markup=False, soft_wrap=True)
    target.print(made)


def console(*, err: bool = False, width: int = _WIDTH) -> Console:
    """A console whose own styling is all that is not inert."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class InertConsole(Console):
        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                text, style, control = segment
                yield segment if control else Segment(inert(text, lines=True), style)

    made = InertConsole(stderr=err, highlight=False)
    return made if made.is_terminal else InertConsole(stderr=err, highlight=False, width=width)


def _write(text: str, *, err: bool) -> None:
    stream = sys.stderr if err else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=err)
