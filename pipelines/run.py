"""A whole run, from the listing to the proof that no page is missing."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from actors.contracts import DocRef
from actors.errors import IncompleteError, RayocrError
from actors.settings import EngineConfig, ModelsConfig
from pipelines.card import Card, allow_deviation, claim_output
from pipelines.config import Config
from pipelines.interrupt import stop_on_signals
from pipelines.job import make_job, new_run_id
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
    from pipelines.retry import Retry
    from pipelines.store import Store
    from pipelines.verify import Report


@dataclass(slots=True)
class _Stopwatch:
    """Start-up by part, and what the run did."""

    started: float = field(default_factory=time.monotonic)
    parts: dict[str, float] = field(default_factory=dict)
    new_rows: int = 0
    tried_again: int = 0
    plan: Plan | None = None
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
class Options:
    """What a run is asked for beside its settings. `retry`: failed pages to try again; `fresh_output`: take
    another folder if the output was made with other settings."""

    retry: Retry | None = None
    fresh_output: bool = False


@dataclass(frozen=True, slots=True)
class _Careful:
    """The settings of pages that are tried again with care, and their card."""

    config: Config
    card: Card


@dataclass(frozen=True, slots=True)
class _Run:
    """A run that holds the lock: what it works on, and what with. `card`: the output's."""

    run_id: str
    config: Config
    retry: Retry | None
    careful: _Careful | None
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


def run(config: Config, view: View | None = None, options: Options = Options()) -> Summary:
    """Recognise what the output lacks, publish it, and count source against output.

    Raises ConfigError before anything is started; afterwards every outcome is a Summary, except errors
    that no output could be left for.
    """
    from pipelines.lock import RunLock
    from pipelines.store import open_store

    view = view or Silence()
    watch = _Stopwatch()
    if options.fresh_output:
        config = _with_fresh_output(config, view)
    run_id = new_run_id()
    with watch.part("listing"):
        refs = _list(config)
        store = open_store(config.output.path, config.output.storage_options)
        store.check_writable()
    with watch.part("models"):
        _ensure_models(config.engine, config.models, view)
        card, careful = _card(config), _careful(config, options)
    with RunLock(store, run_id) as lock:
        card = claim_output(store, card)
        if careful:
            card = allow_deviation(store, card, careful.card)
        return _locked_run(_Run(run_id, config, options.retry, careful, refs, card, store, lock, view, watch))


def _locked_run(run: _Run) -> Summary:
    from pipelines.tidy import tidied

    with run.watch.part("ledger"):
        ledger = tidied(run.store, run.lock, run.run_id, run.card)
    trouble: RayocrError | None = None
    try:
        _work(run, ledger)
    except IncompleteError as error:
        trouble = error
    try:
        summary = _summary(run, _without_old_rows(run), trouble)
        _write_summary(run.store, summary, run.watch.plan)
    except OSError as error:
        raise trouble or IncompleteError(
            f"The output {run.store.location('')} does not take files.",
            f"{type(error).__name__}: {error}",
            "What is published stays. Run the same command again when the disk or the store is well.",
        ) from error
    run.view.finished(summary)
    return summary


def _work(run: _Run, ledger: Ledger) -> None:
    """Do what lacks, and what is to be tried again: at the same time, or with care afterwards."""
    from pipelines.ledger import Ledger

    again = run.retry.codes if run.retry else frozenset()
    _recognise(run, run.config, run.card.fingerprint, ledger, () if run.careful else again)
    if run.careful and not run.watch.interrupted:
        ledger = Ledger.load(run.store, run.card.fingerprints)
        _recognise(run, run.careful.config, run.careful.card.fingerprint, ledger, again)


def _recognise(run: _Run, config: Config, fingerprint: str, ledger: Ledger, again: Collection[str]) -> None:
    from pipelines.publish import Publisher
    from pipelines.runners import open_runner

    refs = run.refs
    if fingerprint != run.card.fingerprint:  # for pages that failed, and for no others
        refs = [ref for ref, whole in zip(refs, ledger.complete(refs).tolist(), strict=True) if whole]
    todo = list(ledger.pending(refs, again))
    if not todo:
        return
    plan = run.watch.plan = make_plan(config, _machine(config.engine), _listing(todo))
    tried_again = sum(code in again for *_, code in ledger.failures(refs)) if again else 0
    run.watch.tried_again += tried_again
    run.view.planned(plan, Pending(len(run.refs), len(todo), len(ledger.changed(run.refs)), tried_again))
    progress = run.view.progress(len(todo))
    publisher = Publisher(run.store, run.lock, run.run_id)
    job = make_job(config, plan, run.run_id, fingerprint)
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


def _without_old_rows(run: _Run) -> Ledger:
    """Take the rows of older versions out of the table, for documents whose listed version is complete; and
    the failed rows of pages that were tried again."""
    from pipelines.ledger import Ledger
    from pipelines.retry import drop_retried
    from pipelines.supersede import supersede

    made_with = run.card.fingerprints
    ledger = Ledger.load(run.store, made_with)
    if run.lock.still_held() and drop_retried(run.store, run.run_id, ledger, run.lock.still_held):
        ledger = Ledger.load(run.store, made_with)
    changed = ledger.changed(run.refs)
    complete = [ref for ref, done in zip(changed, ledger.complete(changed).tolist(), strict=True) if done]
    readable = [ref for ref in complete if not _is_unreadable(ledger, ref)]
    if not readable or not run.lock.still_held():
        return ledger
    supersede(run.store, run.run_id, readable, run.lock.still_held)
    return Ledger.load(run.store, made_with)


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


def _with_fresh_output(config: Config, view: View) -> Config:
    from pipelines.fresh import fresh_output

    _ensure_models(config.engine, config.models, view)
    fresh = fresh_output(config, _card(config))
    if fresh.output.path != config.output.path:
        view.say(f"{config.output.path} was made with other settings: the output is {fresh.output.path}")
    return fresh


def _careful(config: Config, options: Options) -> _Careful | None:
    from pipelines.retry import careful_config

    if options.retry is None or not options.retry.careful:
        return None
    config = careful_config(config)
    return _Careful(config, _card(config))


def _card(config: Config) -> Card:
    from actors.engines import describe_engine
    from actors.engines.fingerprint import fingerprint, settings_in_clear

    info = describe_engine(located(config, _machine(config.engine)), config.models)
    settings = settings_in_clear(info, config.decode)
    return Card(fingerprint(settings), settings)


def _summary(run: _Run, ledger: Ledger, trouble: RayocrError | None) -> Summary:
    from pipelines.verify import check_output

    watch = run.watch
    report = check_output(run.store, ledger, run.refs, whole_source=not run.config.source.limit)
    proof, plan, seconds = report.proof, watch.plan, watch.seconds
    return Summary(
        run_id=run.run_id,
        output=run.config.output.path,
        exit_code=_exit_code(run.config, report, watch.interrupted),
        documents=len(run.refs),
        pages=proof.pages,
        ok=proof.ok,
        empty=proof.empty,
        failed=proof.failed,
        missing=len(proof.missing),
        doubled=report.doubled.count,
        orphaned=report.orphaned.count,
        tried_again=watch.tried_again,
        new_pages=watch.new_rows,
        seconds=seconds,
        recognising_s=seconds - sum(watch.parts.values()),
        error_codes=dict(proof.error_codes),
        startup_s=dict(watch.parts),
        runner=str(plan.runner.value) if plan else "",
        fingerprint=run.card.fingerprint,
        warnings=_warnings(report, trouble),
    )


def _exit_code(config: Config, report: Report, interrupted: bool) -> int:
    proof = report.proof
    if not report.agrees:
        return EXIT_INTERRUPTED if interrupted else EXIT_INCOMPLETE
    too_many = proof.failed > config.output.max_failed_fraction * proof.pages
    return EXIT_TOO_MANY_FAILED if too_many else EXIT_COMPLETE


def _warnings(report: Report, trouble: RayocrError | None) -> tuple[str, ...]:
    warnings = [str(trouble)] if trouble else []
    if report.doubled.count:
        example = report.doubled.first[0]
        warnings.append(f"{report.doubled.count:,} documents are there twice, for example {example}")
    if report.orphaned.count:
        example = report.orphaned.first[0]
        count = report.orphaned.count
        warnings.append(f"{count:,} documents with rows are no longer in the source, for example {example}")
    return tuple(warnings)


def _write_summary(store: Store, summary: Summary, plan: Plan | None) -> None:
    tree = asdict(summary) | {"plan": asdict(plan) if plan else None}
    store.put(f"runs/{summary.run_id}.json", (json.dumps(tree, indent=2, default=str) + "\n").encode())
