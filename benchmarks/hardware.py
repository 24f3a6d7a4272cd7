"""What figures depend on: processor, cores, memory, cards with their driver, versions, and the date."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

_FIELDS = "name,uuid,memory.total,driver_version"
_TIMEOUT_S = 20


@dataclass(frozen=True)
class CardModel:
    """A card as nvidia-smi lists it; memory in MiB, None where it does not say."""

    name: str
    uuid: str
    memory_mb: int | None
    driver: str


@dataclass(frozen=True)
class Hardware:
    """One machine. `cores`: those that this process may use; `cuda_driver`: the newest CUDA that the cards'
    driver knows (13.0), None without one."""

    processor: str
    cores: int
    memory_gib: int
    system: str
    cards: tuple[CardModel, ...]
    cuda_driver: str | None


def hardware() -> Hardware:
    """This machine. Neither loads nor initialises CUDA."""
    return Hardware(
        processor=processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=memory_gib(),
        system=system(),
        cards=cards(),
        cuda_driver=cuda_driver(),
    )


def processor_facts() -> dict[str, str]:
    """The first processor's lines of /proc/cpuinfo, by name; empty where there is no such file."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return {}
    pairs = [line.partition(":") for line in lines]
    return {key.strip(): value.strip() for key, _, value in reversed(pairs)}


def processor() -> str:
    """The processor's name."""
    return processor_facts().get("model name") or platform.processor() or "unknown processor"


def memory_gib() -> int:
    """The machine's memory in GiB."""
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)


def system() -> str:
    """Kernel and architecture."""
    return f"{platform.system()} {platform.release()}, {platform.machine()}"


def in_a_line() -> str:
    """Architecture, processors and their name."""
    return f"{platform.machine()}, {os.cpu_count()} CPUs, {processor()}"


def now() -> str:
    """Date and time (UTC), to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions(names: Iterable[str]) -> dict[str, str]:
    """Versions of those of these distributions that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def cards() -> tuple[CardModel, ...]:
    """All cards of this machine; none without nvidia-smi, or where it fails."""
    if not shutil.which("nvidia-smi"):
        return ()
    command = ["nvidia-smi", f"--query-gpu={_FIELDS}", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(map(_card, answer.stdout.splitlines())) if answer.returncode == 0 else ()


def cuda_driver() -> str | None:
    """The newest CUDA that the driver knows, as NVML says it; None without a driver, or an old one."""
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    ask = getattr(library, "nvmlSystemGetCudaDriverVersion_v2", None)
    found = ctypes.c_int()
    if ask is None or library.nvmlInit_v2() or ask(ctypes.byref(found)):
        return None
    return f"{found.value // 1000}.{found.value % 1000 // 10}"


def _card(line: str) -> CardModel:
    name, uuid, memory, driver = (part.strip() for part in line.rsplit(",", 3))
    return CardModel(name, uuid, int(memory) if memory.isdigit() else None, driver)
