"""What a probe measured, and what the plan makes of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pipelines.names import Names
from pipelines.plan import EngineCost

MEMORY_HEADROOM = 1.25
"""The plan counts with so many times the peak that was seen: of a few pages none is the largest one."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """A sample of documents, opened. `documents`: looked at; `failed`: of them, those that gave no page.
    `a_document`: pages that a document has left, on average. CPU seconds a page: `cpu_s` of the decoder and
    of what reads the document, `driver_s` of the latter alone."""

    documents: int
    failed: int
    a_document: float
    cpu_s: float
    driver_s: float


@dataclass(frozen=True, slots=True)
class Recognition:
    """One engine at work, alone, on pages of a sample.

    `pages`: counted ones; `failed`: of the sample's pages, those that gave no text for an error; `warm_up`:
    pages that it had read before. Until it is ready: `start_wall_s`, `start_cpu_s`; what its first batch took
    longer than the same batch the second time: `first_wall_s`, `first_cpu_s`. Of a page: `wall_s`, `cpu_s`
    (of the engine's process, and of making the row), `driver_s` (of that, what was done outside its process),
    `row_bytes` in Parquet. `memory_mb`: peak resident memory of its process, in MiB. `notices`: pages of the
    sample by notice.
    """

    pages: int
    failed: int
    warm_up: int
    start_wall_s: float
    start_cpu_s: float
    first_wall_s: float
    first_cpu_s: float
    wall_s: float
    cpu_s: float
    driver_s: float
    row_bytes: float
    memory_mb: int
    notices: Mapping[str, Names] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CardLoad:
    """So many engines at work on one card at once. `busy`: share of the time in which the card computed
    (0..1), None where its driver does not say; `memory_mb`: most that they took of it together, in MiB,
    beside what others had taken before; None where that is not known."""

    engines: int
    pages_per_second: float
    busy: float | None
    memory_mb: int | None


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of a probe. `device`: "cpu" or "gpu"; `threads` and `batch_pages`: what the engine was
    given; `card`: several engines on it, fewest first, empty on a CPU; `engines_a_card`: of the plan."""

    device: str
    threads: int
    batch_pages: int
    decoding: Decoding
    recognition: Recognition
    card: tuple[CardLoad, ...] = ()
    engines_a_card: int = 1

    @property
    def basis(self) -> str:
        """Where the figures are from, in words."""
        pages = self.recognition.pages
        return f"measured on {pages:,} page{'' if pages == 1 else 's'}"

    def sharing(self, gpus_per_actor: float) -> Measured:
        """The same for a plan that gives each engine this share of a card."""
        engines = int(1 / gpus_per_actor + 1e-6) if gpus_per_actor else 1
        return replace(self, engines_a_card=max(1, engines))

    def cost(self, estimate: EngineCost) -> EngineCost:
        """The estimate, with what was measured in its place."""
        decoding, recognition = self.decoding, self.recognition
        start = recognition.start_cpu_s + recognition.first_cpu_s
        if self.device == "gpu":
            start = recognition.start_wall_s + recognition.first_wall_s
        return replace(
            estimate,
            cpu_s=_rounded(recognition.cpu_s),
            memory_mb=math.ceil(recognition.memory_mb * MEMORY_HEADROOM),
            start_s=_rounded(start),
            gpu_s=self._gpu_s(estimate),
            decode_s=_rounded(decoding.cpu_s),
            driver_s=_rounded(decoding.driver_s + recognition.driver_s),
            row_bytes=max(1, round(recognition.row_bytes)),
            pages=_rounded(decoding.a_document),
            basis=self.basis,
        )

    def _gpu_s(self, estimate: EngineCost) -> float:
        """Seconds a page on a card with as many engines as the plan puts on it, or the next lower number."""
        if self.device != "gpu":
            return estimate.gpu_s
        fitting = [load for load in self.card if load.engines <= self.engines_a_card]
        rate = fitting[-1].pages_per_second if fitting else 1 / self.recognition.wall_s
        return _rounded(1 / rate)


def _rounded(value: float) -> float:
    """Three digits that count; never 0, since the plan divides by it."""
    return max(1e-6, float(f"{value:.3g}"))
