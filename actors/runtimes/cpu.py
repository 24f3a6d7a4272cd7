"""What this machine's CPU can compute."""

from __future__ import annotations

from pathlib import Path

_BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""As Linux names them in /proc/cpuinfo; `bf16` is ARM's."""


def cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 numbers; False where that cannot be told."""
    return bool(_BFLOAT16_FLAGS & cpu_flags())


def cpu_flags() -> frozenset[str]:
    """Instruction sets of the first CPU, as Linux names them; empty on another system."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return frozenset()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return frozenset()
