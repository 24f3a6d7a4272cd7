"""`rayocr plan`: show how a run would be carried out, and why, without starting it."""

from __future__ import annotations

import click

from rayocr.cli.options import build_config, config_options


@click.command(short_help="Show how a run would be carried out, and why.")
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def command(
    config: str | None,
    input_: str | None,
    output: str | None,
    overrides: tuple[str, ...],
    limit: int | None,
    runner: str | None,
    as_json: bool,
) -> int:
    """Show how a run would be carried out, and why: engines, CPUs, batches, time. Starts nothing.

    \b
    rayocr plan --input ~/scans --output ~/scans-text
    """
    settings = build_config(config, input_, output, overrides, limit, runner)
    from pipelines.run import preview
    from rayocr.cli.console import print_plan, print_plan_json

    pending, plan = preview(settings)
    if as_json:
        print_plan_json(plan, pending)
    else:
        print_plan(plan, pending)
    return 0
