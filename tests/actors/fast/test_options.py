"""What a configuration leaves open is the default of its mode."""

from __future__ import annotations

from typing import Any

import pytest

from actors.engines.fast.options import options_of, pace_of
from actors.settings import EngineConfig


@pytest.mark.parametrize(
    ("settings", "squeeze"),
    [
        ({}, 0.7),
        ({"precision": "float32"}, 0.7),
        ({"precision": "bfloat16"}, 0.7),
        ({"precision": "int8"}, 0.8),
        ({"precision": "int8", "rec_squeeze": 0.65}, 0.65),
        ({"compat": True}, 1.0),
        ({"compat": True, "rec_squeeze": 0.65}, 1.0),
    ],
)
def test_how_narrow_a_line_is_made(settings: dict[str, Any], squeeze: float) -> None:
    found = options_of(EngineConfig(**settings), pace_of("openvino", "cpu"))
    assert found.read.squeeze == squeeze
