"""`rayocr plan`: show how a run would be carried out, and why, without starting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rayocr.cli.options import config_options

if TYPE_CHECKING:
    from pipelines.config import Config


@click.command(short_help="Show how a run would be carried out, and why.")
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def command(settings: Config, as_json: bool) -> int:
    """Show how a run would be carried out, and why: engines, CPUs, batches, time. Starts nothing.

    \b
    rayocr plan --input ~/scans --output ~/scans-text
    """
    from pipelines.run import preview
    from rayocr.cli.console import print_plan, print_plan_json

    pending, plan = preview(settings)
    if as_json:
        print_plan_json(plan, pending)
    else:
        print_plan(plan, pending)
    return 0
