"""A probe instead of a guess: one real engine, some real pages of the source, and what they take."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace

from actors.contracts import DocRef
from actors.errors import ConfigError, IncompleteError
from actors.nvml import Card
from actors.settings import EngineConfig
from pipelines.config import Config
from pipelines.job import Job, make_job
from pipelines.machine import Machine, this_machine
from pipelines.nvidia import visible_gpus
from pipelines.plan import Listing, Plan, located, make_plan
from pipelines.prepare import ensure_models
from pipelines.probe.card import Work, measure_card
from pipelines.probe.engine import measure_engine, start_engine
from pipelines.probe.measured import CardLoad, Measured
from pipelines.probe.report import Probed
from pipelines.probe.sample import Sample, read_sample
from pipelines.view import View

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_NAME = "probe"
"""Stands for the run's id and fingerprint in rows that are never kept."""


class NothingReadError(ConfigError):
    """None of the documents that were looked at gave a page."""


def probed_plan(
    config: Config, machine: Machine, plan: Plan, refs: Sequence[DocRef], listing: Listing, view: View
) -> Probed:
    """A probe, and the plan that follows from it. `plan`: made without. Raises ConfigError."""
    measured = probe(config, machine, plan, refs, view)
    now = make_plan(config, machine, listing, measured)
    measured = measured.sharing(now.number("gpus_per_actor"))
    return Probed(config.engine.engine, measured, plan, now)


def probe(config: Config, machine: Machine, plan: Plan, refs: Sequence[DocRef], view: View) -> Measured:
    """Measure on `resources.probe` pages of these documents what the plan estimates. `plan`: made without it.

    Works on this machine, in child processes; writes nothing. Raises ConfigError (NothingReadError,
    ModelError) if nothing could be measured, with the cause.
    """
    most = config.resources.probe
    assert most is not None
    engine = _located_here(config, machine)
    ensure_models(config.engine, config.models, view)
    view.say(f"probe: decoding {most} page{'' if most == 1 else 's'}")
    sample = read_sample(refs, most, config.decode, config.source.access())
    if not sample.pages:
        raise _nothing_read(sample)
    view.say("probe: starting an engine, and reading them with it")
    job = replace(make_job(config, plan, _NAME, _NAME), engine=engine)
    try:
        return _measure(sample, job, plan, view.say)
    except IncompleteError as error:  # nothing was begun that could be resumed
        remedy = error.remedy or "rayocr show FILE tries the same engine on one page."
        raise ConfigError(error.what, error.why, remedy) from error


def _measure(sample: Sample, job: Job, plan: Plan, say: Callable[[str], None]) -> Measured:
    batch, share = plan.count("batch_pages"), plan.number("gpus_per_actor")
    with _seeing_one_card() if share else nullcontext():
        card = Card.open() if share else None
        before = card.memory() if card is not None else None
        engine, start = start_engine(job)
        with closing(engine):
            recognition = measure_engine(engine, start, sample.pages, job, batch)
            loads: tuple[CardLoad, ...] = ()
            if card is not None:
                work = Work(sample.pages, batch, others=before.used if before is not None else 0)
                loads = measure_card(engine, lambda: start_engine(job)[0], card, work, say)
    return Measured(
        device="gpu" if share else "cpu",
        threads=job.threads,
        batch_pages=batch,
        decoding=sample.decoding,
        recognition=recognition,
        card=loads,
        engines_a_card=max(1, int(1 / share + 1e-6)) if share else 1,
    )


@contextmanager
def _seeing_one_card() -> Iterator[None]:
    """This process, and the engines that it starts, see the first card alone, by its name: its number may be
    another card's to CUDA than to the driver, and a slice has none."""
    before, cards = os.environ.get(_VISIBLE), visible_gpus()
    if cards:
        os.environ[_VISIBLE] = cards[0].uuid
    try:
        yield
    finally:
        os.environ.pop(_VISIBLE, None)
        if before is not None:
            os.environ[_VISIBLE] = before


def _located_here(config: Config, machine: Machine) -> EngineConfig:
    """The engine's settings as the plan places it. Raises ConfigError if that is no place of this machine."""
    engine = located(config, machine)
    if engine.device == "gpu" and not this_machine().gpus:
        raise ConfigError(
            "The probe has no card to measure on.",
            "It works where the command runs, and the cards are on other nodes.",
            "Run it on a node with a card, or leave resources.probe out.",
        )
    return engine


def _nothing_read(sample: Sample) -> NothingReadError:
    looked = sample.decoding.documents
    return NothingReadError(
        f"The probe could read none of the {looked:,} documents that it looked at.",
        sample.faults[0] if sample.faults else "They have no pages.",
        "Look at that file, or plan without a probe: the run gives each of them a row that says why.",
    )
