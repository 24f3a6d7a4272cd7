"""Engines that a module's tests share end with the module: a test process must not carry them all."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def shared_engines_end(request: pytest.FixtureRequest) -> Iterator[None]:
    """Forget what the module's cached functions hold."""
    yield
    for value in vars(request.module).values():
        if hasattr(value, "cache_clear"):
            value.cache_clear()
    gc.collect()
