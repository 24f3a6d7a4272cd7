"""Which cards and slices this process may use, by what nvidia-smi lists and CUDA_VISIBLE_DEVICES names."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.machine import this_machine
from pipelines.nvidia import visible_gpus, visible_slices
from tests.nvidia_smi import Listed, install

SLICES = (("3g.20gb", "MIG-aa1"), ("1g.5gb", "MIG-aa2"), ("1g.5gb+me", "MIG-aa3"))
MIXED = (
    Listed("GPU-11", 16_384),
    Listed("GPU-22", 40_960, "NVIDIA A100-SXM4-40GB", SLICES),
    Listed("GPU-33", 81_920),
)


def node(monkeypatch: pytest.MonkeyPatch, folder: Path, *cards: Listed, knows_mig: bool = True) -> None:
    monkeypatch.setenv("PATH", install(folder, *cards, knows_mig=knows_mig))


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        (None, ["GPU-11", "MIG-aa1", "MIG-aa2", "MIG-aa3", "GPU-33"]),
        ("2,0", ["GPU-33", "GPU-11"]),
        ("0,-1,2", ["GPU-11"]),
        ("0,9,2", ["GPU-11"]),
        ("GPU-33", ["GPU-33"]),
        ("GPU-3, 0", ["GPU-33", "GPU-11"]),
        ("MIG-aa3,MIG-aa2", ["MIG-aa3", "MIG-aa2"]),
        ("1", ["MIG-aa1"]),
        ("GPU-22", []),
        ("0,0", ["GPU-11"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
    ],
)
def test_what_is_visible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visible: str | None, expected: list[str]
) -> None:
    node(monkeypatch, tmp_path, *MIXED)
    environment = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    assert [one.uuid for one in visible_gpus(environment)] == expected


def test_memory_of_cards_and_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node(monkeypatch, tmp_path, *MIXED)
    assert [one.memory_mb for one in visible_gpus({})] == [16_384, 19_456, 4_864, 4_864, 81_920]


@pytest.mark.parametrize(
    ("visible", "gpus", "memory_mb"),
    [(None, 5, 4_864), ("0,2", 2, 16_384), ("2", 1, 81_920), ("", 0, None), ("MIG-aa1", 1, 19_456)],
)
def test_the_machine_counts_them_and_knows_the_smallest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visible: str | None, gpus: int, memory_mb: int | None
) -> None:
    node(monkeypatch, tmp_path, *MIXED)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    (found,) = this_machine().nodes
    assert (found.gpus, found.gpu_memory_mb) == (gpus, memory_mb)


def test_a_card_in_mig_mode_without_slices_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node(monkeypatch, tmp_path, Listed("GPU-11", slices=()))
    assert visible_gpus({}) == ()


def test_a_driver_that_knows_no_mig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node(monkeypatch, tmp_path, Listed("GPU-11"), Listed("GPU-22", 8_192), knows_mig=False)
    assert [(one.uuid, one.memory_mb) for one in visible_gpus({})] == [("GPU-11", 24_576), ("GPU-22", 8_192)]


def test_without_a_driver_there_is_no_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", install(tmp_path, Listed("GPU-11"), fails=True))
    assert visible_gpus({}) == ()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert visible_gpus({}) == ()


def test_a_ray_of_our_own_is_told_the_names_of_slices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node(monkeypatch, tmp_path, Listed("GPU-22", slices=SLICES))
    named = visible_slices(visible_gpus({}), {})
    assert named == "MIG-aa1,MIG-aa2,MIG-aa3"
    assert visible_slices(visible_gpus({}), {"CUDA_VISIBLE_DEVICES": named}) is None
    node(monkeypatch, tmp_path, Listed("GPU-11"))
    assert visible_slices(visible_gpus({}), {}) is None
