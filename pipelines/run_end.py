"""How a run ended: source counted against output, the exit code, what to be warned of, and the summary."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from actors.errors import RayocrError
from actors.inert import inert
from actors.signatures import published
from pipelines.config import Config
from pipelines.names import Names
from pipelines.run_state import RunState, Stopwatch
from pipelines.summary import (
    EXIT_COMPLETE,
    EXIT_INCOMPLETE,
    EXIT_INTERRUPTED,
    EXIT_TOO_MANY_FAILED,
    Summary,
)

if TYPE_CHECKING:
    from pipelines.ledger import Ledger
    from pipelines.store import Store
    from pipelines.verify import Completeness, Report

_EXAMPLES = 3
"""Names of pages with a notice in the table at the end."""


def summary_of(run: RunState, ledger: Ledger, trouble: RayocrError | None) -> Summary:
    """Count source against output, and say what the run did. `trouble`: what cut it off."""
    from pipelines.verify import check_output

    watch = run.watch
    whole = not run.config.source.limit
    report = check_output(run.store, ledger, run.refs, unread=run.unread, whole_source=whole)
    proof, plan, seconds = report.proof, watch.plan, watch.seconds
    return Summary(
        run_id=run.run_id,
        output=published(run.config.output.path),
        exit_code=_exit_code(run.config, report, watch.interrupted),
        documents=len(run.refs),
        pages=proof.pages,
        ok=proof.ok,
        empty=proof.empty,
        failed=proof.failed,
        missing=len(proof.missing),
        doubled=report.doubled.count,
        unread=report.unread.count,
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
    # No share of them is allowed: the table says something of them that may be no longer so.
    return EXIT_TOO_MANY_FAILED if proof.unread or _too_many(config, proof) else EXIT_COMPLETE


def _too_many(config: Config, proof: Completeness) -> str:
    """What too many pages of a complete output are, in words; empty if there are not too many."""
    if proof.failed > config.output.max_failed_fraction * proof.pages:
        return "failed"
    most = config.output.max_noticed_fraction
    return "have notices" if most is not None and proof.noticed > most * proof.pages else ""


def _warnings(report: Report, trouble: RayocrError | None) -> tuple[str, ...]:
    """What to be warned of, each inert: what cut the run off has three lines of its own."""
    told = (trouble.what, trouble.why, trouble.remedy) if trouble else ()
    warnings = ["\n".join(inert(part) for part in told if part)] if trouble else []
    if report.doubled.count:
        example = inert(report.doubled.first[0])
        warnings.append(f"{report.doubled.count:,} documents are there twice, for example {example}")
    if report.unread.count:
        count, example = report.unread.count, inert(report.unread.first[0])
        warnings.append(
            f"{count:,} documents changed and cannot be read now, for example {example}; rows of their older"
            " versions stay"
        )
    if report.orphaned.count:
        example = inert(report.orphaned.first[0])
        count = report.orphaned.count
        warnings.append(f"{count:,} documents with rows are no longer in the source, for example {example}")
    return tuple(warnings)


def write_summary(store: Store, summary: Summary, watch: Stopwatch) -> None:
    """Leave the summary in `runs/`, with the plan and what a probe found."""
    tree = asdict(summary) | {"plan": asdict(watch.plan) if watch.plan else None}
    if watch.probed is not None:
        tree |= {"probe": watch.probed.tree()}
    store.put(f"runs/{summary.run_id}.json", (json.dumps(tree, indent=2, default=str) + "\n").encode())
