"""All targets by name."""

from __future__ import annotations

from functools import cache

from tests.fuzz.decoders import decoders
from tests.fuzz.files import files
from tests.fuzz.target import Target


@cache
def targets() -> dict[str, Target]:
    """Every target by its name, formats first."""
    return {one.name: one for one in (*decoders(), *files())}


def target(name: str) -> Target:
    """The target of this name."""
    return targets()[name]
