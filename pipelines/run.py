"""A whole run, from the listing to the proof that no page is missing."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from actors.contracts import DocRef, EngineInfo
from actors.errors import IncompleteError, RayocrError
from actors.settings import EngineConfig, ModelsConfig
from pipelines.card import Card, claim_output
from pipelines.config import Config
from pipelines.interrupt import stop_on_signals
from pipelines.job import make_job
from pipelines.machine import Machine, on_cluster, this_machine, without_gpus
from pipelines.plan import Listing, Plan, located, make_plan
from pipelines.summary import (
    EXIT_COMPLETE,
    EXIT_INCOMPLETE,
    EXIT_INTERRUPTED,
    EXIT_TOO_MANY_FAILED,
    Summary,
)
from pipelines.view import Pending, Silence, View

if TYPE_CHECKING:
    from pipelines.ledger import Ledger
    from pipelines.lock import RunLock
    from pipelines.publish import Publisher
    from pipelines.store import Store
    from pipelines.verify import Completeness


@dataclass(slots=True)
class _Stopwatch:
    """Start-up by part, and what the run did."""

    started: float = field(default_factory=time.monotonic)
    parts: dict[str, float] = field(default_factory=dict)
    new_rows: int = 0
    interrupted: bool = False

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time a part of the start-up."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self.parts[name] = self.parts.get(name, 0.0) + time.monotonic() - begin

    @property
    def seconds(self) -> float:
        """Wall seconds so far."""
        return time.monotonic() - self.started


@dataclass(frozen=True, slots=True)
class _Run:
    """A run that holds the lock: what it works on, and what with."""

    run_id: str
    config: Config
    refs: Sequence[DocRef]
    card: Card
    store: Store
    lock: RunLock
    view: View
    watch: _Stopwatch


def preview(config: Config) -> tuple[Pending, Plan]:
    """The plan of a run that is not started. Raises ConfigError for what could not run."""
    from pipelines.ledger import Ledger
    from pipelines.store import open_store

    refs = _list(config)
    store = open_store(config.output.path, config.output.storage_options)
    todo, pending = _pending(Ledger.load(store), refs)
    return pending, make_plan(config, _machine(config.engine), _listing(todo))


def run(config: Config, view: View | None = None) -> Summary:
    """Recognise what the output lacks, publish it, and count source against output.

    Raises ConfigError before anything is started; afterwards every outcome is a Summary, except errors
    that no output could be left for.
    """
    from actors.engines import describe_engine
    from pipelines.lock import RunLock
    from pipelines.store import open_store

    view = view or Silence()
    watch = _Stopwatch()
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
    with watch.part("listing"):
        refs = _list(config)
        store = open_store(config.output.path, config.output.storage_options)
        store.check_writable()
    with watch.part("models"):
        _ensure_models(config.engine, config.models, view)
        info = describe_engine(located(config, _machine(config.engine)), config.models)
    with RunLock(store, run_id) as lock:
        return _locked_run(_Run(run_id, config, refs, _card(info, config), store, lock, view, watch))


def _locked_run(run: _Run) -> Summary:
    from pipelines.ledger import Ledger
    from pipelines.publish import Publisher
    from pipelines.supersede import finish_swaps

    claim_output(run.store, run.card)
    publisher = Publisher(run.store, run.lock, run.run_id)
    finish_swaps(run.store)
    publisher.sweep()
    with run.watch.part("ledger"):
        todo, pending = _pending(Ledger.load(run.store), run.refs)
    plan: Plan | None = None
    trouble: RayocrError | None = None
    if todo:
        plan = make_plan(run.config, _machine(run.config.engine), _listing(todo))
        run.view.planned(plan, pending)
        try:
            _recognise(run, todo, plan, publisher)
        except IncompleteError as error:
            trouble = error
    try:
        summary = _summary(run, _without_old_rows(run, Ledger.load(run.store)), plan, trouble)
        _write_summary(run.store, summary, plan)
    except OSError as error:
        raise trouble or IncompleteError(
            f"The output {run.store.location('')} does not take files.",
            f"{type(error).__name__}: {error}",
            "What is published stays. Run the same command again when the disk or the store is well.",
        ) from error
    run.view.finished(summary)
    return summary


def _recognise(run: _Run, todo: Sequence[DocRef], plan: Plan, publisher: Publisher) -> None:
    from pipelines.runners import open_runner

    progress = run.view.progress(len(todo))
    job = make_job(run.config, plan, run.run_id, run.card.fingerprint)
    try:
        with stop_on_signals(progress.stop):
            for receipt in open_runner(str(plan.runner.value)).receipts(todo, job, plan, progress):
                publisher.publish(receipt)
                run.watch.new_rows += receipt.rows
                progress.published(receipt.rows)
            run.watch.interrupted = progress.stop.is_set()
    finally:
        run.watch.parts.update(progress.startup())
        progress.close()


def _without_old_rows(run: _Run, ledger: Ledger) -> Ledger:
    """Take the rows of older versions out of the table, for documents whose listed version is complete."""
    from pipelines.ledger import Ledger
    from pipelines.supersede import supersede

    changed = ledger.changed(run.refs)
    complete = [ref for ref, done in zip(changed, ledger.complete(changed).tolist(), strict=True) if done]
    readable = [ref for ref in complete if not _is_unreadable(ledger, ref)]
    if not readable or not run.lock.still_held():
        return ledger
    supersede(run.store, run.run_id, readable, run.lock.still_held)
    return Ledger.load(run.store)


def _is_unreadable(ledger: Ledger, ref: DocRef) -> bool:
    """Whether this version is nothing but a failed read (a disk that is not mounted): it replaces nothing."""
    codes = ledger.totals_of([ref]).error_codes
    return any(code.startswith("read.") for code in codes)


def _list(config: Config) -> list[DocRef]:
    from pipelines.sources import list_documents

    return list(list_documents(config.source, exclude=[config.output.path]))


def _pending(ledger: Ledger, refs: Sequence[DocRef]) -> tuple[list[DocRef], Pending]:
    todo = list(ledger.pending(refs))
    return todo, Pending(len(refs), len(todo), len(ledger.changed(refs)))


def _listing(todo: Sequence[DocRef]) -> Listing:
    return Listing(len(todo), sum(ref.size_bytes or 0 for ref in todo))


def usable_machine(engine: EngineConfig, machine: Machine) -> Machine:
    """The machine, with `device: auto` without cards that the engine cannot use."""
    from actors.device import gpu_package_missing
    from actors.models.catalogue import find_model

    if not machine.gpus or engine.device != "auto" or engine.engine == "fake":
        return machine
    missing = gpu_package_missing(find_model(engine.model).format)
    return without_gpus(machine, f"a GPU is here, but not {missing}") if missing else machine


def _machine(engine: EngineConfig) -> Machine:
    """What there is to compute with: the cluster that this process belongs to, or this machine."""
    if not on_cluster():
        return usable_machine(engine, this_machine())
    from pipelines.runners.ray import cluster_machine, connect

    connect()
    return usable_machine(engine, cluster_machine())


def _ensure_models(engine: EngineConfig, models: ModelsConfig, view: View) -> None:
    """Have the weights here, verified, before anything is started."""
    if engine.engine == "fake":
        return
    from actors.models.cache import ModelStore

    ModelStore(models).ensure(engine.model, view.say)


def _card(info: EngineInfo, config: Config) -> Card:
    from actors.engines.fingerprint import fingerprint, settings_in_clear

    settings = settings_in_clear(info, config.decode)
    return Card(fingerprint(settings), settings)


def _summary(run: _Run, ledger: Ledger, plan: Plan | None, trouble: RayocrError | None) -> Summary:
    from pipelines.verify import check_complete

    proof, watch = check_complete(ledger, run.refs), run.watch
    seconds = watch.seconds
    return Summary(
        run_id=run.run_id,
        output=run.config.output.path,
        exit_code=_exit_code(run.config, proof, watch.interrupted),
        documents=len(run.refs),
        pages=proof.pages,
        ok=proof.ok,
        empty=proof.empty,
        failed=proof.failed,
        missing=len(proof.missing),
        new_pages=watch.new_rows,
        seconds=seconds,
        recognising_s=seconds - sum(watch.parts.values()),
        error_codes=dict(proof.error_codes),
        startup_s=dict(watch.parts),
        runner=str(plan.runner.value) if plan else "",
        fingerprint=run.card.fingerprint,
        warnings=_warnings(proof, trouble),
    )


def _exit_code(config: Config, proof: Completeness, interrupted: bool) -> int:
    if not proof.complete:
        return EXIT_INTERRUPTED if interrupted else EXIT_INCOMPLETE
    too_many = proof.failed > config.output.max_failed_fraction * proof.pages
    return EXIT_TOO_MANY_FAILED if too_many else EXIT_COMPLETE


def _warnings(proof: Completeness, trouble: RayocrError | None) -> tuple[str, ...]:
    warnings = [str(trouble)] if trouble else []
    if proof.doubled:
        warnings.append(f"{len(proof.doubled)} pages have more than one row, for example {proof.doubled[0]}")
    return tuple(warnings)


def _write_summary(store: Store, summary: Summary, plan: Plan | None) -> None:
    tree = asdict(summary) | {"plan": asdict(plan) if plan else None}
    store.put(f"runs/{summary.run_id}.json", (json.dumps(tree, indent=2, default=str) + "\n").encode())
