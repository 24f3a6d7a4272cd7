"""The flow through Ray Data, stage by stage:

documents ──read + decode──> pages ──recognise──> rows ──stage──> receipts
tasks                        actor pool           tasks           the driver publishes
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.contracts import DocRef
from actors.transport import documents_to_table
from pipelines.job import Job
from pipelines.plan import TASK_CPUS, Plan
from pipelines.stages import read_and_decode_table, stage_table

if TYPE_CHECKING:
    from ray.data import Dataset

_TASK_RETRIES = 3
"""How often Ray repeats a task whose worker died. Finite, since by default it repeats one for ever."""

_ACTOR_TASK_RETRIES = 10
"""How often Ray replays a batch whose actor died. Each death takes at most one page out of the batch
(see actors.journal), two a killing page, so a batch may hold four of them; and twice it may meet an actor
that leaves for lack of memory (see actors.governor) before it is begun."""


def documents(refs: Sequence[DocRef], plan: Plan) -> Dataset:
    """The listing as a Dataset, in blocks of `plan.documents_per_block`."""
    import ray.data

    size = plan.count("documents_per_block")
    blocks = [documents_to_table(refs[start : start + size]) for start in range(0, len(refs), size)]
    return ray.data.from_arrow(blocks)


def pages(documents: Dataset, job: Job, plan: Plan, opened: Callable[[int], None] | None = None) -> Dataset:
    """Read and decode, in CPU tasks; `opened` is told how many pages of a document are to be done. The cap on
    tasks keeps them from starving the stage step, and keeps this operator from being fused into the actor
    pool."""
    from ray.data import TaskPoolStrategy

    return documents.map_batches(
        partial(read_and_decode_table, job=job, opened=opened),
        batch_format="pyarrow",
        batch_size=None,
        num_cpus=TASK_CPUS,
        compute=TaskPoolStrategy(size=plan.count("decode_tasks")),
        **_remote_options(max_retries=_TASK_RETRIES),
    )


def rows(pages: Dataset, plan: Plan, actor: Callable[..., Any], arguments: dict[str, Any]) -> Dataset:
    """Recognise, in a pool of actors that each own an engine. `actor` is the class, `arguments` its
    constructor's; it is built in the process that Ray gave CPUs, or a share of a card."""
    from ray.data import ActorPoolStrategy

    return pages.map_batches(
        actor,
        fn_constructor_kwargs=arguments,
        batch_format="pyarrow",
        batch_size=plan.count("batch_pages"),
        num_cpus=plan.number("cpus_per_actor"),
        num_gpus=plan.number("gpus_per_actor") or None,
        compute=ActorPoolStrategy(size=plan.count("actors"), max_tasks_in_flight_per_actor=2),
        **_remote_options(max_restarts=-1, max_task_retries=_ACTOR_TASK_RETRIES),
    )


def receipts(rows: Dataset, job: Job, plan: Plan) -> Dataset:
    """Stage rows as whole files, in CPU tasks."""
    from ray.data import TaskPoolStrategy

    return rows.map_batches(
        partial(stage_table, job=job),
        batch_format="pyarrow",
        batch_size=plan.count("rows_per_file"),
        num_cpus=TASK_CPUS,
        compute=TaskPoolStrategy(size=1),
        **_remote_options(max_retries=_TASK_RETRIES),
    )


def _remote_options(**options: int) -> dict[str, int]:
    """Ray's own retry options. `map_batches` takes them until Ray 2.63 and then no longer: every such
    argument passes through here."""
    return options
