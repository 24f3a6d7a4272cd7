"""AMX, the matrix unit of some Intel CPUs: bfloat16 uses it in OpenVINO, int8 must not.

OpenVINO up to 2026.4 dies of SIGSEGV in int8 convolutions of models with free widths, such as all recognition
models, where oneDNN chooses AMX kernels (openvinotoolkit/openvino, issue 37577). oneDNN reads which
instructions it may use once in a process, from its environment.
"""

from __future__ import annotations

import os

from actors.errors import ConfigError
from actors.runtimes import cpu
from actors.runtimes.contracts import Precision

_VARIABLE = "ONEDNN_MAX_CPU_ISA"
_EVERYTHING = "DEFAULT"
_WITHOUT_AMX = "AVX512_CORE_FP16"
"""The largest of oneDNN's sets (dnnl_cpu_isa_t) below AMX; a CPU without FP16 takes what it has of it."""

_SAFE = frozenset({"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2"}) | frozenset(
    {"AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_BF16", _WITHOUT_AMX}
)


def environment(precision: Precision) -> dict[str, str]:
    """Environment of a process whose OpenVINO is to compute in `precision` at full speed."""
    if "amx_int8" not in cpu.cpu_flags():
        return {}
    return {_VARIABLE: _EVERYTHING if precision == "bfloat16" else _WITHOUT_AMX}


def settle(precision: Precision) -> None:
    """Decide for this process, before OpenVINO computes in it, unless its environment has decided already.

    float32 has no use for AMX, so int8 may follow it. bfloat16 that comes second does without.
    Raises ConfigError for int8 where AMX is in use.
    """
    for name, value in environment(precision).items():
        decided = os.environ.setdefault(name, value).upper()
        if precision.startswith("int8") and decided not in _SAFE:
            raise ConfigError(
                "int8 cannot follow bfloat16 in one process on this CPU.",
                f"It has AMX, with which OpenVINO dies in int8 models; {name} is {decided} here.",
                f"Use a process for each engine, or set {name}={_WITHOUT_AMX} before the first one.",
            )
