"""The cap of an engine on a card is the sum of what its sessions may take."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actors.engines.fast import classifier, page_classifier
from actors.engines.fast import engine as fast
from actors.engines.fast.card_parts import card_parts
from actors.runtimes.contracts import Placement, Weights
from actors.settings import EngineConfig, ModelsConfig
from tests.models import require_model


@pytest.mark.parametrize(
    ("judges", "more"),
    [
        ((), set()),
        ((page_classifier.MODEL,), {"page"}),
        ((page_classifier.MODEL, classifier.MODEL), {"page", "cls"}),
    ],
)
def test_the_parts_of_the_sessions_make_a_whole(judges: tuple[str, ...], more: set[str]) -> None:
    parts = card_parts(judges)
    assert set(parts) == {"det", "rec", *more}
    assert sum(parts.values()) == pytest.approx(1)
    placement = Placement("gpu", gpu_memory_mb=5_001)
    limits = [replace(placement, gpu_part=part).session_memory_mb or 0 for part in parts.values()]
    assert 4_998 <= sum(limits) <= 5_001
    assert min(limits) > 100


def test_without_a_cap_no_session_has_one() -> None:
    assert Placement("gpu", gpu_part=0.5).session_memory_mb is None


@pytest.mark.models
def test_each_session_of_an_engine_gets_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    require_model()
    placements: list[Placement] = []

    def load(_runtime: str, _weights: Weights, placement: Placement) -> object:
        placements.append(placement)
        return object()

    monkeypatch.setattr(fast, "load", load)
    fast.FastEngine(EngineConfig(device="gpu", warm_up=False), ModelsConfig(), gpu_memory_mb=4_000)
    assert len(placements) == 3
    assert sum(one.session_memory_mb or 0 for one in placements) == pytest.approx(4_000, abs=2)
    assert {one.gpu_memory_mb for one in placements} == {4_000}, "Paddle caps the process as a whole"
