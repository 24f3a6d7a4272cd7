"""`rayocr run`: recognise every page of a source, and prove that none is missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from rayocr.cli.options import config_options

if TYPE_CHECKING:
    from pipelines.config import Config
    from pipelines.retry import Retry


_RETRY = "--retry-failed"
_CONFIG_ENDINGS = (".yaml", ".yml")


class _RetryCommand(click.Command):
    """A command whose `--retry-failed` takes all words after it, up to the next option or config file."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does."""
        return super().parse_args(ctx, list(_joined(args)))


def _joined(args: Iterable[str]) -> Iterable[str]:
    """`--retry-failed a b` becomes `--retry-failed=a,b`, which click understands."""
    codes: list[str] | None = None
    for arg in args:
        if codes is not None:
            if not arg.startswith("-") and not arg.endswith(_CONFIG_ENDINGS):
                codes.append(arg)
                continue
            yield f"{_RETRY}={','.join(codes)}"
            codes = None
        if arg == _RETRY:
            codes = []
        else:
            yield arg
    if codes is not None:
        yield f"{_RETRY}={','.join(codes)}"


@click.command(cls=_RetryCommand, short_help="Recognise every page of a source.")
@config_options
@click.option(
    _RETRY,
    "retry_codes",
    metavar="[CODE ...]",
    help="Try failed pages again: all, or those with these codes (ocr.timeout, or ocr for all of its kind).",
)
@click.option(
    "--careful", is_flag=True, help="With --retry-failed: one page a batch, detection on a smaller picture."
)
@click.option(
    "--fresh-output",
    is_flag=True,
    help="If the output was made with other settings, take OUTPUT-2 (or -3 ...); nothing is deleted.",
)
@click.option(
    "--add-source",
    is_flag=True,
    help="Another source than the output was made of is meant: its documents go beside the others.",
)
@click.option(
    "--forget",
    is_flag=True,
    help="Take out the rows of documents that left the source, once everything else is complete.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def command(
    settings: Config,
    retry_codes: str | None,
    careful: bool,
    fresh_output: bool,
    add_source: bool,
    forget: bool,
    quiet: bool,
) -> int:
    """Recognise every page of a source; the same command again does only what is missing.

    \b
    rayocr run --input ~/scans --output ~/scans-text
    rayocr run configs/laptop.yaml --set decode.pdf_dpi=300
    rayocr run configs/laptop.yaml --retry-failed ocr decode.timeout

    Exit codes: 0 complete; 1 a bug of rayocr's; 2 configuration error, nothing was started; 3 complete,
    but more pages failed than output.max_failed_fraction allows, or documents changed and cannot be read now;
    4 incomplete, the same command resumes; 130 interrupted.
    """
    from pipelines.run import run
    from pipelines.run_state import Options
    from rayocr.cli.console import RunConsole
    from rayocr.cli.streams import own_streams

    options = Options(_retry(retry_codes, careful=careful), fresh_output, add_source, forget)
    own_streams()
    summary = run(settings, RunConsole(quiet=quiet), options)
    return summary.exit_code


def _retry(codes: str | None, *, careful: bool) -> Retry | None:
    from pipelines.retry import Retry, codes_named

    if codes is not None:
        return Retry(codes_named(code for code in codes.split(",") if code), careful)
    if careful:
        raise click.UsageError("--careful goes with --retry-failed.")
    return None
