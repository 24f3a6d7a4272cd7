"""What the CPU can compute, from what Linux says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.runtimes.cpu import cpu_flags, cpu_has_bfloat16

INTEL = "processor\t: 0\nmodel name\t: X\nflags\t\t: fpu sse avx512f {}\n\nprocessor\t: 1\nflags\t: other\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd {}\nCPU part\t: 0xd4f\n"


@pytest.mark.parametrize(
    ("text", "has"),
    [
        (INTEL.format("avx512_bf16"), True),
        (INTEL.format("amx_bf16 amx_tile"), True),
        (INTEL.format("avx512_vnni"), False),
        (ARM.format("bf16 i8mm"), True),
        (ARM.format("asimddp"), False),
        ("", False),
        ("flags\n", False),
    ],
)
def test_bfloat16_is_told_by_the_first_cpus_flags(
    monkeypatch: pytest.MonkeyPatch, text: str, has: bool
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_arguments: text)
    assert cpu_has_bfloat16() is has


def test_without_proc_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_arguments: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", missing)
    assert cpu_flags() == frozenset()
    assert not cpu_has_bfloat16()
