"""The NVIDIA cards of this machine that this process may use, as nvidia-smi lists them; CUDA is not
touched."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_TIMEOUT_S = 20

_CARD = re.compile(r"^GPU (?P<index>\d+): ")
_SLICE = re.compile(r"^\s+MIG (?P<profile>\S+)\s+Device\s+\d+: \(UUID: (?P<uuid>[^)]+)\)")
_GIGABYTES = re.compile(r"(\d+)gb")

_SLICE_MB = 0.95 * 1024
"""MiB of a slice for each GB that its profile names: 4,864 for 1g.5gb, 9,728 for 1g.10gb; larger ones have
more."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A card, or a MIG slice of one. `uuid` as CUDA_VISIBLE_DEVICES takes it; `index`: the card's number, as
    nvidia-smi and Ray count; memory in MiB, None where it is not said."""

    uuid: str
    index: int
    memory_mb: int | None
    is_slice: bool = False


def visible_gpus(environment: Mapping[str, str] = os.environ) -> tuple[Gpu, ...]:
    """What CUDA could use here, in the order of CUDA_VISIBLE_DEVICES; empty without cards or driver. Of a
    card in MIG mode its slices, and nothing if it has none."""
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and not visible.strip():
        return ()
    there = _all_gpus()
    return there if visible is None else _chosen(there, visible.split(","))


def visible_slices(gpus: Sequence[Gpu], environment: Mapping[str, str] = os.environ) -> str | None:
    """The value of CUDA_VISIBLE_DEVICES that a Ray needs for MIG slices, which it finds only by their
    names; None where it needs none, or the environment names them already."""
    if not any(one.is_slice for one in gpus):
        return None
    named = ",".join(one.uuid for one in gpus)
    return None if environment.get("CUDA_VISIBLE_DEVICES") == named else named


def _chosen(there: Sequence[Gpu], names: Sequence[str]) -> tuple[Gpu, ...]:
    """Those that are named, up to the first name of none: CUDA stops there, too."""
    found: list[Gpu] = []
    for name in names:
        one = _named(there, name.strip())
        if one is None:
            break
        if one not in found:
            found.append(one)
    return tuple(found)


def _named(there: Sequence[Gpu], name: str) -> Gpu | None:
    """The card of a number (in MIG mode its first slice), or the one whose uuid begins so."""
    if name.isdigit():
        return next((one for one in there if one.index == int(name)), None)
    return next(
        (one for one in there if name.startswith(("GPU-", "MIG-")) and one.uuid.startswith(name)), None
    )


def _all_gpus() -> tuple[Gpu, ...]:
    found: list[Gpu] = []
    divided = False
    for line in _query().splitlines():
        index, uuid, memory, *mode = [part.strip() for part in line.split(",")]
        divided = divided or mode == ["Enabled"]
        if mode != ["Enabled"]:
            found.append(Gpu(uuid, int(index), int(memory) if memory.isdigit() else None))
    slices = _all_slices() if divided else []
    return tuple(sorted([*found, *slices], key=lambda one: one.index))


def _query() -> str:
    """Number, uuid, memory and MIG mode of each card, a line each. Old drivers know no MIG."""
    for fields in ("index,uuid,memory.total,mig.mode.current", "index,uuid,memory.total"):
        answer = _ask(f"--query-gpu={fields}", "--format=csv,noheader,nounits")
        if answer:
            return answer
    return ""


def _all_slices() -> list[Gpu]:
    found, index = [], -1
    for line in _ask("-L").splitlines():
        if card := _CARD.match(line):
            index = int(card["index"])
        elif part := _SLICE.match(line):
            found.append(Gpu(part["uuid"], index, _slice_mb(part["profile"]), is_slice=True))
    return found


def _slice_mb(profile: str) -> int | None:
    size = _GIGABYTES.search(profile)
    return int(int(size[1]) * _SLICE_MB) if size else None


def _ask(*arguments: str) -> str:
    """What nvidia-smi says; nothing where it is not there, or fails."""
    if not shutil.which("nvidia-smi"):
        return ""
    try:
        answer = subprocess.run(
            ["nvidia-smi", *arguments], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout if answer.returncode == 0 else ""
