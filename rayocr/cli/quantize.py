"""`rayocr models quantize`: an int8 model from one's own pages, with a report before it is used."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from rayocr.cli import terminal

if TYPE_CHECKING:
    from pipelines.quantise import Made
    from pipelines.quantise.report import Report


@click.command(short_help="Make an int8 model from your own pages, and report what it costs.")
@click.option(
    "--model", metavar="NAME", help="The model to quantise (engine.model); default: the default one."
)
@click.option(
    "--sample",
    required=True,
    multiple=True,
    metavar="PATH|URL",
    help="Files, or a folder of them, of the kind that will be read; may be repeated. One page in three is "
    "held out for the report.",
)
@click.option(
    "--held-out",
    multiple=True,
    metavar="PATH|URL",
    help="Measure on these instead, and calibrate on the whole sample; may be repeated.",
)
@click.option(
    "--truth",
    multiple=True,
    metavar="FILE",
    help='JSON lines of {"file", "text"}: what measured pages really say; may be repeated.',
)
@click.option("--charset", default="all", show_default=True, help="What it may read (engine.charset).")
@click.option("--name", metavar="NAME", help="What to call it (engine.calibration); default: the charset.")
@click.option(
    "--pages", default=60, show_default=True, type=click.IntRange(min=1), help="Most pages of a sample."
)
@click.option("--det/--no-det", default=True, show_default=True, help="Quantise detection, too.")
@click.option(
    "--cache",
    envvar="RAYOCR_MODELS__CACHE",
    metavar="FOLDER",
    help="Folder of the weights (models.cache); default $RAYOCR_MODELS or ~/.cache/rayocr/models.",
)
def command(
    model: str | None,
    sample: tuple[str, ...],
    held_out: tuple[str, ...],
    truth: tuple[str, ...],
    charset: str,
    name: str | None,
    pages: int,
    det: bool,
    cache: str | None,
) -> int:
    """Calibrate detection and recognition in int8 on your own pages, and keep the result in the model cache.

    Before anything uses it you see its speed on this machine, how far it agrees with float32 on pages that it
    was not calibrated on, and how right both are where you know what the pages say.

    \b
    rayocr models quantize --charset latin --sample ~/scans
    rayocr models quantize --charset latin --sample ~/scans --truth truth.jsonl --name receipts
    """
    from actors.engines.fast.int8 import default_name
    from actors.models.catalogue import DEFAULT_MODEL
    from actors.settings import EngineConfig, ModelsConfig
    from pipelines.quantise import Request, quantise

    model = model or DEFAULT_MODEL
    request = Request(
        engine=EngineConfig(model=model, charset=charset),
        models=ModelsConfig(cache=cache),
        sample=sample,
        name=name or default_name(charset),
        held_out=held_out,
        truth=truth,
        pages=pages,
        detection=det,
    )
    made = quantise(request, _say)
    _print_table(made.report)
    for sentence in made.report.sentences():
        terminal.line(sentence)
    terminal.line(f"Kept in {made.folder}. To use it:")
    terminal.line(_settings(made, model, charset))
    return 0


def _say(text: str) -> None:
    terminal.note(text)


def _settings(made: Made, model: str, charset: str) -> str:
    keys = {"model": model, "charset": charset, "precision": "int8", "calibration": made.name}
    return " ".join(f"--set engine.{key}={shlex.quote(value)}" for key, value in keys.items())


def _print_table(report: Report) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for index, header in enumerate(report.header()):
        table.add_column(header, no_wrap=True, justify="right" if index else "left")
    for row in report.rows():
        table.add_row(*map(terminal.cell, row))
    terminal.table(table)
