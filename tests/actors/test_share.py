"""A share of a card, in MiB: what must be free, what CUDA takes, what is left to the engine."""

from __future__ import annotations

import pytest

from actors.errors import ConfigError
from actors.settings import EngineConfig
from actors.share import CONTEXT_MB, LEAST_MB, allowance, least_share, runtime_on_card


@pytest.mark.parametrize("runtime", ["onnxruntime", "tensorrt", "paddle"])
@pytest.mark.parametrize("share", [0.5, 0.25, 0.3333])
def test_the_cap_is_the_share_less_the_context(runtime: str, share: float) -> None:
    allowed = allowance(24_576, share, runtime)
    assert allowed.cap == int(24_576 * share) - CONTEXT_MB[runtime]
    assert allowed.context == CONTEXT_MB[runtime]
    assert 0.9 * int(24_576 * share) < allowed.needed < int(24_576 * share)


def test_all_shares_of_a_card_fit_it_together() -> None:
    for count in range(1, 9):
        allowed = allowance(80_000, 1 / count, "onnxruntime")
        taken = (allowed.cap or 80_000 - allowed.context) + allowed.context
        assert count * taken <= 80_000


def test_a_card_of_its_own_has_no_cap() -> None:
    for share in (1, 2):
        allowed = allowance(24_576, share, "onnxruntime")
        assert allowed.cap is None
        assert allowed.needed == CONTEXT_MB["onnxruntime"] + LEAST_MB


@pytest.mark.parametrize(("usable", "share"), [(4_000, 0.2), (16_384, 0.05), (24_576, 0.0001)])
def test_a_share_that_holds_no_engine_is_refused_and_the_least_is_named(usable: int, share: float) -> None:
    with pytest.raises(ConfigError) as caught:
        allowance(usable, share, "onnxruntime")
    assert f"{usable:,} MiB" in caught.value.what
    assert str(CONTEXT_MB["onnxruntime"]) in caught.value.why
    least = least_share(usable, "onnxruntime")
    assert f"{least:g}" in caught.value.remedy
    assert allowance(usable, least, "onnxruntime").needed > 0


@pytest.mark.parametrize(
    ("settings", "runtime"),
    [
        ({}, "onnxruntime"),
        ({"tensorrt": True}, "tensorrt"),
        ({"model": "PP-OCRv4_mobile"}, "paddle"),
        ({"engine": "stock", "model": "PP-OCRv4_mobile"}, "paddle"),
        ({"engine": "fake"}, "none"),
    ],
)
def test_the_runtime_is_that_of_the_model_on_a_card(settings: dict[str, object], runtime: str) -> None:
    assert runtime_on_card(EngineConfig.model_validate(settings)) == runtime
