"""A card as its driver describes it: which one it is, what is on it, and what is left."""

from __future__ import annotations

import pytest

from actors.nvml import Card, CardMemory, CardProcess
from tests.actors.nvml_driver import OWN, FakeCard, FakeDriver

CARDS = (
    FakeCard("GPU-5a6b7c", total=1000),
    FakeCard("GPU-5a9999", total=2000),
    FakeCard("MIG-9f", total=300),
)


@pytest.mark.parametrize(
    ("visible", "uuid"),
    [
        (None, "GPU-5a6b7c"),
        ("1", "GPU-5a9999"),
        ("1,0", "GPU-5a9999"),
        ("GPU-5a9999", "GPU-5a9999"),
        ("GPU-5a9,0", "GPU-5a9999"),
        ("MIG-9f", "MIG-9f"),
    ],
)
def test_the_card_is_the_first_visible_one_by_whatever_name(
    visible: str | None, uuid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    card = Card.open(FakeDriver(*CARDS))
    assert card is not None
    assert card.uuid() == uuid
    assert card.name() == "NVIDIA A10"


@pytest.mark.parametrize("visible", ["", "-1", "NoDevFiles", "7", "GPU-nobody"])
def test_no_card_is_visible(visible: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert Card.open(FakeDriver(*CARDS)) is None


def test_memory_and_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    card = Card.open(FakeDriver(FakeCard(total=1000, used=700, reserved=50, processes={7: 400, OWN: 250})))
    assert card is not None
    memory = card.memory()
    assert memory == CardMemory(1000 << 20, 700 << 20, own=250 << 20, reserved=50 << 20)
    assert memory.free == 300 << 20
    assert card.processes() == (CardProcess(7, 400 << 20), CardProcess(OWN, 250 << 20))


def test_a_card_in_mig_mode_is_divided_and_its_slices_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = FakeDriver(
        FakeCard("GPU-aa", divided=True), FakeCard("MIG-bb", divided=True), FakeCard("GPU-cc")
    )
    for visible, divided in (("0", True), ("MIG-bb", False), ("2", False)):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        card = Card.open(driver)
        assert card is not None
        assert card.is_divided() is divided
