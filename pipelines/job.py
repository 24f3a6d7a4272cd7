"""What every worker of a run must know: settings, identity of the run, and where rows go. Picklable."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from actors.access import Access
from actors.governor import UNLIMITED, MemoryLimits
from actors.rows import Stamp
from actors.settings import DecodeConfig, EngineConfig, LayoutConfig, ModelsConfig
from pipelines.config import Config
from pipelines.plan import Plan


@dataclass(frozen=True, slots=True)
class Job:
    """One run, as its workers see it. `threads`: what an engine computes with; `flush_seconds`: how long
    rows may wait for their file; `file_mb`: its size in MiB at most; `start_timeout_s`: how long engines
    may take to be ready; `memory`: what an engine's process may take.

    Storage options may hold credentials: they are never part of a repr.
    """

    run_id: str
    fingerprint: str
    decode: DecodeConfig
    engine: EngineConfig
    models: ModelsConfig
    threads: int
    page_timeout_s: float
    flush_seconds: float
    file_mb: float
    start_timeout_s: float
    output: str
    access: Access = field(default_factory=Access, repr=False)
    output_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    memory: MemoryLimits = UNLIMITED
    layout: LayoutConfig = field(default_factory=LayoutConfig)

    @property
    def stamp(self) -> Stamp:
        """What all rows of this run share."""
        return Stamp(self.fingerprint, self.run_id, self.layout)


def new_run_id() -> str:
    """A name for a run, or another command that writes: when it began, and what tells it from others."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"


def make_job(config: Config, plan: Plan, run_id: str, fingerprint: str) -> Job:
    """What workers need of a config and its plan."""
    return Job(
        run_id=run_id,
        fingerprint=fingerprint,
        decode=config.decode,
        engine=config.engine,
        models=config.models,
        threads=plan.count("threads"),
        page_timeout_s=config.ocr.timeout_s,
        flush_seconds=config.output.flush_seconds,
        file_mb=config.output.file_mb,
        start_timeout_s=config.resources.actor_start_timeout_s,
        output=config.output.path,
        access=config.source.access(),
        output_options=config.output.storage_options,
        memory=MemoryLimits(
            plan.count("engine_memory_mb"), plan.count("memory_per_actor_mb"), plan.number("gpus_per_actor")
        ),
        layout=config.layout,
    )
