"""`rayocr plan`: show how a run would be carried out, and why, without starting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rayocr.cli.options import config_options

if TYPE_CHECKING:
    from pipelines.config import Config


@click.command(short_help="Show how a run would be carried out, and why.")
@config_options
@click.option(
    "--probe",
    metavar="N",
    type=click.IntRange(min=1),
    help="Read N pages of the source with one engine first, and plan with what they took "
    "(resources.probe). Writes nothing.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def command(settings: Config, probe: int | None, as_json: bool) -> int:
    """Show how a run would be carried out, and why: engines, CPUs, batches, time, CPU hours. Starts nothing
    but, with --probe, one engine for a few pages.

    \b
    rayocr plan --input ~/scans --output ~/scans-text
    rayocr plan --input ~/scans --output ~/scans-text --probe 24
    """
    from pipelines.preview import preview
    from rayocr.cli.console import RunConsole, print_plan, print_plan_json, print_probed
    from rayocr.cli.streams import own_streams

    if probe is not None:
        resources = settings.resources.model_copy(update={"probe": probe})
        settings = settings.model_copy(update={"resources": resources})
    own_streams()
    found = preview(settings, RunConsole())
    if as_json:
        print_plan_json(found)
        return 0
    print_plan(found.plan, found.pending)
    if found.probed is not None:
        print_probed(found.probed)
    return 0
