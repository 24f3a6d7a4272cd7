"""Small jobs, and each fault at each call of their commands: alone, and with a rival that comes between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.simulation.job import Document, Scenario
from tests.simulation.laws import LawError
from tests.simulation.schedule import run_fault
from tests.simulation.store import FATES

MOST_CALLS = 250
RIVALS: tuple[float | None, ...] = (None, 2.0, 45.0, 65.0)
"""Seconds after which a rival begins: none, one that finds the first at work, and ones that overtake it."""

ALONE = ("fails", "lost", "dies before", "dies after")
OVERTAKEN = ("slow", "late", "late answer", "pause", "dies, late")
"""Faults that last long enough for a rival to take over meanwhile."""

_NEW = Scenario(
    (Document("d0", 1), Document("d1", 3), Document("d2", 2, before="1"), Document("d3", None)),
    rows_a_file=2,
    work_s=8,
)
_CHANGED = Scenario(
    (
        Document("d0", 1, "2", before="1"),
        Document("d1", 3, before="1"),
        Document("d2", 2, "2", before="1"),
    ),
    rows_a_file=2,
    work_s=8,
)
_RETRY = Scenario(
    (
        Document("d0", 1, before="1", failing=(0,), fails=1),
        Document("d1", 3, before="1", failing=(1, 2), fails=1),
        Document("d2", 2, before="1", closed=1),
        Document("d3", 1),
    ),
    rows_a_file=2,
    work_s=8,
    first=("retry",),
    rival=("retry",),
    last=("retry",),
)
_COMPACT = Scenario(
    (
        Document("d0", 1, before="1"),
        Document("d1", 3, before="1"),
        Document("d2", 2, before="1"),
        Document("d3", None, before="1"),
        Document("d4", 3, before="1"),
    ),
    rows_a_file=2,
    work_s=8,
    first=("compact",),
    rival=("compact",),
    last=("run",),
)
_FORGET = Scenario(
    (
        Document("d0", 1, before="1"),
        Document("d1", 3, before="1", left=True),
        Document("d2", 2, "2", before="1"),
        Document("d3", 1),
        Document("d4", 2, before="1", left=True),
    ),
    rows_a_file=2,
    work_s=8,
    first=("forget",),
    rival=("run",),
    last=("forget",),
)
_MORE = (*_COMPACT.documents, Document("d5", 1))
_TWICE = (replace(_RETRY.documents[0], fails=2), *_RETRY.documents[1:])
SCENARIOS = {
    "new, disk": _NEW,
    "new, object store": replace(_NEW, disk=False, same_host=False),
    "changed, disk": replace(_CHANGED, same_host=False),
    "changed, object store": replace(_CHANGED, disk=False, conditional=False),
    "retry, disk": replace(_RETRY, same_host=False),
    "retry, object store": replace(_RETRY, disk=False, rival=("run",)),
    "compact, disk": _COMPACT,
    "compact, object store": replace(_COMPACT, disk=False, same_host=False, conditional=False),
    "compact beside a run": replace(_COMPACT, documents=_MORE, rival=("run",)),
    "run beside a compaction": replace(_COMPACT, documents=_MORE, first=("run",), last=("compact", "run")),
    "retry, then compact": replace(_RETRY, documents=_TWICE, first=("retry", "compact"), last=("careful",)),
    "retry beside a compaction": replace(_RETRY, documents=_TWICE, rival=("compact",), disk=False),
    "care beside a compaction": replace(_RETRY, first=("careful",), rival=("compact",), last=("careful",)),
    "compact beside a retry": replace(_RETRY, first=("compact",), rival=("retry", "compact"), target=4000),
    "forget, disk": replace(_FORGET, rival=("forget",), same_host=False),
    "forget, object store": replace(_FORGET, disk=False),
    "forget beside a compaction": replace(_FORGET, rival=("compact",), disk=False, conditional=False),
    "compact beside a forget": replace(_FORGET, first=("compact", "run"), rival=("forget",), last=("run",)),
    "changed, compact": replace(_CHANGED, first=("run", "compact"), rival=("compact",), same_host=False),
}
IN_CI = (
    "new, disk",
    "changed, object store",
    "retry, disk",
    "compact, disk",
    "compact, object store",
    "compact beside a retry",
    "forget, object store",
)
"""The rest with `python -m tests.simulation --every-call`."""


class CallError(AssertionError):
    """A law was broken by a fault at this call."""

    def __init__(self, number: int, told: str) -> None:
        super().__init__(f"at call {number}: {told}")
        self.number = number


def at_every_call(scenario: str, fate: str, rival_after: float | None, step: int = 1, first: int = 1) -> int:
    """Meet this fate at each call, or each `step`-th; returns how many calls there were. Raises CallError."""
    for number in range(first, MOST_CALLS, step):
        try:
            if not run_fault(SCENARIOS[scenario], number, FATES[fate], rival_after):
                return number - 1
        except LawError as error:
            raise CallError(number, str(error)) from error
    raise AssertionError(f"more than {MOST_CALLS} calls")


def everything() -> Iterator[tuple[str, str, float | None]]:
    """All jobs, faults and rivals."""
    for scenario in SCENARIOS:
        for fate in FATES:
            for rival_after in RIVALS:
                yield scenario, fate, rival_after
