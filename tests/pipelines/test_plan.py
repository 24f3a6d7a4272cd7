"""The plan over a table of machines: it fits, it says why, and it refuses what cannot run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from actors.errors import ConfigError
from actors.runtimes.choose import Host
from pipelines.config import Config
from pipelines.machine import Machine, Node, without_gpus
from pipelines.plan import TASK_CPUS, Listing, Plan, located, make_plan

HOST = Host(frozenset({"onnxruntime"}), bfloat16=False)
MODERN = Host(frozenset({"onnxruntime", "openvino"}), bfloat16=True)
STOCK = {"engine": "stock"}
LAPTOP = Machine((Node(2, 24_000),), host=HOST)
ONE_CARD = Machine((Node(16, 64_000, gpus=1, gpu_memory_mb=24_000),), host=HOST)
EIGHT_CARDS = Machine((Node(96, 512_000, gpus=8, gpu_memory_mb=80_000),), host=HOST)
CPU_CLUSTER = Machine(tuple(Node(32, 128_000) for _ in range(4)), cluster=True, host=HOST)
MIG = Machine((Node(16, 64_000, gpus=7, gpu_memory_mb=10_000),), host=HOST)
SMALL = Machine((Node(1, 8_000),), host=HOST)


def config(**sections: dict[str, Any]) -> Config:
    tree: dict[str, Any] = {"source": {"path": "in"}, "output": {"path": "out"}, **sections}
    return Config.model_validate(tree)


def plan(machine: Machine, documents: int = 1000, **sections: dict[str, Any]) -> Plan:
    return make_plan(config(**sections), machine, Listing(documents))


@pytest.mark.parametrize(
    ("machine", "runner", "actors", "share", "gpus", "decode"),
    [
        (SMALL, "inline", 1, 0.5, 0, 1),
        (LAPTOP, "inline", 2, 0.75, 0, 1),
        (ONE_CARD, "ray", 1, 1.0, 1, 1),
        (EIGHT_CARDS, "ray", 8, 1.0, 1, 4),
        (CPU_CLUSTER, "ray", 128, 0.98, 0, 6),
        (MIG, "ray", 7, 1.0, 1, 4),
    ],
)
def test_machines(machine: Machine, runner: str, actors: int, share: float, gpus: float, decode: int) -> None:
    made = plan(machine, engine=STOCK)
    assert made.runner.value == runner
    assert made.count("decode_tasks") == decode
    assert made.number("gpus_per_actor") == gpus
    assert (made.count("actors"), made.number("cpus_per_actor")) == (actors, share)


@settings(deadline=None)
@given(
    cpus=st.integers(1, 256),
    memory_mb=st.integers(6_000, 2_000_000),
    gpus=st.integers(0, 16),
    nodes=st.integers(1, 20),
    documents=st.integers(1, 10**8),
)
def test_every_plan_fits_its_machine(
    cpus: int, memory_mb: int, gpus: int, nodes: int, documents: int
) -> None:
    assume(gpus <= cpus * 4)
    machine = Machine(tuple(Node(cpus, memory_mb, gpus, 16_000) for _ in range(nodes)), cluster=nodes > 1)
    made = plan(machine, documents)
    held = made.count("actors") * made.number("cpus_per_actor")
    tasks = (made.count("decode_tasks") + 1) * TASK_CPUS
    assert held + tasks <= machine.cpus + 1e-6
    share = made.number("cpus_per_actor")
    assert made.count("actors") <= sum(int((node.cpus + 1e-6) // share) for node in machine.nodes)
    assert made.count("actors") >= 1
    assert made.count("actors") * made.number("gpus_per_actor") <= machine.gpus + 1e-6
    assert all(reason for _, _, reason in made.rows())


@pytest.mark.parametrize(
    ("machine", "sections", "words"),
    [
        (LAPTOP, {"resources": {"actors": 2, "cpus_per_actor": 1}}, "needs 2.5 CPUs and there are 2"),
        (LAPTOP, {"resources": {"decode_tasks": 8}}, "No CPU is left"),
        (LAPTOP, {"resources": {"gpus_per_actor": 1}}, "there are 0 GPUs"),
        (ONE_CARD, {"resources": {"gpus_per_actor": 1.5}}, "whole cards"),
        (LAPTOP, {"engine": {"device": "gpu"}}, "no GPU"),
        (CPU_CLUSTER, {"resources": {"runner": "inline"}}, "inline on a cluster"),
        (Machine((Node(4, 2_000),), host=HOST), {}, "not enough memory"),
        (ONE_CARD, {"resources": {"gpus_per_actor": 0.5, "actors": 3}}, "GPU"),
    ],
)
def test_what_cannot_run_is_refused_with_numbers(
    machine: Machine, sections: dict[str, dict[str, Any]], words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(machine, **sections)
    assert words in str(caught.value)


@pytest.mark.parametrize(("nodes", "cpus"), [(4, 8), (4, 2), (8, 4), (16, 4), (3, 1)])
def test_a_cluster_of_small_nodes_leaves_room_for_tasks_on_a_node(nodes: int, cpus: int) -> None:
    machine = Machine(tuple(Node(cpus, 16_000) for _ in range(nodes)), cluster=True)
    made = plan(machine)
    share = made.number("cpus_per_actor")
    engines = int((cpus + 1e-6) // share)
    slots = nodes * int((cpus - engines * share + 1e-6) // TASK_CPUS)
    assert slots > made.count("decode_tasks") or made.count("actors") < nodes * engines


@pytest.mark.parametrize(
    ("machine", "resources", "expected"),
    [
        (LAPTOP, {"runner": "inline"}, (24_000 - 2_300) // 2),
        (LAPTOP, {"runner": "ray"}, (24_000 - 2_300 - 6_000) // 2),
        (LAPTOP, {"runner": "inline", "actors": 1}, 24_000 - 2_300),
        (LAPTOP, {"engine_memory_mb": 900}, 900),
        (CPU_CLUSTER, {}, (128_000 - 2_300) // 32),
        (Machine((Node(2, 4_000),), host=HOST), {"actors": 2, "runner": "inline"}, 1_400),
    ],
)
def test_an_engine_may_take_what_the_others_on_its_node_leave(
    machine: Machine, resources: dict[str, Any], expected: int
) -> None:
    made = plan(machine, engine=STOCK, resources=resources)
    assert made.count("engine_memory_mb") == expected


def test_an_engine_is_not_split_over_nodes() -> None:
    machine = Machine(tuple(Node(2, 16_000) for _ in range(4)), cluster=True)
    with pytest.raises(ConfigError, match="none of them split over nodes"):
        plan(machine, resources={"cpus_per_actor": 4, "actors": 1})


def test_cards_that_the_engine_cannot_use_are_named() -> None:
    made = plan(without_gpus(ONE_CARD, "a GPU is here, but not onnxruntime-gpu"))
    assert made.gpus_per_actor.value == 0
    assert "onnxruntime-gpu" in made.gpus_per_actor.reason


@pytest.mark.parametrize(("share", "actors"), [(0.25, 4), (0.5, 2), (0.34, 2), (1, 1)])
def test_a_fraction_fills_the_card(share: float, actors: int) -> None:
    assert plan(ONE_CARD, resources={"gpus_per_actor": share}).count("actors") == actors


def test_memory_bounds_the_engines() -> None:
    little = Machine((Node(16, 8_000),), host=HOST)
    assert plan(little, engine=STOCK).count("actors") == 4
    fast = plan(little)
    assert fast.count("actors") == min(15, (8_000 - 2_300) // fast.count("memory_per_actor_mb"))


def test_the_model_that_says_how_pages_lie_is_counted() -> None:
    on, off = (plan(LAPTOP, engine={"page_orientation": flag}) for flag in (None, False))
    assert on.count("memory_per_actor_mb") == off.count("memory_per_actor_mb") + 50
    assert plan(LAPTOP, engine=STOCK).count("memory_per_actor_mb") == 1400


def test_a_card_of_the_fast_engine_needs_more_decoders_than_one_of_stock() -> None:
    tasks = [plan(EIGHT_CARDS, engine={"engine": name}).count("decode_tasks") for name in ("fast", "stock")]
    assert tasks[0] > tasks[1]


@pytest.mark.parametrize(
    ("machine", "host", "engine", "runtime", "reason"),
    [
        (LAPTOP, HOST, {}, "onnxruntime, float32", "no bfloat16"),
        (LAPTOP, MODERN, {}, "openvino, bfloat16", "has bfloat16"),
        (LAPTOP, MODERN, {"precision": "float32"}, "onnxruntime, float32", "as configured"),
        (LAPTOP, replace(HOST, bfloat16=True), {}, "onnxruntime, float32", "is not installed"),
        (LAPTOP, MODERN, {"runtime": "onnxruntime"}, "onnxruntime, float32", "as configured"),
        (LAPTOP, MODERN, {"precision": "int8"}, "openvino, int8+bfloat16", "int8"),
        (LAPTOP, HOST, {"model": "PP-OCRv4_mobile"}, "paddle, float32", "paddle format"),
        (ONE_CARD, MODERN, {}, "onnxruntime, float16", "CUDA, in float16"),
        (ONE_CARD, MODERN, {"precision": "float32"}, "onnxruntime, float32", "CUDA"),
        (ONE_CARD, MODERN, {"model": "PP-OCRv6_medium"}, "onnxruntime, float32", "was not shown"),
        (ONE_CARD, MODERN, {"device": "cpu"}, "openvino, bfloat16", "has bfloat16"),
        (ONE_CARD, HOST, {"tensorrt": True}, "onnxruntime, float16", "TensorRT"),
        (ONE_CARD, HOST, {"tensorrt": True, "precision": "float32"}, "onnxruntime, float32", "TensorRT"),
        (LAPTOP, MODERN, STOCK, "onnxruntime, float32", "PaddleOCR"),
        (LAPTOP, MODERN, {"engine": "fake"}, "none", "no model"),
    ],
)
def test_the_runtime(machine: Machine, host: Host, engine: dict[str, Any], runtime: str, reason: str) -> None:
    made = plan(replace(machine, host=host), engine=engine)
    assert made.runtime.value == runtime
    assert reason in made.runtime.reason


@pytest.mark.parametrize(
    ("machine", "engine"),
    [
        (LAPTOP, {"precision": "float16"}),
        (LAPTOP, {"cuda_graphs": True}),
        (ONE_CARD, {"cuda_graphs": True, "tensorrt": True}),
        (LAPTOP, {"runtime": "paddle"}),
        (ONE_CARD, {"precision": "int8"}),
        (ONE_CARD, {"runtime": "openvino"}),
        (LAPTOP, {"model": "PP-OCRv4_mobile", "runtime": "openvino"}),
        (LAPTOP, {"engine": "stock", "runtime": "openvino"}),
    ],
)
def test_a_runtime_that_cannot_be_is_refused_with_a_remedy(machine: Machine, engine: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(machine, engine=engine)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("machine", "resources", "engine", "device"),
    [
        (LAPTOP, {}, {}, "cpu"),
        (ONE_CARD, {}, {}, "gpu"),
        (ONE_CARD, {"gpus_per_actor": 0.25}, {}, "gpu"),
        (ONE_CARD, {"gpus_per_actor": 0}, {}, "cpu"),
        (ONE_CARD, {"runner": "inline"}, {}, "cpu"),
        (ONE_CARD, {}, {"device": "cpu"}, "cpu"),
        (ONE_CARD, {}, {"engine": "fake"}, "auto"),
    ],
)
def test_the_device_is_located_as_the_plan_places_the_engine(
    machine: Machine, resources: dict[str, Any], engine: dict[str, Any], device: str
) -> None:
    asked = config(resources=resources, engine=engine)
    assert located(asked, machine).device == device
    assert (device == "gpu") is bool(make_plan(asked, machine, Listing(10)).number("gpus_per_actor"))


def test_auto_weighs_ray_against_the_job() -> None:
    """Inline wins while its one driver keeps up; with many cores and quick pages Ray does."""
    many = Machine((Node(64, 512_000),))
    quick: dict[str, Any] = {"engine": {"engine": "fake"}}
    assert plan(many, 500, **quick).runner.value == "inline"
    assert plan(many, 100_000, **quick).runner.value == "ray"


def test_a_file_holds_a_minute_of_work_or_its_size() -> None:
    minute = plan(LAPTOP, output={"path": "o", "flush_seconds": 60})
    assert minute.count("rows_per_file") == pytest.approx(60 * minute.number("pages_per_second"), abs=1)
    assert plan(EIGHT_CARDS, output={"path": "o", "flush_seconds": 10**9}).count("rows_per_file") < 20_000


def test_no_more_engines_than_documents() -> None:
    assert plan(LAPTOP, 1).count("actors") == 1
