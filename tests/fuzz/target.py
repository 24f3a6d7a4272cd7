"""A target of fuzzing: what gets the bytes, what it starts from, and what counts as a finding."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from actors.errors import PageError, RayocrError
from tests.cli import ROOT


@dataclass(frozen=True)
class Target:
    """`check` gets any bytes, and raises for a finding; `seeds` makes files that mutations begin with."""

    name: str
    check: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


class FindingError(AssertionError):
    """What a target did and must not."""


def raised_by_us(error: BaseException) -> bool:
    """Whether an undeclared exception comes out of a line of this project, and not out of a library."""
    if isinstance(error, PageError | RayocrError | MemoryError):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    last = Path(frames[-1].filename)
    if last.name == "buffer.py" and isinstance(error, ValueError | TypeError):
        return False  # a file says so to the library that reads it
    return any(last.is_relative_to(ROOT / room) for room in ("actors", "pipelines", "rayocr"))
