"""Whoever looks at a run: a terminal, or a program that wants silence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pipelines.plan import Plan
from pipelines.progress import Progress
from pipelines.summary import Summary

if TYPE_CHECKING:
    from pipelines.probe.report import Probed


class View(Protocol):
    """Whoever looks at a run."""

    def say(self, text: str) -> None:
        """One line about what is going on."""
        ...

    def planned(self, plan: Plan, pending: Pending) -> None:
        """The plan, before work starts."""
        ...

    def probed(self, probed: Probed) -> None:
        """What a probe changed in the plan, before that is shown."""
        ...

    def progress(self, documents: int) -> Progress:
        """The progress of so many documents."""
        ...

    def finished(self, summary: Summary) -> None:
        """The end."""
        ...


class Silence:
    """The view of a program: nothing is printed."""

    def say(self, text: str) -> None:
        """See View."""

    def planned(self, plan: Plan, pending: Pending) -> None:
        """See View."""

    def probed(self, probed: Probed) -> None:
        """See View."""

    def progress(self, documents: int) -> Progress:
        """See View."""
        return Progress(documents, quiet=True)

    def finished(self, summary: Summary) -> None:
        """See View."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What is left to do: `documents` of `listed`, `changed` of them with rows of another version; `again`:
    pages that failed and are tried again."""

    listed: int
    documents: int
    changed: int = 0
    again: int = 0

    def describe(self) -> str:
        """The same in words."""
        done = self.listed - self.documents
        parts = [f"{self.documents:,} of {self.listed:,} documents to do"]
        if done:
            parts.append(f"{done:,} done")
        if self.changed:
            parts.append(f"{self.changed:,} changed")
        if self.again:
            parts.append(f"{self.again:,} failed pages again")
        return ", ".join(parts)
