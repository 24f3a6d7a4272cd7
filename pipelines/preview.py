"""What a run would do, and how: the plan of one that is not started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.contracts import DocRef
from pipelines.config import Config
from pipelines.plan import Listing, Plan, make_plan
from pipelines.prepare import check_decoders, check_engine, list_source, machine_of
from pipelines.view import Pending, Silence, View

if TYPE_CHECKING:
    from pipelines.ledger import Ledger
    from pipelines.probe.report import Probed


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
    todo, pending = pending_of(ledger, refs)
    machine, view = machine_of(config.engine), view or Silence()
    plan = make_plan(config, machine, listing_of(todo))
    check_decoders(config.decode, view, always=True)
    for line in left_out:
        view.say(line)
    if config.resources.probe is None:
        return Preview(pending, plan)
    if not todo:
        view.say("nothing is left to do, so nothing was probed")
        return Preview(pending, plan)
    from pipelines.probe import probed_plan

    probed = probed_plan(config, machine, plan, todo, listing_of(todo), view)
    return Preview(pending, probed.now, probed)


def pending_of(ledger: Ledger, refs: Sequence[DocRef]) -> tuple[list[DocRef], Pending]:
    """The documents that lack pages, and what to tell of them."""
    todo = list(ledger.pending(refs))
    return todo, Pending(len(refs), len(todo), len(ledger.changed(refs)))


def listing_of(todo: Sequence[DocRef]) -> Listing:
    """These documents as a plan counts them."""
    return Listing(len(todo), sum(ref.size_bytes or 0 for ref in todo))
