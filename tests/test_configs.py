"""The settings that rayocr comes with: each can be loaded, and says what it is for."""

from __future__ import annotations

import pytest

from actors.runtimes.choose import Host
from pipelines.config import load_config
from pipelines.machine import Machine, Node
from pipelines.plan import Listing, make_plan
from tests.cli import ROOT

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
TWO_CARDS = Machine(
    (Node(16, 64_000, gpus=2, gpu_memory_mb=24_000),), host=Host(frozenset({"onnxruntime"}), bfloat16=False)
)


def test_there_are_some() -> None:
    assert {"laptop", "cpus", "cluster", "gpu", "gpu-shared"} <= {file.stem for file in CONFIGS}


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_each_can_be_loaded_and_planned(file: object) -> None:
    made = make_plan(load_config(str(file), environment={}), TWO_CARDS, Listing(100))
    assert made.count("actors") >= 1


@pytest.mark.parametrize(("name", "actors", "share"), [("gpu", 2, 1), ("gpu-shared", 4, 0.5)])
def test_those_for_cards_use_all_of_them(name: str, actors: int, share: float) -> None:
    config = load_config(str(ROOT / "configs" / f"{name}.yaml"), environment={})
    made = make_plan(config, TWO_CARDS, Listing(100_000))
    assert (made.count("actors"), made.number("gpus_per_actor")) == (actors, share)
    assert made.runner.value == "ray"


def test_the_one_for_cpus_leaves_cards_alone() -> None:
    config = load_config(str(ROOT / "configs" / "cpus.yaml"), environment={})
    made = make_plan(config, TWO_CARDS, Listing(100_000))
    assert (made.runner.value, made.number("gpus_per_actor"), made.count("actors")) == ("inline", 0, 16)
