"""What a decoder in its box may use: each figure as the kernel has it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from actors.decoding.child import Decoder
from actors.settings import DecodeConfig

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="the box is Linux's"),
]


def limits(sandbox: str) -> dict[str, str]:
    """Name of each limit to its soft value, of a decoder that has had a document."""
    with Decoder(DecodeConfig(sandbox=sandbox, timeout_s=10)) as decoder:
        list(decoder.pages(b"no picture"))
        lines = Path(f"/proc/{decoder.pid}/limits").read_text().splitlines()[1:]
    return {line[:26].strip(): line[26:].split()[0] for line in lines}


def test_limits_of_a_decoder() -> None:
    inside, outside = limits("auto"), limits("off")
    assert inside["Max open files"] == "64" and inside["Max core file size"] == "0"
    assert inside["Max file size"] == str(16 << 20)
    assert 30 <= int(inside["Max cpu time"]) < 60
    for name in ("Max open files", "Max file size", "Max cpu time"):
        assert outside[name] != inside[name]


def test_who_computes_for_ever_is_ended_without_a_parent() -> None:
    program = "from actors.sandbox.limits import limit_cpu\nlimit_cpu(0.5)\nwhile True: pass"
    done = subprocess.run([sys.executable, "-c", program], timeout=60, check=False)
    assert done.returncode == -signal.SIGXCPU
