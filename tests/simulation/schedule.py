"""One schedule from one seed: two drivers, their fates, the end."""

from __future__ import annotations

import random

from tests.simulation.hostile import add_hostile
from tests.simulation.job import Scenario, random_scenario
from tests.simulation.store import Fate, OneFault, RandomFates, Weather, quiet
from tests.simulation.world import World, names_of


def run_seed(seed: int) -> World:
    """Two drivers with random faults, then the resume. Raises LawError."""
    rng = random.Random(seed)
    scenario = random_scenario(rng)
    world = World(scenario)
    latency = rng.choice((0.02, 0.1, 0.5, 2.0))
    with names_of(world):
        for name, after, commands in (
            ("first", 0.0, scenario.first),
            ("second", rng.uniform(0, 90), scenario.rival),
        ):
            fates = RandomFates(rng, Weather.drawn(rng, latency))
            world.start(name, fates, after, rng.randint(0, 6), commands)
        world.start_reader()
        add_hostile(world, random.Random(f"hostile {seed}"))
        world.clock.run()
        world.finish()
    return world


def run_fault(scenario: Scenario, number: int, fate: Fate, rival_after: float | None) -> bool:
    """One driver that meets this fate at its n-th call, a rival perhaps, then the resume. Raises LawError.

    Returns whether there was such a call.
    """
    world, fates = World(scenario), OneFault(number, fate)
    with names_of(world):
        world.start("first", fates, commands=scenario.first)
        world.start_reader()
        if rival_after is not None:
            world.start("rival", quiet, rival_after, retries=4, commands=scenario.rival)
        world.clock.run()
        world.finish()
    return fates.met
