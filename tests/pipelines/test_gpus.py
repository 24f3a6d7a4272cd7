"""Engines on cards: how many, with how many pages at once, so that all cards of all nodes are at work."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import ConfigError
from actors.runtimes.choose import Host
from actors.settings import EngineConfig
from actors.share import CONTEXT_MB
from pipelines import gpus
from pipelines.config import Config
from pipelines.machine import Machine, Node
from pipelines.plan import Listing, Plan, make_plan
from pipelines.probe.measured import CardLoad, Decoding, Measured, Recognition

HOST = Host(frozenset({"onnxruntime"}), bfloat16=False)


def cards(*memory_mb: int | None, count: int = 1, cpus: float = 64) -> Machine:
    """A node for each, with so many cards."""
    return Machine(tuple(Node(cpus, 256_000, count, memory) for memory in memory_mb), host=HOST)


def plan(machine: Machine, **sections: dict[str, Any]) -> Plan:
    tree: dict[str, Any] = {"source": {"path": "in"}, "output": {"path": "out"}, **sections}
    return make_plan(Config.model_validate(tree), machine, Listing(10_000))


@pytest.mark.parametrize(
    "machine", [cards(80_000), cards(24_000, count=8), cards(None, 24_000), cards(4_000)]
)
def test_a_card_has_one_engine_as_long_as_nothing_was_measured(machine: Machine) -> None:
    made = plan(machine)
    assert made.gpus_per_actor.value == 1
    assert made.count("actors") == machine.gpus
    assert "gpus_per_actor=0.5" in made.gpus_per_actor.reason


def test_the_reason_has_the_numbers_or_says_that_there_are_none() -> None:
    needed = gpus.device_memory_mb(EngineConfig(), gpus.BATCH_PAGES)
    reason = plan(cards(80_000)).gpus_per_actor.reason
    assert "never measured" in reason
    assert f"{needed:,} MiB" in reason
    assert f"{80_000 // needed} would fit" in reason
    assert "not known" in plan(cards(80_000, None)).gpus_per_actor.reason


@pytest.mark.parametrize(
    ("machine", "gain", "share"),
    [
        (cards(80_000, count=2), gpus.Sharing(2, 1.4, "a made-up card"), 0.5),
        (cards(80_000), gpus.Sharing(3, 1.4, "a made-up card"), 0.3333),
        (cards(80_000), gpus.Sharing(2, 1.05, "a made-up card"), 1),
        (cards(80_000, 4_000), gpus.Sharing(2, 1.4, "a made-up card"), 1),
        (cards(None), gpus.Sharing(2, 1.4, "a made-up card"), 1),
    ],
)
def test_a_measured_gain_shares_cards_where_all_have_the_memory(
    machine: Machine, gain: gpus.Sharing, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpus, "_GAIN_OF_SHARING", {"fast": gain})
    made = plan(machine)
    assert made.gpus_per_actor.value == share
    assert made.count("actors") == machine.gpus * gpus.per_card(share)
    if share < 1:
        assert "a made-up card" in made.gpus_per_actor.reason


@pytest.mark.parametrize(
    ("loads", "machine", "share", "words"),
    [
        (
            (CardLoad(1, 10, 0.4, 3_000), CardLoad(2, 16, 0.7, 6_000)),
            cards(24_000, count=2),
            0.5,
            "1.6 times",
        ),
        (
            (CardLoad(1, 10, 0.4, 3_000), CardLoad(2, 16, 0.9, 6_000), CardLoad(4, 16.4, 1.0, 12_000)),
            cards(24_000),
            0.5,
            "3,000 MiB each, measured: 8 fit into 24,000",
        ),
        ((CardLoad(1, 10, 0.9, 3_000), CardLoad(2, 10.5, 1.0, 6_000)), cards(24_000), 1, "1.05 times"),
        ((CardLoad(1, 10, 0.4, 3_000), CardLoad(2, 16, 0.7, 6_000)), cards(24_000, 5_000), 1, "1 fit into"),
        (
            (CardLoad(1, 10, 0.4, 3_000), CardLoad(2, 16, 0.7, 6_000)),
            cards(24_000, count=8, cpus=12),
            1,
            "12 CPUs",
        ),
        ((CardLoad(1, 10, 0.4, None), CardLoad(2, 16, 0.7, None)), cards(24_000), 0.5, "an estimate"),
        ((CardLoad(1, 10, 0.4, 3_000),), cards(24_000), 1, "never measured"),
        ((), cards(24_000), 1, "never measured"),
    ],
)
def test_what_a_probe_measured_decides(
    loads: tuple[CardLoad, ...], machine: Machine, share: float, words: str
) -> None:
    config = Config.model_validate({"source": {"path": "in"}, "output": {"path": "out"}})
    made = gpus.share_of_a_card(config, machine, loads)
    assert made.value == share
    assert words in made.reason


def test_the_rate_is_that_of_as_many_engines_as_the_plan_puts_on_a_card() -> None:
    loads = (CardLoad(1, 10, 0.4, 3_000), CardLoad(2, 16, 0.7, 6_000))
    recognition = Recognition(8, 0, 2, 1, 1, 0, 0, 0.1, 0.05, 0.01, 6_000, 900)
    probed = Measured("gpu", 1, 16, Decoding(8, 0, 1, 0.08, 0.02), recognition, loads)
    config = Config.model_validate({"source": {"path": "in"}, "output": {"path": "out"}})
    made = make_plan(config, cards(24_000, count=2), Listing(10_000), probed)
    assert (made.count("actors"), made.number("gpus_per_actor")) == (4, 0.5)
    assert made.number("pages_per_second") == pytest.approx(2 * 16, rel=0.01)


@given(engines=st.integers(1, 12), nodes=st.lists(st.integers(1, 8), min_size=1, max_size=4))
def test_shares_of_a_card_fill_all_cards_of_all_nodes(engines: int, nodes: list[int]) -> None:
    machine = Machine(tuple(Node(64, 256_000, count, 80_000) for count in nodes), host=HOST)
    total = engines * int(machine.gpus)
    if total == machine.gpus:
        return
    made = plan(machine, resources={"actors": total})
    share = made.number("gpus_per_actor")
    assert gpus.per_card(share) == engines
    assert machine.gpus * 0.99 <= total * share <= machine.gpus
    assert share == round(share, 4), "Ray counts in parts of 10,000"
    assert "idle" not in made.actors.reason


def test_cards_that_stay_idle_are_named_and_not_counted_upon() -> None:
    machine = cards(24_000, count=4)
    full = plan(machine, resources={"gpus_per_actor": 0.25})
    assert full.count("actors") == 16
    few = plan(machine, resources={"gpus_per_actor": 0.25, "actors": 4})
    assert "3 of 4 cards stay idle" in few.actors.reason
    assert few.number("pages_per_second") == pytest.approx(full.number("pages_per_second") / 4, abs=0.01)
    whole = plan(machine, resources={"gpus_per_actor": 2, "actors": 1})
    assert "2 of 4 cards stay idle" in whole.actors.reason


def test_what_a_share_means_is_said() -> None:
    reason = plan(cards(24_000), resources={"gpus_per_actor": 0.34}).gpus_per_actor.reason
    assert f"capped at {int(24_000 * 0.34) - CONTEXT_MB['onnxruntime']:,} of 24,000 MiB" in reason
    assert "32% of each card stays unused, 0.5 would use it" in reason
    assert "unused" not in plan(cards(24_000), resources={"gpus_per_actor": 0.3333}).gpus_per_actor.reason


def test_a_share_that_holds_no_engine_on_the_smallest_card_is_refused() -> None:
    plan(cards(80_000), resources={"gpus_per_actor": 0.1})
    with pytest.raises(ConfigError) as caught:
        plan(cards(80_000, 4_000), resources={"gpus_per_actor": 0.1})
    assert "4,000 MiB" in caught.value.what
    assert "gpus_per_actor" in caught.value.remedy
    with pytest.raises(ConfigError, match="holds no engine"):
        plan(cards(4_000), resources={"actors": 8})


def test_a_small_share_gets_small_batches() -> None:
    batches = [plan(cards(memory)).count("batch_pages") for memory in (80_000, 3_000, 2_000, 1_000)]
    assert batches[0] == gpus.BATCH_PAGES
    assert batches == sorted(batches, reverse=True)
    assert batches[-1] == 1
    part = plan(cards(24_000), resources={"gpus_per_actor": 0.1}).count("batch_pages")
    assert gpus.device_memory_mb(EngineConfig(), part) <= 2_400
    assert gpus.device_memory_mb(EngineConfig(), part + 1) > 2_400
    assert plan(cards(1_000), resources={"batch_pages": 7}).count("batch_pages") == 7
    assert plan(cards(None)).count("batch_pages") == gpus.BATCH_PAGES


@pytest.mark.parametrize(("model", "more"), [("PP-OCRv6_small", 50), ("PP-OCRv4_mobile", 0)])
def test_the_model_that_says_how_pages_lie_is_counted(model: str, more: int) -> None:
    """Beside Paddle it computes on the CPU."""
    on, off = (
        gpus.device_memory_mb(EngineConfig(model=model, page_orientation=flag), 16) for flag in (None, False)
    )
    assert on - off == more


def test_a_larger_model_is_expected_to_take_more() -> None:
    small, tiny, server = (
        gpus.device_memory_mb(EngineConfig(model=name), 16)
        for name in ("PP-OCRv6_small", "PP-OCRv6_tiny", "PP-OCRv5_server")
    )
    assert tiny <= small < server
