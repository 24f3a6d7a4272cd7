"""How a run looks on a terminal: the plan before, one progress line during, one table after."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rayocr.cli import terminal

if TYPE_CHECKING:
    from rich.table import Table

    from pipelines.plan import Plan
    from pipelines.preview import Preview
    from pipelines.probe.report import Probed
    from pipelines.progress import Progress
    from pipelines.summary import Summary
    from pipelines.verify import Report
    from pipelines.view import Pending


class RunConsole:
    """The view of `rayocr run`: everything but the last table goes to stderr."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    def say(self, text: str) -> None:
        """One line about what is going on."""
        if not self._quiet:
            terminal.note(text)

    def planned(self, plan: Plan, pending: Pending) -> None:
        """Show the plan, with its reasons, before work starts."""
        if not self._quiet:
            print_plan(plan, pending, to_stderr=True)

    def probed(self, probed: Probed) -> None:
        """Show what a probe changed."""
        if not self._quiet:
            print_probed(probed, to_stderr=True)

    def progress(self, documents: int) -> Progress:
        """The progress line for so many documents."""
        from pipelines.progress import Progress

        return Progress(documents, quiet=self._quiet)

    def finished(self, summary: Summary) -> None:
        """Show the table at the end; asked to be quiet, a line if something went wrong."""
        if not self._quiet:
            terminal.table(_summary_table(summary))
            if summary.query:  # below the table, whose lines are folded: it is there to be copied
                terminal.line(f"pages with notices: {summary.query}")
        elif summary.exit_code:
            terminal.note(summary.in_a_line())
        for warning in summary.warnings:  # inert, with lines of their own
            terminal.lines(f"rayocr: {warning}", err=True)


def print_plan(plan: Plan, pending: Pending, *, to_stderr: bool = False) -> None:
    """Print the plan as a table."""
    from rich import box
    from rich.table import Table

    if not pending.documents and not pending.again:
        said = f"plan: nothing is left to do, all {pending.listed:,} documents are there"
        terminal.line(said, err=to_stderr)
        return
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("choice", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for name, value, reason in plan.rows():
        table.add_row(name, value, terminal.cell(reason))
    terminal.table(table, err=to_stderr, title=f"plan: {pending.describe()}")


def print_probed(probed: Probed, *, to_stderr: bool = False) -> None:
    """Print what a probe changed as a table: figures, then choices of the plan."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for name in ("", "estimate", "measured", "plan before", "plan now"):
        table.add_column(name, no_wrap=True, justify="right" if name else "left")
    for change in probed.changes:
        values = (change.before, change.after)
        table.add_row(change.name, *(values if change.kind == "figure" else ("", "", *values)))
    terminal.table(table, err=to_stderr, title=f"probe: {probed.describe()}")
    for line in (*probed.loads(), *probed.notices()):
        terminal.line(line, err=to_stderr)


def print_plan_json(found: Preview) -> None:
    """Print the plan as JSON, each choice with its value and reason, and what a probe found."""
    tree = {"pending": asdict(found.pending), "plan": asdict(found.plan)}
    if found.probed is not None:
        tree["probe"] = found.probed.tree()
    terminal.json(tree)


def print_report(report: Report) -> None:
    """Print source against output as a table; what else is to be known goes to stderr."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("what", no_wrap=True)
    table.add_column("count", justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for kind, count, names in report.rows():
        table.add_row(kind, count, terminal.cell(names))
    terminal.table(table, title=report.outcome)
    for note in report.notes:
        terminal.note(note)


def _summary_table(summary: Summary) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in summary.rows():
        table.add_row(name, terminal.cell(value))
    return table
