"""`rayocr compact`: few files of good size instead of many small ones, with the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rayocr.cli import terminal

if TYPE_CHECKING:
    from pipelines.config import OutputConfig


@click.command(short_help="Merge an output's small files.")
@click.argument("config", required=False, type=click.Path(dir_okay=False))
@click.option("--output", "-o", metavar="PATH|URL", help="The output to compact (output.path).")
@click.option(
    "--set", "-s", "overrides", multiple=True, metavar="KEY=VALUE", help="Such as output.file_mb=256."
)
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def command(config: str | None, output: str | None, overrides: tuple[str, ...], quiet: bool) -> int:
    """Merge an output's small files into files of about output.file_mb (MiB of rows before compression). The
    rows stay as they are, and no run may be at work. What is cut off is finished by the next command.

    \b
    rayocr compact --output ~/scans-text
    rayocr compact configs/laptop.yaml --set output.file_mb=256
    """
    from pipelines.compact import compact

    def say(text: str) -> None:
        if not quiet:
            terminal.note(text)

    done = compact(_output(config, output, overrides), say)
    if not quiet:
        terminal.line(f"{done.before:,} files became {done.after:,} ({done.rows:,} rows) in {done.output}")
    return 0


def _output(config: str | None, output: str | None, overrides: tuple[str, ...]) -> OutputConfig:
    from actors.errors import ConfigError
    from pipelines.config import load_config

    if config is None and output is None:
        raise ConfigError(
            "There is nothing to compact.",
            "Neither a config file nor --output was given.",
            "rayocr compact --output ~/scans-text",
        )
    no_source = {"source.path": output} if config is None else {}  # required, and not looked at
    return load_config(config, overrides, {"output.path": output, **no_source}).output
