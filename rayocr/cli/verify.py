"""`rayocr verify`: count source against output, and name what is missing, doubled or failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rayocr.cli import terminal
from rayocr.cli.options import config_options

if TYPE_CHECKING:
    from pipelines.config import Config
    from pipelines.verify import Report


@click.command(short_help="Count source against output.")
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--names", "most", type=click.IntRange(min=0), default=20, show_default=True, help="Names of each kind."
)
@click.option("--deep", is_flag=True, help="Read every byte of every file, too, against its checksums.")
def command(settings: Config, as_json: bool, most: int, deep: bool) -> int:
    """Count source against output: every page exactly once, every file of this output. Names what is missing,
    doubled, failed, unread, torn or orphaned. Of each file it reads the footer and the columns that pages are
    counted by, and checks those against their checksums; with --deep all of it. Changes nothing, needs no
    engine, and may look on while a run is at work.

    \b
    rayocr verify --input ~/scans --output ~/scans-text

    Exit codes: 0 they agree (pages may have failed: they have their rows); 3 they do, but for documents that
    changed and could not be read, whose older rows stay; 4 they do not.
    """
    from pipelines.verify import verify
    from rayocr.cli.console import print_report

    report = verify(settings, most, deep=deep)
    if as_json:
        terminal.json(_tree(report))
    else:
        print_report(report)
    return report.exit_code


def _tree(report: Report) -> dict[str, Any]:
    from dataclasses import asdict

    tree = asdict(report)
    proof = tree.pop("proof")
    counts = {name: proof[name] for name in ("pages", "ok", "empty", "error_codes")}
    return {"agrees": report.agrees, "exit_code": report.exit_code, **counts, **tree}
