"""The default engine, built once for a module's tests; `conftest.py` lets go of it behind the last one."""

from __future__ import annotations

from functools import cache

from actors.contracts import OcrEngine
from actors.engines import build_engine
from actors.settings import EngineConfig
from tests.models import require_model


@cache
def engine() -> OcrEngine:
    """On one thread. Skips the test if its model cannot be had."""
    require_model()
    return build_engine(EngineConfig(threads=1))
