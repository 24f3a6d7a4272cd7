"""The plan of a run: a pure function of config, machine and listing, with a reason for every choice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from actors.engines.stock import runtime_of
from actors.errors import ConfigError
from actors.models.catalogue import find_model
from actors.runtimes.choose import choose_runtime
from actors.settings import EngineConfig
from pipelines.config import Config
from pipelines.gpus import batch_on_card, busy_cards, check_gpu_rule, idle_cards, per_node, share_of_a_card
from pipelines.machine import Machine, Node

if TYPE_CHECKING:
    from pipelines.probe.measured import Measured

TASK_CPUS = 0.25
"""CPUs that Ray reserves for a decode or stage task. They are bookkeeping, nothing is pinned; below 0.25
Ray starts so many worker processes at once that tasks were seen to starve."""

RAY_START_S = 20.0
"""Wall seconds that Ray adds before the first page: 10 on two quiet cores, 30 and more on busy ones."""

RAY_OVERHEAD_CPUS = 0.18
"""CPUs that Ray's own processes take all the time, measured on two cores; does not grow with them."""

INLINE_DRIVER_S = 0.02
"""Seconds of the inline runner's driver a page: it reads, relays the picture and builds the row, alone."""

_DECODE_CPU_S = 0.08
"""CPU seconds to read and decode a page: a 300-dpi JPEG; a PDF page at 200 dpi."""

_ROW_BYTES = 6000
"""Bytes of a page's row in Parquet: a page of 50 to 100 lines, compressed."""

_RESERVED_MEMORY_MB = 1500
_DECODE_MEMORY_MB = 800
_OBJECT_STORE_MB = 8192
_MAX_BLOCKS = 20_000


@dataclass(frozen=True, slots=True)
class EngineCost:
    """What an engine is expected to cost: the plan's estimate until something was measured.

    `cpu_s`: CPU seconds a page on one thread of a 2024 server core; `memory_mb`: peak resident memory of
    one engine's process; `gpu_s`: seconds a page on a card; `start_s`: seconds until it is ready and warm.
    What a page costs around it: `decode_s`: CPU seconds to read and decode it; `driver_s`: seconds of the
    inline runner's driver; `row_bytes`: bytes of its row in Parquet. `pages`: pages of a document.
    `basis` says in words where the figures are from.
    """

    cpu_s: float
    memory_mb: int
    start_s: float
    gpu_s: float
    decode_s: float = _DECODE_CPU_S
    driver_s: float = INLINE_DRIVER_S
    row_bytes: int = _ROW_BYTES
    pages: float = 1.0
    basis: str = "an estimate"


ENGINE_COSTS = {
    "fast": EngineCost(cpu_s=1.5, memory_mb=800, start_s=1.0, gpu_s=0.05),
    "stock": EngineCost(cpu_s=2.5, memory_mb=1400, start_s=8.0, gpu_s=0.25),
    "fake": EngineCost(cpu_s=0.002, memory_mb=150, start_s=0.5, gpu_s=0.002),
}
"""Measured on receipts, forms and 300-dpi pages; a dense page costs several times as much."""

_PAGE_CLASSIFIER_MB = 50
"""Resident memory in MiB of the model that says how pages lie, beside an engine's others: 43 were measured in
ONNX Runtime, 45 in OpenVINO."""


def expected_cost(engine: EngineConfig) -> EngineCost:
    """What an engine with these settings is expected to cost."""
    cost = ENGINE_COSTS[engine.engine]
    return replace(cost, memory_mb=cost.memory_mb + _PAGE_CLASSIFIER_MB) if engine.turns_pages else cost


@dataclass(frozen=True, slots=True)
class Listing:
    """What the listing says of the work that is left."""

    documents: int
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """One decision of the plan and the reason for it, in a sentence."""

    value: int | float | str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run will be carried out. Every field is a Choice; `rayocr plan` prints them in this order."""

    runner: Choice
    runtime: Choice
    actors: Choice
    cpus_per_actor: Choice
    threads: Choice
    gpus_per_actor: Choice
    batch_pages: Choice
    decode_tasks: Choice
    documents_per_block: Choice
    rows_per_file: Choice
    memory_per_actor_mb: Choice
    engine_memory_mb: Choice
    pages_per_second: Choice
    expected_seconds: Choice
    cpu_hours: Choice

    def number(self, name: str) -> float:
        """Value of a numeric choice."""
        return float(getattr(self, name).value)

    def count(self, name: str) -> int:
        """Value of a choice that counts something."""
        return int(getattr(self, name).value)

    def rows(self) -> Sequence[tuple[str, str, str]]:
        """Name, value and reason of each choice, for printing."""
        return [
            (field.name, _show(getattr(self, field.name).value), getattr(self, field.name).reason)
            for field in fields(self)
        ]


def make_plan(config: Config, machine: Machine, listing: Listing, measured: Measured | None = None) -> Plan:
    """Decide how the run is carried out. What was measured takes the place of estimates.

    Raises ConfigError, with numbers, for what cannot run.
    """
    estimate = expected_cost(config.engine)
    gpu_share = _gpu_share(config, machine, measured)
    cost = measured.sharing(float(gpu_share.value)).cost(estimate) if measured else estimate
    decode = _decode_tasks(config, machine, cost, gpu=gpu_share.value != 0)
    actors, cpus = _actors(config, machine, cost, float(gpu_share.value), int(decode.value))
    runner = _runner(config, machine, listing, cost, int(actors.value), gpu=gpu_share.value != 0)
    if runner.value == "inline" and listing.documents:
        actors = _no_more_than_documents(config, actors, listing, cost)
    check_cpu_rule(machine, int(actors.value), float(cpus.value), int(decode.value))
    check_gpu_rule(machine, int(actors.value), float(gpu_share.value))
    threads = _threads(config, float(cpus.value))
    batch = _batch_pages(config, machine, float(gpu_share.value))
    rate = _rate(cost, machine, int(actors.value), int(threads.value), float(gpu_share.value))
    return Plan(
        runner=runner,
        runtime=_runtime(config, machine),
        actors=actors,
        cpus_per_actor=cpus,
        threads=threads,
        gpus_per_actor=gpu_share,
        batch_pages=batch,
        decode_tasks=decode,
        documents_per_block=_documents_per_block(listing, int(batch.value), int(actors.value)),
        rows_per_file=_rows_per_file(config, cost, float(rate.value), int(batch.value)),
        memory_per_actor_mb=Choice(
            cost.memory_mb, f"expected peak of one {config.engine.engine} engine, {cost.basis}"
        ),
        engine_memory_mb=_engine_memory(
            config, machine, cost, _Crowd(int(actors.value), float(cpus.value)), ray=runner.value == "ray"
        ),
        pages_per_second=rate,
        expected_seconds=_expected_seconds(listing, cost, float(rate.value), ray=runner.value == "ray"),
        cpu_hours=_cpu_hours(
            listing, cost, int(actors.value), waits_for_card=gpu_share.value != 0 and measured is None
        ),
    )


def located(config: Config, machine: Machine) -> EngineConfig:
    """The engine's settings with `device` decided as the plan will: "gpu" where actors get a card or a share.

    Raises ConfigError for a device that cannot be had.
    """
    if config.engine.engine == "fake":
        return config.engine
    device = "gpu" if _gpu_share(config, machine).value else "cpu"
    return config.engine.model_copy(update={"device": device})


def _runtime(config: Config, machine: Machine) -> Choice:
    """What executes the models and in which precision. Raises ConfigError for what cannot be."""
    engine = located(config, machine)
    if engine.engine == "fake":
        return Choice("none", "the fake engine has no model")
    model = find_model(engine.model)
    if engine.engine == "stock":
        return Choice(f"{runtime_of(engine, model)}, float32", "what PaddleOCR executes this model with")
    chosen = choose_runtime(
        machine.host,
        model.format,
        "gpu" if engine.device == "gpu" else "cpu",
        engine.runtime,
        engine.precision,
        tensorrt=engine.tensorrt,
        reads_in_float16=model.reads_in_float16,
        cuda_graphs=engine.cuda_graphs,
    )
    return Choice(f"{chosen.runtime}, {chosen.precision}", chosen.reason)


def check_cpu_rule(machine: Machine, actors: int, cpus_per_actor: float, decode_tasks: int) -> None:
    """Refuse a plan in which a stage could wait for ever for a CPU.

    Ray's actors hold their CPUs for the whole run, so the pool, all decode tasks and one stage task must
    fit at the same time: actors x cpus_per_actor + decode_tasks x 0.25 + 0.25 <= CPUs.
    """
    tasks = (decode_tasks + 1) * TASK_CPUS
    total = actors * cpus_per_actor + tasks
    if total > machine.cpus + 1e-6 or not _fits(machine, actors, cpus_per_actor, decode_tasks):
        raise ConfigError(
            f"The plan needs {total:g} CPUs and there are {machine.cpus:g} on {len(machine.nodes)} node(s).",
            f"{actors} actors x {cpus_per_actor:g} + {decode_tasks} decode tasks x {TASK_CPUS:g} "
            f"+ one stage task {TASK_CPUS:g}, none of them split over nodes: a stage would wait for ever.",
            "Lower resources.actors, resources.cpus_per_actor or resources.decode_tasks.",
        )


def _fits(machine: Machine, actors: int, share: float, decode_tasks: int) -> bool:
    """Whether nodes hold the actors and, in what is left of them, the tasks; packed and spread out alike,
    since Ray decides which."""
    caps = [int((node.cpus + 1e-6) // share) for node in machine.nodes]
    if actors > sum(caps):
        return False
    return all(
        sum(
            int((node.cpus - count * share + 1e-6) // TASK_CPUS)
            for node, count in zip(machine.nodes, counts, strict=True)
        )
        > decode_tasks
        for counts in (_packed(caps, actors), _spread(caps, actors))
    )


def _packed(caps: Sequence[int], actors: int) -> list[int]:
    counts = []
    for cap in caps:
        counts.append(min(cap, actors))
        actors -= counts[-1]
    return counts


def _spread(caps: Sequence[int], actors: int) -> list[int]:
    counts = [0] * len(caps)
    order = sorted(range(len(caps)), key=lambda index: caps[index])
    for position, index in enumerate(order):
        counts[index] = min(caps[index], math.ceil(actors / (len(order) - position)))
        actors -= counts[index]
    return counts


def _gpu_share(config: Config, machine: Machine, measured: Measured | None = None) -> Choice:
    share = share_of_a_card(config, machine, measured.card if measured else ())
    return Choice(share.value, share.reason)


def _decode_tasks(config: Config, machine: Machine, cost: EngineCost, *, gpu: bool) -> Choice:
    asked = config.resources.decode_tasks
    if asked is not None:
        return Choice(asked, "as configured")
    if gpu:
        needed = machine.gpus * cost.decode_s / cost.gpu_s
        why = f"a card takes a page every {cost.gpu_s:g} s, decoding one takes {cost.decode_s:g} s"
    else:
        needed = machine.cpus * cost.decode_s / (cost.cpu_s + cost.decode_s)
        why = f"decoding a page takes {cost.decode_s:g} s, recognising it {cost.cpu_s:g} s"
    most = max(1, int(machine.cpus // 2))
    tasks = min(most, max(1, math.ceil(needed * 1.5)))
    return Choice(tasks, f"{why}, {cost.basis}; half as many again so that no engine waits")


def _actors(
    config: Config, machine: Machine, cost: EngineCost, gpu_share: float, decode_tasks: int
) -> tuple[Choice, Choice]:
    """Number of engines, and the CPUs that each holds."""
    resources = config.resources
    free = machine.cpus - (decode_tasks + 1) * TASK_CPUS
    if free <= 0:
        raise ConfigError(
            f"No CPU is left for recognition: {machine.cpus:g} CPUs, {decode_tasks} decode tasks.",
            f"Decode and stage tasks hold {(decode_tasks + 1) * TASK_CPUS:g}.",
            "Lower resources.decode_tasks.",
        )
    if resources.actors is not None:
        share = resources.cpus_per_actor or _largest_share(machine, resources.actors, decode_tasks)
        idle = idle_cards(machine, resources.actors, gpu_share) if gpu_share else ""
        return Choice(resources.actors, f"as configured{idle}"), Choice(
            share, _share_reason(resources.cpus_per_actor)
        )
    if gpu_share:
        count = sum(per_node(gpu_share, node) for node in machine.nodes)
        share = resources.cpus_per_actor or _largest_share(machine, count, decode_tasks, _LEAST_GPU_SHARE)
        return Choice(count, f"{gpu_share:g} of a card each fills {machine.gpus:g} card(s)"), Choice(
            share, _share_reason(resources.cpus_per_actor)
        )
    by_cpu, share = _split_cpus(machine, free, resources.cpus_per_actor)
    by_memory = sum(_by_memory(node, cost) for node in machine.nodes)
    if by_memory < 1:
        raise ConfigError(
            f"There is not enough memory for one {config.engine.engine} engine.",
            f"It takes about {cost.memory_mb} MiB, {_RESERVED_MEMORY_MB} MiB are kept for the rest.",
            "Use a machine with more memory, or a smaller engine.model.",
        )
    if by_memory < by_cpu:
        return Choice(by_memory, f"memory: {cost.memory_mb} MiB each fit {by_memory} times"), Choice(
            share, _share_reason(resources.cpus_per_actor)
        )
    return Choice(by_cpu, f"{machine.cpus:g} CPUs, less what decode and stage tasks hold"), Choice(
        share, _share_reason(resources.cpus_per_actor)
    )


def _split_cpus(machine: Machine, free: float, asked: float | None) -> tuple[int, float]:
    if asked is not None:
        return max(1, int((free + 1e-6) // asked)), asked
    tasks = round((machine.cpus - free) / TASK_CPUS) - 1
    every_core = max(1, sum(int(node.cpus) for node in machine.nodes))
    for actors in range(every_core, 0, -1):  # an engine a core, if tasks can live on what the shares leave
        share = _largest_share(machine, actors, tasks)
        if share >= _LEAST_SHARE:
            return actors, share
    return 1, _largest_share(machine, 1, tasks)


_LEAST_SHARE = 0.7
"""Least CPUs of an engine when the plan chooses: below, fewer engines are better than crowded ones."""


_LEAST_GPU_SHARE = 0.05
"""Least CPUs of an engine on a card, which computes elsewhere."""


def _largest_share(machine: Machine, actors: int, decode_tasks: int, least: float = TASK_CPUS) -> float:
    """The largest share of a CPU, at most 1, with which so many actors and the tasks fit; else `least`."""
    for hundredths in range(100, round(least * 100), -1):
        if _fits(machine, actors, hundredths / 100, decode_tasks):
            return hundredths / 100
    return least


def _by_memory(node: Node, cost: EngineCost) -> int:
    return max(0, (node.memory_mb - _RESERVED_MEMORY_MB - _DECODE_MEMORY_MB) // cost.memory_mb)


@dataclass(frozen=True, slots=True)
class _Crowd:
    """Engines of a run, and the CPUs that each holds."""

    actors: int
    cpus_per_actor: float

    def on(self, node: Node) -> int:
        """How many of them may end up on one node."""
        return min(self.actors, int((node.cpus + 1e-6) // self.cpus_per_actor))


def _engine_memory(config: Config, machine: Machine, cost: EngineCost, crowd: _Crowd, *, ray: bool) -> Choice:
    """Memory above which an engine's process is replaced: what the others on its node leave to it."""
    if config.resources.engine_memory_mb is not None:
        return Choice(config.resources.engine_memory_mb, "as configured; an engine above it is replaced")
    shares = [
        (node.memory_mb - _RESERVED_MEMORY_MB - _DECODE_MEMORY_MB - _object_store_mb(machine, node, ray=ray))
        // crowd.on(node)
        for node in machine.nodes
        if crowd.on(node)
    ]
    fair = min(shares, default=cost.memory_mb)
    if fair <= cost.memory_mb:
        return Choice(
            cost.memory_mb, "the expected peak, since there is hardly more; above it, it is replaced"
        )
    return Choice(fair, "an engine's share of its node's memory; one above it is replaced")


def _object_store_mb(machine: Machine, node: Node, *, ray: bool) -> int:
    """Memory that a Ray of our own takes for its object store; a cluster's nodes count without theirs."""
    return min(node.memory_mb // 4, _OBJECT_STORE_MB) if ray and not machine.cluster else 0


def _share_reason(asked: float | None) -> str:
    return "as configured" if asked else "what is left of the CPUs, evenly; Ray only counts with it"


def _runner(
    config: Config, machine: Machine, listing: Listing, cost: EngineCost, actors: int, *, gpu: bool
) -> Choice:
    asked = config.resources.runner
    if asked == "inline" and len(machine.nodes) > 1:
        raise ConfigError(
            "resources.runner is inline on a cluster.", "It uses one machine alone.", "Set it to ray or auto."
        )
    if asked != "auto":
        return Choice(asked, "as configured")
    if machine.cluster:
        return Choice("ray", "the process runs in a Ray job or was given a cluster's address")
    if gpu:
        return Choice("ray", "engines on a GPU: Ray gives each its card, or its share of one")
    pages = listing.documents * cost.pages
    work = pages * (cost.cpu_s + cost.decode_s) / max(1, actors)
    inline = max(work, pages * cost.driver_s)
    with_ray = RAY_START_S + work * machine.cpus / max(0.5, machine.cpus - RAY_OVERHEAD_CPUS)
    reason = (
        f"one machine: about {inline:.0f} s inline, {with_ray:.0f} s with Ray and its start, {cost.basis}"
    )
    return Choice("inline" if inline <= with_ray else "ray", reason)


def _no_more_than_documents(config: Config, actors: Choice, listing: Listing, cost: EngineCost) -> Choice:
    known = math.ceil(listing.documents * cost.pages)
    pages = max(known, listing.bytes >> 20)  # a long PDF has a page for each MiB, at least
    if config.resources.actors is None and pages < int(actors.value):
        return Choice(pages, "no more engines than pages")
    return actors


def _threads(config: Config, cpus_per_actor: float) -> Choice:
    if config.engine.threads is not None:
        return Choice(config.engine.threads, "as configured")
    return Choice(max(1, int(cpus_per_actor)), "the CPUs of an engine; several engines beat many threads")


def _batch_pages(config: Config, machine: Machine, gpu_share: float) -> Choice:
    if config.resources.batch_pages is not None:
        return Choice(config.resources.batch_pages, "as configured")
    if gpu_share:
        return Choice(*batch_on_card(config, machine, gpu_share))
    if config.engine.engine == "fast":
        return Choice(4, "the lines of some pages together fill the engine's batches; a crash costs little")
    return Choice(2, "small: an engine on the CPU gains nothing from more, and a crash costs less")


def _rate(cost: EngineCost, machine: Machine, actors: int, threads: int, gpu_share: float) -> Choice:
    if gpu_share:
        rate = busy_cards(machine, actors, gpu_share) / cost.gpu_s
        why = f"{cost.basis}: {cost.gpu_s:g} s a page on a card"
    else:
        rate = min(actors * threads, machine.cpus) / (cost.cpu_s + cost.decode_s)
        why = f"{cost.basis}: {cost.cpu_s:g} CPU s a page and {cost.decode_s:g} to decode it"
    return Choice(round(rate, 3), f"{why}; dense pages take longer")


def _expected_seconds(listing: Listing, cost: EngineCost, rate: float, *, ray: bool) -> Choice:
    start = cost.start_s + (RAY_START_S if ray else 0)
    seconds = start + listing.documents * cost.pages / rate
    return Choice(
        round(seconds), f"{start:.0f} s of start-up, then {_pages_a_document(cost)}; long ones take longer"
    )


def _cpu_hours(listing: Listing, cost: EngineCost, actors: int, *, waits_for_card: bool) -> Choice:
    """CPU time of what is left. `waits_for_card`: an engine that was not measured takes a CPU for as long as
    its card computes."""
    pages = listing.documents * cost.pages
    a_page = (cost.gpu_s if waits_for_card else cost.cpu_s) + cost.decode_s
    hours = (pages * a_page + actors * cost.start_s) / 3600
    why = f"{cost.basis}: {a_page:.3g} CPU s a page for {round(pages):,} pages, and {actors} starts"
    return Choice(float(f"{hours:.3g}"), why)


def _pages_a_document(cost: EngineCost) -> str:
    return "one page a document" if cost.pages == 1 else f"{cost.pages:g} pages a document"


def _documents_per_block(listing: Listing, batch_pages: int, actors: int) -> Choice:
    fewest = math.ceil(listing.documents / _MAX_BLOCKS)
    evenly = max(1, listing.documents // (actors * 4))
    value = max(1, fewest, min(batch_pages, evenly))
    return Choice(value, "one batch where there are enough documents, so that no engine idles at the end")


def _rows_per_file(config: Config, cost: EngineCost, rate: float, batch_pages: int) -> Choice:
    by_time = rate * config.output.flush_seconds
    by_size = config.output.file_mb * 2**20 / cost.row_bytes
    rows = max(batch_pages, int(min(by_time, by_size)))
    limit = (
        f"{config.output.flush_seconds:g} s of work"
        if by_time <= by_size
        else f"{config.output.file_mb:g} MB"
    )
    return Choice(rows, f"{limit}: what a crash may cost")


def _show(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
