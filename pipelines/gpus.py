"""How engines are put on GPUs: how many on a card, how many pages at once, and which cards they keep busy.

Ray counts with fractions, fills one card before the next, and guards no memory. So the plan gives each
engine 1/n of a card, and as many engines as fill all cards of all nodes; the worker keeps to its share
(`actors.claim`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.errors import ConfigError
from actors.models.catalogue import find_model
from actors.settings import EngineConfig
from actors.share import CONTEXT_MB, allowance, runtime_on_card
from pipelines.config import Config
from pipelines.machine import Machine, Node

if TYPE_CHECKING:
    from pipelines.probe.measured import CardLoad

BATCH_PAGES = 16
"""Pages that an engine on a card is handed at once, where they fit: a card needs many lines."""

_LEAST_GAIN = 1.1
"""Pages a second of several engines on a card, over those of one, from which on the plan shares cards by
itself."""

_PRECISION = 10_000
"""Ray counts GPUs in parts of this: a third of a card is 0.3333, and three of them fit."""


@dataclass(frozen=True, slots=True)
class CardCost:
    """Device memory of an engine beside CUDA's context, in MiB, with a model of `_MODEL_MB`: `fixed_mb`,
    and `page_mb` for each page of a batch. An estimate until it was measured on a card: made from the sizes
    of the models' activations, and of what the engine takes at once (actors/engines/fast/options.py)."""

    fixed_mb: int
    page_mb: int


CARD_COSTS = {
    "fast": CardCost(fixed_mb=500, page_mb=150),
    "stock": CardCost(fixed_mb=3_000, page_mb=0),
    "fake": CardCost(fixed_mb=0, page_mb=0),
}

_PAGE_CLASSIFIER_MB = 50
"""Device memory in MiB of the model that says how pages lie, an estimate: 7 of weights, and its work."""

_MODEL_MB, _UNKNOWN_MODEL_MB = 31, 165
"""Weights of the default model in MB, and those of a model whose size is not known (PP-OCRv5_server's)."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """What was measured of engines that share a card: `gain`: their pages a second over those of one;
    `engine_mb`: what each took of it, in MiB, None where only the estimate is known."""

    engines: int
    gain: float
    measured_on: str
    engine_mb: int | None = None


_GAIN_OF_SHARING: Mapping[str, Sharing | None] = {"fast": None, "stock": None}
"""By engine; None: never measured on a card. Without a gain that was measured, here or by a probe, a card
has one engine."""

_AS_GOOD = 0.95
"""Of the most pages a second that were measured: fewer engines that give so many are preferred."""


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a card that each engine gets (1, 2 ...: whole cards; 0: none), and why."""

    value: float
    reason: str


def share_of_a_card(config: Config, machine: Machine, loads: Sequence[CardLoad] = ()) -> Share:
    """Decide it. `loads`: what a probe measured of engines on a card, fewest first. Raises ConfigError for
    a device or a share that cannot be had."""
    asked = config.resources.gpus_per_actor
    _check_device(config, machine)
    if asked is None:
        if config.resources.runner == "inline" and machine.gpus:
            return Share(0, "the inline runner computes on CPUs; --runner ray uses the GPU")
        if config.engine.device == "cpu" or config.engine.engine == "fake" or not machine.gpus:
            why = machine.idle_gpus or "no GPU here"
            return Share(0, why if not machine.gpus else "the engine computes on the CPU")
        return _chosen(config, machine, sharing_of(loads) or _GAIN_OF_SHARING.get(config.engine.engine))
    if asked > 1 and asked != int(asked):
        raise ConfigError(
            f"resources.gpus_per_actor is {asked:g}.", "Above 1 only whole cards can be given.", "Use 1 or 2."
        )
    if asked > machine.gpus:
        raise ConfigError(
            f"resources.gpus_per_actor is {asked:g} and there are {machine.gpus:g} GPUs.",
            "No actor could ever start.",
            "Set it to 0, or run where there is a card.",
        )
    return Share(asked, _as_asked(config.engine, machine, asked))


def check_gpu_rule(machine: Machine, actors: int, gpus_per_actor: float) -> None:
    """Refuse more actors than the cards can take: the pool would wait for ever for the last ones."""
    if not gpus_per_actor:
        return
    fits = sum(per_node(gpus_per_actor, node) for node in machine.nodes)
    if actors > fits:
        raise ConfigError(
            f"{actors} actors with {gpus_per_actor:g} GPU each do not fit {machine.gpus:g} GPU(s).",
            f"Only {fits} could ever start.",
            "Lower resources.actors or resources.gpus_per_actor.",
        )


def per_node(share: float, node: Node) -> int:
    """Engines that a node's cards hold; a share is never split over cards."""
    if share >= 1:
        return int(node.gpus // share)
    return int(node.gpus) * per_card(share)


def per_card(share: float) -> int:
    """Engines that one card holds, with a share of at most 1."""
    return int(1 / share + 1e-6)


def busy_cards(machine: Machine, actors: int, share: float) -> float:
    """Cards on which so many engines are at work, since Ray fills one before the next."""
    if share >= 1:
        return min(machine.gpus, actors * share)
    return min(machine.gpus, math.ceil(actors / per_card(share)))


def idle_cards(machine: Machine, actors: int, share: float) -> str:
    """What is to be said of cards without an engine; empty if all have one."""
    busy = busy_cards(machine, actors, share)
    if busy >= machine.gpus:
        return ""
    return f"; {machine.gpus - busy:g} of {machine.gpus:g} cards stay idle, as Ray fills one before the next"


def batch_on_card(config: Config, machine: Machine, share: float) -> tuple[int, str]:
    """Pages at once of an engine with this share of a card, and why."""
    memory = smallest_card_mb(machine)
    if memory is None:
        return BATCH_PAGES, "a card needs many lines at once; its memory is not known here"
    part = int(memory * min(1.0, share))
    fits = next(
        (pages for pages in range(BATCH_PAGES, 1, -1) if device_memory_mb(config.engine, pages) <= part), 1
    )
    expected = (
        f"{fits} pages take about {device_memory_mb(config.engine, fits):,} of {part:,} MiB, an estimate"
    )
    if fits == BATCH_PAGES:
        return fits, f"a card needs many lines at once; {expected}"
    return fits, f"what should fit: {expected}"


def device_memory_mb(engine: EngineConfig, batch_pages: int) -> int:
    """Device memory in MiB that an engine is expected to take with so many pages at once, context
    included."""
    cost, runtime = CARD_COSTS[engine.engine], runtime_on_card(engine)
    weights = 0 if engine.engine == "fake" else find_model(engine.model).bytes / 1e6 or _UNKNOWN_MODEL_MB
    larger = max(1.0, weights / _MODEL_MB)
    judge = _PAGE_CLASSIFIER_MB if engine.turns_pages and runtime != "paddle" else 0
    return CONTEXT_MB[runtime] + judge + int(cost.fixed_mb * larger + cost.page_mb * larger * batch_pages)


def smallest_card_mb(machine: Machine) -> int | None:
    """Memory of the smallest card of all nodes, None where one is not known: an engine may get any of
    them."""
    cards = [node.gpu_memory_mb for node in machine.nodes if node.gpus]
    known = [memory for memory in cards if memory is not None]
    return min(known) if known and len(known) == len(cards) else None


def _check_device(config: Config, machine: Machine) -> None:
    if config.engine.device == "gpu" and not machine.gpus:
        raise ConfigError(
            "engine.device is gpu and there is no GPU.",
            f"{len(machine.nodes)} node(s) with 0 GPUs are in sight.",
            "Run it where `nvidia-smi` lists a card, or set engine.device=cpu.",
        )
    if config.resources.runner == "inline" and (
        config.resources.gpus_per_actor or config.engine.device == "gpu"
    ):
        raise ConfigError(
            "The inline runner computes on CPUs.",
            "A GPU was asked for.",
            "Use --runner ray, or engine.device=cpu.",
        )


def sharing_of(loads: Sequence[CardLoad]) -> Sharing | None:
    """What a probe says of sharing a card; None if it had not one engine on it, and several."""
    if len(loads) < 2 or loads[0].engines != 1:
        return None
    most = max(load.pages_per_second for load in loads[1:])
    best = next(load for load in loads[1:] if load.pages_per_second >= _AS_GOOD * most)
    memory = None if best.memory_mb is None else math.ceil(best.memory_mb / best.engines)
    gain = round(best.pages_per_second / loads[0].pages_per_second, 2)
    return Sharing(best.engines, gain, "the card of the probe", memory)


def _chosen(config: Config, machine: Machine, gain: Sharing | None) -> Share:
    """The plan's own choice: one engine a card, unless that cannot hold the engines that were asked for, or a
    measurement says that several pay, for which each card has the memory and the machine a CPU each."""
    actors, memory = config.resources.actors, smallest_card_mb(machine)
    if actors is not None:
        share = _fraction(math.ceil(actors / machine.gpus)) if actors > machine.gpus else 1
        why = f"resources.actors is {actors}, on {machine.gpus:g} cards"
        return Share(share, f"{why}: {_as_asked(config.engine, machine, share)}" if share < 1 else why)
    if memory is None:
        return Share(1, f"one engine a card: the memory of the cards is not known here{_how_to_share()}")
    needed = device_memory_mb(config.engine, config.resources.batch_pages or BATCH_PAGES)
    room = f"about {needed:,} MiB each, an estimate: {memory // needed} would fit into {memory:,}"
    if gain is None:
        return Share(1, f"one engine a card: whether more pay was never measured ({room}){_how_to_share()}")
    if gain.engine_mb is not None:
        needed = gain.engine_mb
        room = f"{needed:,} MiB each, measured: {memory // needed} fit into {memory:,}"
    said = f"{gain.engines} give {gain.gain:g} times the pages of one, on {gain.measured_on} ({room})"
    if gain.gain < _LEAST_GAIN or gain.engines > memory // needed:
        return Share(1, f"one engine a card: {said}")
    if gain.engines * machine.gpus > machine.cpus:
        return Share(1, f"one engine a card: {said}, but there are {machine.cpus:g} CPUs for them")
    return Share(_fraction(gain.engines), f"{gain.engines} engines a card: {said}")


def _as_asked(engine: EngineConfig, machine: Machine, share: float) -> str:
    """What a share means, in words. Raises ConfigError for one that holds no engine."""
    if share >= 1 or not share:
        return "as configured"
    count, memory = per_card(share), smallest_card_mb(machine)
    words = f"as configured: {count} a card"
    if memory is not None:
        cap = allowance(memory, share, runtime_on_card(engine)).cap
        words += f", each capped at {cap:,} of {memory:,} MiB beside CUDA's context"
    if count * share < 0.98:
        words += f"; {1 - count * share:.0%} of each card stays unused, {_fraction(count):g} would use it"
    return words


def _fraction(engines: int) -> float:
    return math.floor(_PRECISION / engines) / _PRECISION


def _how_to_share() -> str:
    return "; resources.gpus_per_actor=0.5 puts two on it"
