"""A whole run, from the listing to the proof that no page is missing."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from actors.contracts import DocRef
from actors.errors import ConfigError, IncompleteError, RayocrError
from pipelines.card import Card, allow_deviation
from pipelines.claim import claimed
from pipelines.config import Config
from pipelines.forget import check_whole
from pipelines.interrupt import stop_on_signals
from pipelines.job import make_job, new_run_id
from pipelines.names import Names
from pipelines.plan import Listing, Plan, make_plan
from pipelines.prepare import card_of, check_engine, ensure_models, list_source, machine_of
from pipelines.store import or_incomplete
from pipelines.summary import (
    EXIT_COMPLETE,
    EXIT_INCOMPLETE,
    EXIT_INTERRUPTED,
    EXIT_TOO_MANY_FAILED,
    Summary,
)
from pipelines.view import Pending, Silence, View

if TYPE_CHECKING:
    from actors.claim import CardUse
    from pipelines.dedup import Twin
    from pipelines.forget import Leaving
    from pipelines.ledger import Ledger
    from pipelines.lock import RunLock
    from pipelines.probe.report import Probed
    from pipelines.retry import Retry
    from pipelines.reuse import Reuse
    from pipelines.store import Store
    from pipelines.verify import Completeness, Report


_EXAMPLES = 3
"""Names of pages with a notice in the table at the end."""


@dataclass(slots=True)
class _Stopwatch:
    """Start-up by part, and what the run did."""

    started: float = field(default_factory=time.monotonic)
    parts: dict[str, float] = field(default_factory=dict)
    new_rows: int = 0
    tried_again: int = 0
    copied: int = 0
    shrunk: int = 0
    replaced: int = 0
    restarted: int = 0
    cards: tuple[CardUse, ...] = ()
    forgotten: int = 0
    plan: Plan | None = None
    probed: Probed | None = None
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
    another folder if the output was made with other settings; `add_source`: a source that the output was not
    made of is meant; `forget`: take out the rows of documents that left the source."""

    retry: Retry | None = None
    fresh_output: bool = False
    add_source: bool = False
    forget: bool = False


@dataclass(frozen=True, slots=True)
class _Share:
    """What is recognised in one go, with the same settings: what lacks of these documents, and their pages
    that failed with a code of `again`."""

    config: Config
    fingerprint: str
    refs: Sequence[DocRef]
    again: Collection[str]

    def of(self, refs: Sequence[DocRef]) -> _Share:
        """The same for other documents."""
        return replace(self, refs=refs)


@dataclass(frozen=True, slots=True)
class _Careful:
    """The settings of pages that are tried again with care, and their card."""

    config: Config
    card: Card


@dataclass(frozen=True, slots=True)
class _Run:
    """A run that holds the lock: what it works on, and what with. `refs`: the documents of the source; those
    attached to them join when their parents were read. `card`: the output's."""

    run_id: str
    config: Config
    options: Options
    careful: _Careful | None
    refs: list[DocRef]
    card: Card
    store: Store
    lock: RunLock
    view: View
    watch: _Stopwatch


@dataclass(frozen=True, slots=True)
class Preview:
    """What is left to do, how it would be done, and the probe that this was planned with."""

    pending: Pending
    plan: Plan
    probed: Probed | None = None


def preview(config: Config, view: View | None = None) -> Preview:
    """The plan of a run that is not started. Raises ConfigError for what could not run, or not be probed."""
    from pipelines.ledger import Ledger
    from pipelines.store import open_store

    left_out: list[str] = []
    refs = list_source(config, left_out.append)
    check_engine(config)
    store = open_store(config.output.path, config.output.storage_options)
    ledger = Ledger.load(store, wanted=config.decode.selection)
    if config.decode.attachments == "read":
        from pipelines.attached import with_attached

        refs = with_attached(refs, ledger, config)
    todo, pending = _pending(ledger, refs)
    machine, view = machine_of(config.engine), view or Silence()
    plan = make_plan(config, machine, _listing(todo))
    for line in left_out:
        view.say(line)
    if config.resources.probe is None:
        return Preview(pending, plan)
    if not todo:
        view.say("nothing is left to do, so nothing was probed")
        return Preview(pending, plan)
    from pipelines.probe import probed_plan

    probed = probed_plan(config, machine, plan, todo, _listing(todo), view)
    return Preview(pending, probed.now, probed)


def run(config: Config, view: View | None = None, options: Options = Options()) -> Summary:
    """Recognise what the output lacks, publish it, and count source against output.

    Raises ConfigError before anything is started; afterwards every outcome is a Summary, except errors
    that no output could be left for.
    """
    from pipelines.lock import RunLock
    from pipelines.store import open_store

    view = view or Silence()
    watch = _Stopwatch()
    if options.forget:
        check_whole(config.source)
    if options.fresh_output:
        config = _with_fresh_output(config, view)
    run_id = new_run_id()
    with watch.part("listing"):
        left_out: list[str] = []
        refs = list_source(config, left_out.append)
    with watch.part("models"):
        check_engine(config)
    with watch.part("listing"):
        store = open_store(config.output.path, config.output.storage_options)
        store.check_writable()
    with watch.part("models"):
        ensure_models(config.engine, config.models, view)
        card, careful = card_of(config), _careful(config, options)
    with ExitStack() as stack:
        with or_incomplete(store):
            lock = stack.enter_context(RunLock(store, run_id))
        card = stack.enter_context(claimed(store, lock, run_id, card))
        for line in left_out:
            view.say(line)
        with or_incomplete(store):
            if careful:
                card = allow_deviation(store, card, careful.card)
        return _locked_run(_Run(run_id, config, options, careful, refs, card, store, lock, view, watch))


def _locked_run(run: _Run) -> Summary:
    from pipelines.same_source import settle_source
    from pipelines.tidy import tidied

    with run.watch.part("ledger"), or_incomplete(run.store):
        ledger = tidied(run.store, run.lock, run.run_id, run.card)
        card = settle_source(
            run.store, run.card, ledger, run.config, run.refs, run.view.say, add=run.options.add_source
        )
    run = replace(run, card=card)
    found = _reuse(run, ledger)
    trouble: RayocrError | None = None
    try:
        _work(run, ledger, found.twins)
    except IncompleteError as error:
        trouble = error
    try:
        with or_incomplete(run.store):
            ledger = _without_old_rows(run)
            if trouble is None:
                ledger = _forget(run, ledger, found.left)
            elif run.config.decode.attachments == "read":
                _list_attached(run, ledger)
            summary = _summary(run, ledger, trouble)
            _write_summary(run.store, summary, run.watch)
    except IncompleteError as error:
        raise trouble or error from error
    run.view.finished(summary)
    return summary


def _work(run: _Run, ledger: Ledger, twins: Sequence[Twin]) -> None:
    """Do what lacks, and what is to be tried again: at the same time, or with care afterwards. Documents
    whose content is known get copies of the rows, or their turn."""
    again: Collection[str] = run.options.retry.codes if run.options.retry else ()
    own = _Share(run.config, run.card.fingerprint, run.refs, () if run.careful else again)
    waiting = {twin.ref.document_id for twin in twins}
    _recognise(run, own.of([ref for ref in run.refs if ref.document_id not in waiting]), ledger)
    if twins and not run.watch.interrupted:
        _copy(run, twins, _mended(run))
        _recognise(run, own.of([ref for ref in run.refs if ref.document_id in waiting]), _mended(run))
    if run.config.decode.attachments == "read":
        _attached(run, own)
    if run.careful and not run.watch.interrupted:
        ledger = _mended(run)
        whole = [ref for ref, one in zip(run.refs, ledger.complete(run.refs).tolist(), strict=True) if one]
        careful = _Share(run.careful.config, run.careful.card.fingerprint, whole, again)
        _recognise(run, careful, ledger)  # pages that failed, and no others


def _attached(run: _Run, own: _Share) -> None:
    """Do the documents that are attached to others, level by level; a run that is to end lists them only."""
    from pipelines.attached import attached_documents, to_recognise

    parents, ledger = list(run.refs), _mended(run)
    while parents := attached_documents(parents, ledger, run.config):
        run.refs.extend(parents)
        if not run.watch.interrupted:
            _recognise(run, own.of(to_recognise(parents)), ledger)
            ledger = _mended(run)


def _list_attached(run: _Run, ledger: Ledger) -> None:
    """After trouble, which may have come before anybody looked: what is attached counts, too."""
    from pipelines.attached import listed_ones, with_attached

    run.refs[:] = with_attached(listed_ones(run.refs), ledger, run.config)


def _reuse(run: _Run, ledger: Ledger) -> Reuse:
    """Documents that wait for the rows of others, and those that are forgotten at the end."""
    from pipelines.reuse import reuse, tell

    options = run.options
    again = options.retry.codes if options.retry and not run.careful else ()
    with run.watch.part("equal content"), or_incomplete(run.store):
        found = reuse(run.store, ledger, run.config, run.card, run.refs, again, forgets=options.forget)
    tell(found, run.config.output.dedup, run.view.say)
    return found


def _copy(run: _Run, twins: Sequence[Twin], ledger: Ledger) -> None:
    """Publish the rows of documents with the content of others."""
    from actors.rows import Stamp
    from pipelines.dedup import copies
    from pipelines.publish import Publisher
    from pipelines.stage import stage_file

    publisher = Publisher(run.store, run.lock, run.run_id)
    stamp = Stamp(run.card.fingerprint, run.run_id)
    with run.watch.part("equal content"), or_incomplete(run.store):
        for rows in copies(twins, ledger, run.store, stamp):
            publisher.publish(stage_file(rows, stamp, run.store))
            run.watch.copied += rows.num_rows


def _recognise(run: _Run, share: _Share, ledger: Ledger) -> None:
    from pipelines.publish import Publisher
    from pipelines.runners import open_runner

    config, again = share.config, share.again
    todo = list(ledger.pending(share.refs, again))
    if not todo:
        return
    plan = run.watch.plan = _plan(run, config, todo)
    tried_again = sum(code in again for *_, code in ledger.failures(share.refs)) if again else 0
    run.watch.tried_again += tried_again
    run.view.planned(plan, Pending(len(share.refs), len(todo), len(ledger.changed(share.refs)), tried_again))
    progress = run.view.progress(len(todo))
    publisher = Publisher(run.store, run.lock, run.run_id)
    job = make_job(config, plan, run.run_id, share.fingerprint)
    try:
        with stop_on_signals(progress.stop, progress.stopping):
            for receipt in open_runner(str(plan.runner.value)).receipts(todo, job, plan, progress):
                publisher.publish(receipt)
                run.watch.new_rows += receipt.rows
                progress.published(receipt.rows)
            run.watch.interrupted = progress.stop.is_set()
    finally:
        run.watch.parts.update(progress.startup())
        run.watch.shrunk += progress.counts.shrunk
        run.watch.replaced += progress.counts.replaced
        run.watch.restarted += progress.counts.restarted
        run.watch.cards += progress.counts.cards
        progress.close()


def _plan(run: _Run, config: Config, todo: Sequence[DocRef]) -> Plan:
    """The plan, with what a probe measured: once in a run, and not for pages that are tried with care."""
    machine, listing, watch = machine_of(config.engine), _listing(todo), run.watch
    plan = make_plan(config, machine, listing)
    if config.resources.probe is None or config is not run.config:
        return plan
    if watch.probed is not None:
        return make_plan(config, machine, listing, watch.probed.measured)
    from pipelines.probe import NothingReadError, probed_plan

    with watch.part("probe"):
        try:
            watch.probed = probed_plan(config, machine, plan, todo, listing, run.view)
        except NothingReadError as error:  # each of those documents gets its row, which says why
            run.view.say(f"{error.what} {error.why}: the plan keeps its estimates")
            return plan
    run.view.probed(watch.probed)
    return watch.probed.now


def _without_old_rows(run: _Run) -> Ledger:
    """Take out the failed rows of pages that were tried again, and the rows of older versions of documents
    whose listed version is complete."""
    from pipelines.supersede import supersede

    ledger = _mended(run)
    changed = ledger.changed(run.refs)
    complete = [ref for ref, done in zip(changed, ledger.complete(changed).tolist(), strict=True) if done]
    readable = [ref for ref in complete if not _is_unreadable(ledger, ref)]
    if not readable or not run.lock.still_held():
        return ledger
    supersede(run.store, run.run_id, readable, run.lock.still_held)
    return _mended(run)


def _forget(run: _Run, ledger: Ledger, left: Leaving) -> Ledger:
    """Take out the rows of documents that left the source, once all that is listed is there."""
    from pipelines.forget import detached, forget
    from pipelines.ledger import Ledger
    from pipelines.verify import check_complete

    if not run.options.forget:
        return ledger
    if not check_complete(ledger, run.refs).complete:
        run.view.say("nothing was forgotten, since documents of the source are missing")
        return ledger
    left |= detached(run.store, ledger, run.refs)
    run.view.say(
        f"forgotten: {left.describe()}" if left.ids else "no document left the source: none is forgotten"
    )
    if not left.ids:
        return ledger
    forget(run.store, run.run_id, left.ids, run.lock.still_held)
    run.watch.forgotten = len(left.ids)
    return Ledger.load(run.store, run.card.fingerprints, run.card.wanted)


def _mended(run: _Run) -> Ledger:
    """What is there, once the failed rows of pages that were tried again are out."""
    from pipelines.ledger import Ledger
    from pipelines.retry import drop_retried

    try:
        with or_incomplete(run.store):
            ledger = Ledger.load(run.store, run.card.fingerprints, run.card.wanted)
            if run.lock.still_held() and drop_retried(run.store, run.run_id, ledger, run.lock.still_held):
                ledger = Ledger.load(run.store, run.card.fingerprints, run.card.wanted)
    except ConfigError as error:  # by now something was started
        raise IncompleteError(error.what, error.why, error.remedy) from error
    return ledger


def _is_unreadable(ledger: Ledger, ref: DocRef) -> bool:
    """Whether this version is nothing but a failed read (a disk that is not mounted): it replaces nothing."""
    codes = ledger.totals_of([ref]).error_codes
    return any(code.startswith("read.") for code in codes)


def _pending(ledger: Ledger, refs: Sequence[DocRef]) -> tuple[list[DocRef], Pending]:
    todo = list(ledger.pending(refs))
    return todo, Pending(len(refs), len(todo), len(ledger.changed(refs)))


def _listing(todo: Sequence[DocRef]) -> Listing:
    return Listing(len(todo), sum(ref.size_bytes or 0 for ref in todo))


def _with_fresh_output(config: Config, view: View) -> Config:
    from pipelines.fresh import fresh_output

    check_engine(config)
    ensure_models(config.engine, config.models, view)
    fresh = fresh_output(config, card_of(config))
    if fresh.output.path != config.output.path:
        view.say(f"{config.output.path} was made with other settings: the output is {fresh.output.path}")
    return fresh


def _careful(config: Config, options: Options) -> _Careful | None:
    from pipelines.retry import careful_config

    if options.retry is None or not options.retry.careful:
        return None
    config = careful_config(config)
    return _Careful(config, card_of(config))


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
        copied=watch.copied,
        forgotten=watch.forgotten,
        shrunk=watch.shrunk,
        replaced=watch.replaced,
        restarted=watch.restarted,
        cards=watch.cards,
        new_pages=watch.new_rows,
        seconds=seconds,
        recognising_s=seconds - sum(watch.parts.values()),
        error_codes=dict(proof.error_codes),
        notices={code: Names(names.count, names.first[:_EXAMPLES]) for code, names in report.notices.items()},
        noticed=proof.noticed,
        too_many=_too_many(run.config, proof),
        startup_s=dict(watch.parts),
        runner=str(plan.runner.value) if plan else "",
        fingerprint=run.card.fingerprint,
        warnings=_warnings(report, trouble),
    )


def _exit_code(config: Config, report: Report, interrupted: bool) -> int:
    proof = report.proof
    if not report.agrees:
        return EXIT_INTERRUPTED if interrupted else EXIT_INCOMPLETE
    return EXIT_TOO_MANY_FAILED if _too_many(config, proof) else EXIT_COMPLETE


def _too_many(config: Config, proof: Completeness) -> str:
    """What too many pages of a complete output are, in words; empty if there are not too many."""
    if proof.failed > config.output.max_failed_fraction * proof.pages:
        return "failed"
    most = config.output.max_noticed_fraction
    return "have notices" if most is not None and proof.noticed > most * proof.pages else ""


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


def _write_summary(store: Store, summary: Summary, watch: _Stopwatch) -> None:
    tree = asdict(summary) | {"plan": asdict(watch.plan) if watch.plan else None}
    if watch.probed is not None:
        tree |= {"probe": watch.probed.tree()}
    store.put(f"runs/{summary.run_id}.json", (json.dumps(tree, indent=2, default=str) + "\n").encode())
