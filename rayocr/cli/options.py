"""The options that `run` and `plan` share, and the config they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pipelines.config import Config


def config_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add CONFIG, --input, --output, --set, --limit and --runner to a command."""
    decorators = [
        click.argument("config", required=False, type=click.Path(dir_okay=False)),
        click.option("--input", "-i", "input_", metavar="PATH|URL", help="What to read (source.path)."),
        click.option("--output", "-o", metavar="PATH|URL", help="Where the rows go (output.path)."),
        click.option(
            "--set",
            "-s",
            "overrides",
            multiple=True,
            metavar="KEY=VALUE",
            help="Set any key of the config, such as engine.model=PP-OCRv6_tiny; may be repeated.",
        ),
        click.option("--limit", type=click.IntRange(min=1), help="Take only the first N documents."),
        click.option(
            "--runner",
            type=click.Choice(["auto", "inline", "ray"]),
            help="Where it runs (resources.runner).",
        ),
    ]
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def build_config(
    config: str | None,
    input_: str | None,
    output: str | None,
    overrides: tuple[str, ...],
    limit: int | None,
    runner: str | None,
) -> Config:
    """Load and validate. Raises ConfigError."""
    from actors.errors import ConfigError
    from pipelines.config import load_config

    if config is None and input_ is None:
        raise ConfigError(
            "There is nothing to run.",
            "Neither a config file nor --input was given.",
            "rayocr run --input ~/scans --output ~/scans-text",
        )
    flags = {"source.path": input_, "output.path": output, "source.limit": limit, "resources.runner": runner}
    return load_config(config, overrides, flags)
