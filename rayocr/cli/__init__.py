"""The commands, one small file each, imported when they are called."""

from __future__ import annotations

import importlib

import click

from rayocr import __version__

_COMMANDS = {
    "run": ("rayocr.cli.run", "command", "Recognise every page of a source."),
    "plan": ("rayocr.cli.plan", "command", "Show how a run would be carried out, and why."),
    "verify": ("rayocr.cli.verify", "command", "Count source against output."),
    "compact": ("rayocr.cli.compact", "command", "Merge an output's small files."),
    "show": ("rayocr.cli.show", "command", "Show a page: its text, and its picture with numbered blocks."),
    "models": ("rayocr.cli.models", "group", "List, fetch, verify and quantize model weights."),
    "bundle": ("rayocr.cli.bundle", "command", "Pack everything for machines without an index."),
    "schema": ("rayocr.cli.schema", "command", "Show the columns of the output."),
}
"""Name of each command: its module, the object in it, and its line in the help."""


class _LazyGroup(click.Group):
    """A group that imports a command when it is called, so that `rayocr --help` is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order of the table."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import and return a command; None if there is none of that name."""
        if name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name as a hint."""
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in _COMMANDS.items()])


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rayocr")
def commands() -> None:
    """OCR for more pages than patience: scans in, one Parquet row per page out.

    \b
    rayocr run --input ~/scans --output ~/scans-text
    rayocr run configs/laptop.yaml --set output.path=out --limit 100
    """
