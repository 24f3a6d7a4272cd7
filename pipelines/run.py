"""A whole run, from the listing to the proof that no page is missing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from actors.contracts import DocRef
from actors.errors import ConfigError, IncompleteError, RayocrError
from pipelines.card import allow_deviation
from pipelines.claim import claimed
from pipelines.config import Config
from pipelines.foreign import check_new
from pipelines.forget import check_whole
from pipelines.interrupt import stop_on_signals
from pipelines.job import make_job, new_run_id
from pipelines.plan import Plan, make_plan
from pipelines.prepare import card_of, check_decoders, check_engine, ensure_models, list_source, machine_of
from pipelines.preview import listing_of
from pipelines.run_end import summary_of, write_summary
from pipelines.run_state import Careful, Options, RunState, Share, Stopwatch
from pipelines.store import or_incomplete
from pipelines.summary import (
    Summary,
)
from pipelines.view import Pending, Silence, View

if TYPE_CHECKING:
    from pipelines.dedup import Twin
    from pipelines.forget import Leaving
    from pipelines.ledger import Ledger
    from pipelines.reuse import Reuse


def run(config: Config, view: View | None = None, options: Options | None = None) -> Summary:
    """Recognise what the output lacks, publish it, and count source against output.

    Raises ConfigError before anything is started; afterwards every outcome is a Summary, except errors
    that no output could be left for.
    """
    from pipelines.lock import RunLock
    from pipelines.store import open_store

    view, options = view or Silence(), options or Options()
    watch = Stopwatch()
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
        check_decoders(config.decode, view)
    with watch.part("listing"):
        store = open_store(config.output.path, config.output.storage_options)
        check_new(store)
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
        return _locked_run(RunState(run_id, config, options, careful, refs, card, store, lock, view, watch))


def _locked_run(run: RunState) -> Summary:
    from pipelines.rows_file import damage_ends
    from pipelines.same_source import settle_source
    from pipelines.tidy import tidied
    from pipelines.unread import read_record

    with run.watch.part("ledger"), or_incomplete(run.store):
        ledger = tidied(run.store, run.lock, run.run_id, run.card)
        card = settle_source(
            run.store, run.card, ledger, run.config, run.refs, run.view.say, add=run.options.add_source
        )
        record = read_record(run.store)
    run = replace(run, card=card, unread=record)
    found = _reuse(run, ledger)
    trouble: RayocrError | None = None
    try:
        with damage_ends():
            _work(run, ledger, found.twins)
    except IncompleteError as error:
        trouble = error
    try:
        with damage_ends(), or_incomplete(run.store):
            ledger = _without_old_rows(run)
            if trouble is None:
                ledger = _forget(run, ledger, found.left)
            elif run.config.decode.attachments == "read":
                _list_attached(run, ledger)
            summary = summary_of(run, ledger, trouble)
            write_summary(run.store, summary, run.watch)
    except IncompleteError as error:
        raise trouble or error from error
    run.view.finished(summary)
    return summary


def _work(run: RunState, ledger: Ledger, twins: Sequence[Twin]) -> None:
    """Do what lacks, and what is to be tried again: at the same time, or with care afterwards. Documents
    whose content is known get copies of the rows, or their turn."""
    again: Collection[str] = run.options.retry.codes if run.options.retry else ()
    own = Share(run.config, run.card.fingerprint, run.refs, () if run.careful else again)
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
        careful = Share(run.careful.config, run.careful.card.fingerprint, whole, again)
        _recognise(run, careful, ledger)  # pages that failed, and no others


def _attached(run: RunState, own: Share) -> None:
    """Do the documents that are attached to others, level by level; a run that is to end lists them only."""
    from pipelines.attached import attached_documents, to_recognise

    parents, ledger = list(run.refs), _mended(run)
    while parents := attached_documents(parents, ledger, run.config):
        run.refs.extend(parents)
        if not run.watch.interrupted:
            _recognise(run, own.of(to_recognise(parents)), ledger)
            ledger = _mended(run)


def _list_attached(run: RunState, ledger: Ledger) -> None:
    """After trouble, which may have come before anybody looked: what is attached counts, too."""
    from pipelines.attached import listed_ones, with_attached

    run.refs[:] = with_attached(listed_ones(run.refs), ledger, run.config)


def _reuse(run: RunState, ledger: Ledger) -> Reuse:
    """Documents that wait for the rows of others, and those that are forgotten at the end."""
    from pipelines.reuse import reuse, tell

    options = run.options
    again = options.retry.codes if options.retry and not run.careful else ()
    with run.watch.part("equal content"), or_incomplete(run.store):
        found = reuse(run.store, ledger, run.config, run.card, run.refs, again, forgets=options.forget)
    tell(found, run.config.output.dedup, run.view.say)
    return found


def _copy(run: RunState, twins: Sequence[Twin], ledger: Ledger) -> None:
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


def _recognise(run: RunState, share: Share, ledger: Ledger) -> None:
    from pipelines.publish import Publisher
    from pipelines.runners import open_runner

    config, again = share.config, share.again
    todo = _readable(run, list(ledger.pending(share.refs, again)))
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


def _plan(run: RunState, config: Config, todo: Sequence[DocRef]) -> Plan:
    """The plan, with what a probe measured: once in a run, and not for pages that are tried with care."""
    machine, listing, watch = machine_of(config.engine), listing_of(todo), run.watch
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


def _without_old_rows(run: RunState) -> Ledger:
    """Take out the failed rows of pages that were tried again, the rows of older versions of documents whose
    listed version is complete, and those of listed versions that cannot be read, where an older one was."""
    from pipelines.supersede import supersede
    from pipelines.unread import settle_unread

    ledger = _mended(run)
    if not run.lock.still_held():
        return ledger
    held = run.lock.still_held
    record, less = settle_unread(run.store, run.run_id, ledger, run.refs, run.unread, held)
    run.unread.clear()
    run.unread.update(record)
    ledger = _mended(run) if less else ledger
    changed = ledger.changed(run.refs)
    complete = [ref for ref, done in zip(changed, ledger.complete(changed).tolist(), strict=True) if done]
    if not complete or not held():
        return ledger
    supersede(run.store, run.run_id, complete, held)
    return _mended(run)


def _readable(run: RunState, todo: list[DocRef]) -> list[DocRef]:
    """Without documents that an earlier run could not read, and that cannot be read now: no engine is started
    for those, and the rows of their older versions stay."""
    from pipelines.unread import is_recorded, still_unread

    if not any(is_recorded(run.unread, ref) for ref in todo):
        return todo
    with run.watch.part("unread"):
        unread = still_unread(todo, run.unread, run.config)
    return [ref for ref in todo if ref.document_id not in unread]


def _forget(run: RunState, ledger: Ledger, left: Leaving) -> Ledger:
    """Take out the rows of documents that left the source, once all that is listed is there."""
    from pipelines.forget import detached, forget
    from pipelines.ledger import Ledger
    from pipelines.unread import is_recorded
    from pipelines.verify import check_complete

    if not run.options.forget:
        return ledger
    if not check_complete(ledger, run.refs, run.unread).complete:
        run.view.say("nothing was forgotten, since documents of the source are missing")
        return ledger
    # What is attached to a document that cannot be read is in no listing, and has not left it.
    left |= detached(run.store, ledger, [ref for ref in run.refs if not is_recorded(run.unread, ref)])
    run.view.say(
        f"forgotten: {left.describe()}" if left.ids else "no document left the source: none is forgotten"
    )
    if not left.ids:
        return ledger
    forget(run.store, run.run_id, left.ids, run.lock.still_held)
    run.watch.forgotten = len(left.ids)
    return Ledger.load(run.store, run.card.fingerprints, run.card.wanted)


def _mended(run: RunState) -> Ledger:
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


def _with_fresh_output(config: Config, view: View) -> Config:
    from pipelines.fresh import fresh_output

    check_engine(config)
    ensure_models(config.engine, config.models, view)
    fresh = fresh_output(config, card_of(config))
    if fresh.output.path != config.output.path:
        view.say(f"{config.output.path} was made with other settings: the output is {fresh.output.path}")
    return fresh


def _careful(config: Config, options: Options) -> Careful | None:
    from pipelines.retry import careful_config

    if options.retry is None or not options.retry.careful:
        return None
    config = careful_config(config)
    return Careful(config, card_of(config))
