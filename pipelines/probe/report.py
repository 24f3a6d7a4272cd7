"""What a probe changed: figures that were estimated, and choices that were made with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from pipelines.plan import ENGINE_COSTS, EngineCost, Plan
from pipelines.probe.measured import CardLoad, Measured


@dataclass(frozen=True, slots=True)
class Change:
    """One thing, before and after the probe. `kind`: "figure" or "choice"."""

    kind: str
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Probed:
    """A probe, and the plan that was made without it (`before`) and with it (`now`)."""

    engine: str
    measured: Measured
    before: Plan
    now: Plan

    @property
    def changes(self) -> tuple[Change, ...]:
        """What differs: figures first, then choices."""
        return (*self._figures(), *self._choices())

    def describe(self) -> str:
        """What was done, in a sentence."""
        recognition, decoding = self.measured.recognition, self.measured.decoding
        documents = f"{decoding.documents:,} document{'' if decoding.documents == 1 else 's'}"
        parts = [f"{self.measured.basis} of {documents}, after {recognition.warm_up} to warm up"]
        if decoding.failed:
            parts.append(f"documents that could not be read: {decoding.failed:,}")
        if recognition.failed:
            parts.append(f"pages that could not be recognised: {recognition.failed:,}")
        return "; ".join(parts)

    def loads(self) -> Iterator[str]:
        """A sentence for each number of engines that were tried on the card."""
        for load in self.measured.card:
            yield _sentence(load)

    def notices(self) -> Iterator[str]:
        """A sentence for each notice that pages of the sample have."""
        for code, names in self.measured.recognition.notices.items():
            yield f"{code}: {names.count:,} of the sample's pages: {names.in_a_line}"

    def tree(self) -> dict[str, Any]:
        """The same for programs."""
        changes = [asdict(change) for change in self.changes]
        return {"measured": asdict(self.measured), "changes": changes, "before": asdict(self.before)}

    def _figures(self) -> Iterator[Change]:
        expected = self.before.count("memory_per_actor_mb")
        estimate = replace(ENGINE_COSTS[self.engine], memory_mb=expected)
        measured = self.measured.cost(estimate)
        for name, before, after in zip(_NAMES, _values(estimate), _values(measured), strict=True):
            if before != after:
                yield Change("figure", name, before, after)

    def _choices(self) -> Iterator[Change]:
        for (name, before, _), (_, now, _) in zip(self.before.rows(), self.now.rows(), strict=True):
            if before != now:
                yield Change("choice", name, before, now)


_NAMES = (
    "CPU s to recognise a page",
    "CPU s to read and decode it",
    "s of a card a page",
    "s of the inline driver a page",
    "s to start an engine and warm it up",
    "MiB of an engine, peak and reserve",
    "bytes of a row",
    "pages a document",
)


def _values(cost: EngineCost) -> tuple[str, ...]:
    """In the order of _NAMES."""
    figures = (cost.cpu_s, cost.decode_s, cost.gpu_s, cost.driver_s, cost.start_s)
    return (
        *(f"{figure:g}" for figure in figures),
        str(cost.memory_mb),
        str(cost.row_bytes),
        f"{cost.pages:g}",
    )


def _sentence(load: CardLoad) -> str:
    engines = f"{load.engines} engine{'' if load.engines == 1 else 's'} on the card"
    busy = f", busy {load.busy:.0%} of the time" if load.busy is not None else ""
    memory = f", {load.memory_mb:,} MiB" if load.memory_mb is not None else ""
    return f"{engines}: {load.pages_per_second:.2f} pages/s{busy}{memory}"
