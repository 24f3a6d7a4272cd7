"""What a worker checks before it loads an engine: its card, what is free on it, and its share."""

from __future__ import annotations

import logging
import os
from dataclasses import replace

import pytest

from actors.claim import Claim, card_use, claim_device, confirm, higher
from actors.errors import ConfigError, MemoryLimitError
from actors.gauge import Gauge, Usage
from actors.nvml import Card
from actors.settings import EngineConfig
from actors.share import CONTEXT_MB
from tests.actors.nvml_driver import OWN, FakeCard, FakeDriver

CONTEXT = CONTEXT_MB["onnxruntime"]
OPEN = Card.open


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"):
        monkeypatch.setenv(name, "")  # so that what is set here is taken back
        monkeypatch.delenv(name)


def node(monkeypatch: pytest.MonkeyPatch, visible: str, *cards: FakeCard) -> None:
    """A worker on a node with these cards, of which it sees some."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    driver = FakeDriver(*cards)
    monkeypatch.setattr(Card, "open", lambda library=None: OPEN(driver) if cards else None)


def test_the_cap_follows_the_card_that_the_actor_sees_not_the_first_of_the_node(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cards = (FakeCard("GPU-small", total=16_000), FakeCard("GPU-large", total=80_000, used=1_000))
    for visible, total, used in (("0", 16_000, 0), ("1", 80_000, 1_000), ("GPU-large", 80_000, 1_000)):
        node(monkeypatch, visible, *cards)
        claim = claim_device(EngineConfig(), [visible], 0.25)
        assert claim.engine.device == "gpu"
        assert (claim.total_mb, claim.free_mb) == (total, total - used)
        assert claim.cap_mb == total // 4 - CONTEXT
        assert claim.device == ("GPU-small" if visible == "0" else "GPU-large")
        assert os.environ["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


def test_what_the_driver_reserves_is_shared_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    node(monkeypatch, "0", FakeCard(total=24_576, used=576, reserved=576))
    assert claim_device(EngineConfig(), ["0"], 0.25).cap_mb == 6_000 - CONTEXT


def test_a_slice_is_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    node(
        monkeypatch, "MIG-1", FakeCard("GPU-aa", divided=True), FakeCard("MIG-1", total=10_000, divided=True)
    )
    assert claim_device(EngineConfig(), ["MIG-1"], 0.5).cap_mb == 5_000 - CONTEXT
    node(monkeypatch, "0", FakeCard("GPU-aa", divided=True))
    with pytest.raises(ConfigError, match="divided into MIG slices"):
        claim_device(EngineConfig(), ["0"], 1)


def test_too_little_free_memory_is_refused_with_numbers_neighbours_and_a_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node(monkeypatch, "0", FakeCard(total=24_000, used=20_000, processes={4711: 15_000, 4712: 5_000, OWN: 9}))
    slept: list[float] = []
    with pytest.raises(MemoryLimitError) as caught:
        claim_device(EngineConfig(), ["0"], 0.25, patience_s=3, sleep=slept.append)
    assert "4,000 of 24,000 MiB are free" in caught.value.why
    assert "pid 4711 (15,000 MiB), pid 4712 (5,000 MiB)." in caught.value.why
    assert str(OWN) not in caught.value.why
    assert "gpus_per_actor" in caught.value.remedy
    assert sum(slept) == 3


def test_memory_of_a_process_that_just_died_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    card = FakeCard(total=24_000, used=23_000)
    node(monkeypatch, "0", card)

    def dies(_seconds: float) -> None:
        card.used = 17_900

    claim = claim_device(EngineConfig(), ["0"], 0.25, sleep=dies)
    assert claim.free_mb == 6_100


def test_many_neighbours_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    node(monkeypatch, "0", FakeCard(used=24_000, processes=dict.fromkeys(range(5000, 5020), 1)))
    with pytest.raises(MemoryLimitError, match="12 more"):
        claim_device(EngineConfig(), ["0"], 0.25, patience_s=0)
    node(monkeypatch, "0", FakeCard(used=24_000))
    with pytest.raises(MemoryLimitError, match="no processes that the driver names"):
        claim_device(EngineConfig(), ["0"], 1, patience_s=0)


def test_a_card_of_unknown_memory_may_be_had_whole_but_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    node(monkeypatch, "3")
    claim = claim_device(EngineConfig(), ["3"], 1)
    assert (claim.device, claim.cap_mb, claim.total_mb) == ("3", None, None)
    assert claim_device(EngineConfig(engine="fake"), ["3"], 0.25).cap_mb is None
    with pytest.raises(ConfigError, match="cannot be kept"):
        claim_device(EngineConfig(), ["3"], 0.25)


def test_a_worker_without_a_gpu_is_made_to_see_none(monkeypatch: pytest.MonkeyPatch) -> None:
    node(monkeypatch, "0,1", FakeCard(), FakeCard())
    claim = claim_device(EngineConfig(), [], 0)
    assert (claim.engine.device, claim.device, claim.on_card) == ("cpu", "cpu", False)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
    assert Gauge(1).read().card is None


def test_an_engine_on_the_cpu_sees_none_of_the_cards_that_it_was_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node(monkeypatch, "0", FakeCard())
    assert not claim_device(EngineConfig(device="cpu"), ["0"], 1).on_card
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""


def test_the_claim_is_logged_in_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    node(monkeypatch, "0", FakeCard("GPU-aa", total=24_576, used=500, processes={OWN: 1_234}))
    claim = claim_device(EngineConfig(), ["0"], 0.5)
    with caplog.at_level(logging.INFO, "rayocr"):
        confirm(claim)
    (record,) = caplog.records
    line = record.getMessage()
    assert "\n" not in line
    for part in (
        f"pid {OWN}",
        "device GPU-aa",
        "total 24,576 MiB",
        "free 24,076 MiB",
        f"context {CONTEXT} MiB",
        "1,234 MiB taken",
        f"cap {12_288 - CONTEXT:,} MiB",
    ):
        assert part in line


def test_an_engine_that_took_another_card_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    node(monkeypatch, "0", FakeCard("GPU-aa"))
    claim = claim_device(EngineConfig(), ["0"], 1)
    monkeypatch.setattr("actors.claim.cuda_uuid", lambda: "GPU-aa")
    confirm(claim)
    monkeypatch.setattr("actors.claim.cuda_uuid", lambda: "GPU-bb")
    with pytest.raises(ConfigError, match="computes on GPU-bb, and Ray gave GPU-aa"):
        confirm(claim)
    confirm(replace(claim, device="MIG-aa"))  # CUDA's name of a slice is not compared


def test_the_use_of_a_card_keeps_its_peak() -> None:
    claim = Claim(EngineConfig(), "GPU-aa", 24_000, 23_000, 600, 5_400)
    use = card_use(claim, "engine", Usage(1, card=0.5, card_is_own=True, card_mb=3_000))
    assert use is not None
    assert (use.peak_mb, use.of_card, use.cap_mb, use.total_mb) == (3_000, False, 5_400, 24_000)
    later = replace(use, pid=9, peak_mb=2_000)
    assert higher(use, later) == replace(use, pid=9)
    assert higher(None, later) == later
    assert card_use(claim, "engine", Usage(1)) is None
    assert card_use(Claim(EngineConfig()), "engine", Usage(1, card_mb=5)) is None
