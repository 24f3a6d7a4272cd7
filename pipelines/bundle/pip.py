"""Calling the pip of this Python, with its index, and telling in three lines what it could not do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import util

from actors.errors import ConfigError

_LONGEST = 600


def run_pip(
    arguments: Sequence[str], what: str, remedy: str, environment: Mapping[str, str] | None = None
) -> None:
    """Run a command of pip. Raises ConfigError with `what`, pip's own errors, and `remedy`."""
    if not util.find_spec("pip"):
        raise ConfigError(what, f"There is no pip beside {sys.executable}.", "python -m ensurepip")
    command = [sys.executable, "-m", "pip", *arguments, "--no-input", "--disable-pip-version-check"]
    command += ["--progress-bar", "off"] if arguments[0] == "download" else []
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if answer.returncode != 0:
        raise ConfigError(what, _why(answer.stdout, answer.stderr), remedy)


def _why(printed: str, said: str) -> str:
    """pip's errors, or its last words; first, what it does not say: that the index did not answer."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")] or lines[-3:]
    text = " ".join(_conflict(printed) or dict.fromkeys(errors)) or "pip said nothing."
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 3]} ... {text[-_LONGEST * 2 // 3 :]}"
    unreachable = any("Retrying (" in line for line in lines)
    return f"The index did not answer. {text}" if unreachable else text


def _conflict(printed: str) -> list[str]:
    """Which requirements exclude each other; pip prints that among its progress, and not as an error."""
    _, _, after = printed.partition("The conflict is caused by:\n")
    conflict = [line.strip() for line in after.partition("\n\n")[0].splitlines() if line.strip()]
    return ["These requirements exclude each other:", "; ".join(conflict) + "."] if conflict else []
