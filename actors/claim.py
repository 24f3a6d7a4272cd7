"""An engine's claim on its card: checked before anything is loaded, capped, and told in one line."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from actors.device import check_visible, cuda_uuid, device_for, hide_cards, order_as_driver
from actors.errors import ConfigError, MemoryLimitError
from actors.gauge import Usage
from actors.inert import InertFormatter
from actors.nvml import Card, CardMemory, CardProcess
from actors.settings import EngineConfig
from actors.share import Allowance, allowance, runtime_on_card

_LOG = logging.getLogger("rayocr.device")

_PATIENCE_S = 15.0
"""How long the memory of a process that just died may take to be free: its successor waits for so long."""

_LOOK_AGAIN_S = 0.5

_MOST_NAMED = 8
"""Neighbours that an error names."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What an engine's process has: `engine`, its settings with the device decided; `device`: the card's
    uuid, or "cpu"; in MiB, None where the driver does not say: `total_mb` and `free_mb` of the card before
    the engine was built, `context_mb`: what CUDA is expected to take for itself, `cap_mb`: what the runtime
    may take, None for no cap."""

    engine: EngineConfig
    device: str = "cpu"
    total_mb: int | None = None
    free_mb: int | None = None
    context_mb: int = 0
    cap_mb: int | None = None

    @property
    def on_card(self) -> bool:
        """Whether the engine computes on a card."""
        return self.device != "cpu"

    def line(self, own_mb: int | None = None) -> str:
        """The claim in one line; `own_mb`: what the process took of the card once its engine was built."""
        if not self.on_card:
            return f"pid {os.getpid()} on {socket.gethostname()}: device cpu, no card is visible"
        return (
            f"pid {os.getpid()} on {socket.gethostname()}: device {self.device}, "
            f"memory total {_mib(self.total_mb)}, free {_mib(self.free_mb)}, "
            f"context {_mib(self.context_mb)} reserved, {_mib(own_mb)} taken with the engine built, "
            f"cap {_mib(self.cap_mb, 'none')}"
        )


@dataclass(frozen=True, slots=True)
class CardUse:
    """Most device memory that an engine was seen to take, in MiB. `engine`: its name, the same after its
    process was replaced; `of_card`: `peak_mb` is what all took of the card, since the driver does not tell
    them apart (in containers)."""

    engine: str
    node: str
    pid: int
    device: str
    total_mb: int | None
    cap_mb: int | None
    peak_mb: int
    of_card: bool = False


def claim_device(
    config: EngineConfig,
    given: Sequence[str],
    share: float,
    patience_s: float = _PATIENCE_S,
    sleep: Callable[[float], None] = time.sleep,
) -> Claim:
    """Claim the device that Ray gave this process: before a library that knows of CUDA is loaded.

    `given`: ids of the GPUs, as Ray names them; `share`: of a card, as the plan has it. A process without a
    GPU is made to see none. Raises ConfigError if it sees another card than its own, has touched CUDA, or
    has a share that holds no engine; MemoryLimitError if the card does not have what the share promises.
    """
    if not given or config.device == "cpu":
        device = device_for(config, given)  # before the cards are hidden: it may refuse
        hide_cards()
        return Claim(device)
    check_visible(given)
    order_as_driver(given)
    config = device_for(config, given)
    card, runtime = Card.open(), runtime_on_card(config)
    memory = card.memory() if card is not None else None
    if card is None or memory is None:
        return _unknown(config, given, share, runtime)
    if card.is_divided():
        raise ConfigError(
            f"GPU {given[0]} is divided into MIG slices, and none of them is named.",
            f"CUDA_VISIBLE_DEVICES is {os.environ.get('CUDA_VISIBLE_DEVICES')} in this worker.",
            "Start Ray with the names of the slices (nvidia-smi -L) in CUDA_VISIBLE_DEVICES, and --num-gpus.",
        )
    allowed = allowance(_mb(memory.total - memory.reserved), share, runtime)
    memory = _with_enough(card, memory, allowed, patience_s, sleep)
    return Claim(
        config, card.uuid() or given[0], _mb(memory.total), _mb(memory.free), allowed.context, allowed.cap
    )


def confirm(claim: Claim) -> None:
    """Once the engine is built: log the claim, and refuse a card that CUDA took and that is not the claimed
    one.

    Raises ConfigError.
    """
    card = Card.open() if claim.on_card else None
    memory = card.memory() if card is not None else None
    _LOG.info(claim.line(_mb(memory.own) if memory is not None and memory.own is not None else None))
    taken = cuda_uuid() if claim.on_card else None
    if taken is not None and claim.device.startswith("GPU-") and taken != claim.device:
        raise ConfigError(
            f"The engine computes on {taken}, and Ray gave {claim.device}.",
            "CUDA counts the cards of this node otherwise than its driver does.",
            "Name cards by their uuid in CUDA_VISIBLE_DEVICES where Ray is started (nvidia-smi -L).",
        )


def log_to_stderr() -> None:
    """Let this process's own log reach its stderr, which Ray keeps in a file a worker."""
    log = logging.getLogger("rayocr")
    if not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(InertFormatter("%(asctime)s %(name)s: %(message)s"))
        log.addHandler(handler)
    log.setLevel(logging.INFO)


def card_use(claim: Claim, engine: str, seen: Usage | None) -> CardUse | None:
    """What was seen of the engine's card; None on a CPU, or where the driver says nothing."""
    if not claim.on_card or seen is None or seen.card_mb is None:
        return None
    return CardUse(
        engine=engine,
        node=socket.gethostname(),
        pid=os.getpid(),
        device=claim.device,
        total_mb=claim.total_mb,
        cap_mb=claim.cap_mb,
        peak_mb=seen.card_mb,
        of_card=not seen.card_is_own,
    )


def higher(before: CardUse | None, now: CardUse) -> CardUse:
    """The latest, with the higher peak of both."""
    if before is None or before.peak_mb <= now.peak_mb:
        return now
    return replace(now, peak_mb=before.peak_mb)


def _unknown(config: EngineConfig, given: Sequence[str], share: float, runtime: str) -> Claim:
    """A card of which the driver's library says nothing: whole it may be used, in parts it may not."""
    if share < 1 and runtime != "none":
        raise ConfigError(
            f"The memory of GPU {given[0]} is not known, so a share of it cannot be kept.",
            "The driver's library (libnvidia-ml.so.1) is not there, or does not answer for this card.",
            "Set resources.gpus_per_actor=1, or give the container the library (NVIDIA_DRIVER_CAPABILITIES).",
        )
    return Claim(config, given[0])


def _with_enough(
    card: Card, memory: CardMemory, allowed: Allowance, patience_s: float, sleep: Callable[[float], None]
) -> CardMemory:
    """The card's memory once enough of it is free. Raises MemoryLimitError if that takes too long."""
    for _ in range(int(patience_s / _LOOK_AGAIN_S)):
        if _mb(memory.free) >= allowed.needed:
            return memory
        sleep(_LOOK_AGAIN_S)
        memory = card.memory() or memory
    if _mb(memory.free) >= allowed.needed:
        return memory
    raise MemoryLimitError(
        f"The card {card.uuid() or ''} has too little free memory for this engine.",
        f"{_mb(memory.free):,} of {_mb(memory.total):,} MiB are free, its share is {allowed.needed:,}; "
        f"on the card are {_neighbours(card.processes())}.",
        "End what else uses the card (nvidia-smi), or lower resources.gpus_per_actor.",
    )


def _neighbours(processes: Sequence[CardProcess]) -> str:
    others = [one for one in processes if one.pid != os.getpid()]
    named = [
        f"pid {one.pid} ({_mib(None if one.used is None else _mb(one.used))})" for one in others[:_MOST_NAMED]
    ]
    more = [f"{len(others) - _MOST_NAMED} more"] if len(others) > _MOST_NAMED else []
    return ", ".join([*named, *more]) or "no processes that the driver names"


def _mb(size: int) -> int:
    return size >> 20


def _mib(value: int | None, unknown: str = "unknown") -> str:
    return unknown if value is None else f"{value:,} MiB"
