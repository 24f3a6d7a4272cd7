"""The options that `run` and `plan` share, and the config they make."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pipelines.config import Config


def config_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add CONFIG, --input, --output, --set, --limit and --runner to a command, which gets the validated
    config of them as its argument `settings`."""

    @functools.wraps(command)
    def with_settings(
        config: str | None,
        input_: str | None,
        output: str | None,
        overrides: tuple[str, ...],
        limit: int | None,
        runner: str | None,
        **others: Any,
    ) -> int:
        flags = {
            "source.path": input_,
            "output.path": output,
            "source.limit": limit,
            "resources.runner": runner,
        }
        return command(settings=_settings(config, overrides, flags), **others)

    decorated: Callable[..., int] = with_settings
    for decorator in reversed(_DECORATORS):
        decorated = decorator(decorated)
    return decorated


class _ConfigFile(click.Path):
    """A file; who names a folder is told how folders are read."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click does."""
        if Path(value).is_dir():
            name = ctx.command_path if ctx else "rayocr run"
            self.fail(
                f"{value} is a folder. To read it: {name} --input {shlex.quote(str(value))} --output FOLDER",
                param,
                ctx,
            )
        return super().convert(value, param, ctx)


_DECORATORS = (
    click.argument("config", required=False, type=_ConfigFile(dir_okay=False)),
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
        "--runner", type=click.Choice(["auto", "inline", "ray"]), help="Where it runs (resources.runner)."
    ),
)


def _settings(config: str | None, overrides: tuple[str, ...], flags: dict[str, Any]) -> Config:
    """Load and validate. Raises ConfigError."""
    from actors.errors import ConfigError
    from pipelines.config import load_config

    if config is None and flags["source.path"] is None:
        raise ConfigError(
            "There is nothing to run.",
            "Neither a config file nor --input was given.",
            "rayocr run --input ~/scans --output ~/scans-text",
        )
    return load_config(config, overrides, flags)
