"""`rayocr run`: recognise every page of a source, and prove that none is missing."""

from __future__ import annotations

import click

from rayocr.cli.options import build_config, config_options


@click.command(short_help="Recognise every page of a source.")
@config_options
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def command(
    config: str | None,
    input_: str | None,
    output: str | None,
    overrides: tuple[str, ...],
    limit: int | None,
    runner: str | None,
    quiet: bool,
) -> int:
    """Recognise every page of a source; the same command again does only what is missing.

    \b
    rayocr run --input ~/scans --output ~/scans-text
    rayocr run configs/laptop.yaml --set decode.pdf_dpi=300

    Exit codes: 0 complete; 2 configuration error, nothing was started; 3 complete, but more pages failed
    than output.max_failed_fraction allows; 4 incomplete, the same command resumes; 130 interrupted.
    """
    settings = build_config(config, input_, output, overrides, limit, runner)
    from pipelines.run import run
    from rayocr.cli.console import RunConsole, own_stderr

    own_stderr()
    summary = run(settings, RunConsole(quiet=quiet))
    return summary.exit_code
