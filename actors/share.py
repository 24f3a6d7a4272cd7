"""What an engine may take of a card: its share of the memory, less what CUDA takes for itself."""

from __future__ import annotations

from dataclasses import dataclass

from actors.errors import ConfigError
from actors.models.catalogue import find_model
from actors.settings import EngineConfig

CONTEXT_MB = {"onnxruntime": 600, "tensorrt": 900, "paddle": 700, "none": 0}
"""Device memory in MiB that a process takes beside its runtime's arena: CUDA's context, the kernels of
cuDNN and cuBLAS and their workspaces. Estimates that no card has confirmed; what an engine really takes is
in the worker's log and in the run's summary."""

LEAST_MB = 256
"""Below so much for models and pages nothing is begun."""

_ENOUGH = 0.95
"""Part of its share that must be free when an engine starts: a display, or a tool that looks at the card,
takes some of it, and an engine that gets no more memory hands over smaller batches."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """MiB of a card. `needed`: what must be free when an engine starts; `context`: of it for CUDA itself;
    `cap`: what the runtime may take beside, None for an engine that has the card for itself."""

    needed: int
    context: int
    cap: int | None


def runtime_on_card(config: EngineConfig) -> str:
    """The key of CONTEXT_MB for an engine on a card."""
    if config.engine == "fake":
        return "none"
    if find_model(config.model).format == "paddle":
        return "paddle"
    return "tensorrt" if config.tensorrt else "onnxruntime"


def allowance(usable_mb: int, share: float, runtime: str) -> Allowance:
    """What an engine may take with this share of a card (0 < share; from 1 on the card is its own) that can
    give out `usable_mb` MiB. Raises ConfigError for a share that holds no engine."""
    context = CONTEXT_MB[runtime]
    if share >= 1:
        return Allowance(context + LEAST_MB, context, None)
    part = int(usable_mb * share)
    if part - context < LEAST_MB:
        raise ConfigError(
            f"{share:g} of a card of {usable_mb:,} MiB holds no engine.",
            f"It is {part:,} MiB; CUDA takes about {context} of them for each process, and {LEAST_MB} is the "
            "least for models and pages.",
            f"Raise resources.gpus_per_actor to {least_share(usable_mb, runtime):g} or more.",
        )
    return Allowance(int(part * _ENOUGH), context, part - context)


def least_share(usable_mb: int, runtime: str) -> float:
    """The least share of such a card that holds an engine, at most 1."""
    hundredths = -(-100 * (CONTEXT_MB[runtime] + LEAST_MB + 1) // max(1, usable_mb))
    return min(100, hundredths) / 100
