"""Where the stage functions run: `inline` (child processes, no Ray) or `ray` (Ray Data)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from actors.contracts import DocRef, Receipt
from actors.errors import ConfigError
from pipelines.job import Job
from pipelines.plan import Plan
from pipelines.progress import Progress


class Runner(Protocol):
    """Carries out a plan. Iterating yields a receipt for each file of rows as soon as it is staged."""

    def receipts(self, refs: Sequence[DocRef], job: Job, plan: Plan, progress: Progress) -> Iterator[Receipt]:
        """Work through `refs`. Ends soon when `progress.stop` is set: work that takes longer is left.

        Raises RayocrError where the run cannot go on; what was yielded before holds.
        """
        ...


def open_runner(name: str) -> Runner:
    """The runner of that name: a new one is a module here and a line in this table."""
    from pipelines.runners.inline import InlineRunner

    if name == "inline":
        return InlineRunner()
    if name == "ray":
        from pipelines.runners.ray import RayRunner, is_joined
        from pipelines.runners.ray_process import RayProcessRunner

        return RayRunner() if is_joined() else RayProcessRunner()
    raise ConfigError(f"There is no runner {name}.", "", "Use inline or ray.")
