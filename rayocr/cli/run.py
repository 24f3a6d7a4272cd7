"""`rayocr run`: recognise every page of a source, and prove that none is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rayocr.cli.options import config_options

if TYPE_CHECKING:
    from pipelines.config import Config


@click.command(short_help="Recognise every page of a source.")
@config_options
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def command(settings: Config, quiet: bool) -> int:
    """Recognise every page of a source; the same command again does only what is missing.

    \b
    rayocr run --input ~/scans --output ~/scans-text
    rayocr run configs/laptop.yaml --set decode.pdf_dpi=300

    Exit codes: 0 complete; 2 configuration error, nothing was started; 3 complete, but more pages failed
    than output.max_failed_fraction allows; 4 incomplete, the same command resumes; 130 interrupted.
    """
    from pipelines.run import run
    from rayocr.cli.console import RunConsole, own_stderr

    own_stderr()
    summary = run(settings, RunConsole(quiet=quiet))
    return summary.exit_code
